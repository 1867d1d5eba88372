/// <reference lib="dom" />
/** Fields whose text is read by a parser; what is wrong is shown below the field. */
import { make } from "./dom.ts";
import { InputError } from "./json_text.ts";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** Reads a field. Shows what is wrong with it, or takes that away. Returns undefined when something is. */
export function read<T>(field: Field, parse: (text: string) => T): T | undefined {
  try {
    const value = parse(field.value);
    showProblem(field, undefined);
    return value;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    showProblem(field, error.message);
    return undefined;
  }
}

function showProblem(field: Field, problem: string | undefined): void {
  const id = `${field.id}-problem`;
  document.getElementById(id)?.remove();
  if (problem === undefined) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    return;
  }
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
  field.after(make("p", { id, class: "problem", role: "alert" }, problem));
}
