/** One call of a management procedure: its arguments, each by place or by name as Autobahn's clients give them, and who calls. */
import type { Dict } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { INVALID_ARGUMENT } from "../../wamp/uris.ts";
import { Refusal } from "../worker/refusal.ts";

export interface Caller {
  readonly session: number | undefined;
  readonly authid: string | undefined;
  readonly authrole: string | undefined;
}

export class Request {
  readonly caller: Caller;
  readonly #args: readonly unknown[];
  readonly #kwargs: Dict;

  constructor(args: readonly unknown[], kwargs: Dict, caller: Caller) {
    this.#args = args;
    this.#kwargs = kwargs;
    this.caller = caller;
  }

  text(place: number, name: string): string {
    return this.optionalText(place, name) ?? this.#wrong(place, name, "a string");
  }

  optionalText(place: number, name: string): string | undefined {
    const value = this.#value(place, name);
    if (value === undefined || typeof value === "string") return value;
    return this.#wrong(place, name, "a string");
  }

  dict(place: number, name: string): Dict {
    const value = this.#value(place, name);
    return isDict(value) ? value : this.#wrong(place, name, "a dictionary");
  }

  optionalDict(place: number, name: string): Dict | undefined {
    return this.#value(place, name) === undefined ? undefined : this.dict(place, name);
  }

  /** A whole number, not negative. */
  optionalCount(place: number, name: string): number | undefined {
    const value = this.#value(place, name);
    if (value === undefined) return undefined;
    const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : this.#wrong(place, name, "a whole number from 0");
  }

  flag(place: number, name: string, fallback: boolean): boolean {
    const value = this.#value(place, name) ?? fallback;
    return typeof value === "boolean" ? value : this.#wrong(place, name, "true or false");
  }

  /** Undefined when it is not given. */
  texts(place: number, name: string): readonly string[] | undefined {
    const value = this.#value(place, name);
    if (value === undefined) return undefined;
    const texts = Array.isArray(value) ? value : [];
    if (!Array.isArray(value) || !texts.every((one) => typeof one === "string")) {
      return this.#wrong(place, name, "a list of strings");
    }
    return texts;
  }

  #value(place: number, name: string): unknown {
    return this.#args[place] ?? this.#kwargs[name] ?? undefined;
  }

  #wrong(place: number, name: string, expected: string): never {
    throw new Refusal(
      INVALID_ARGUMENT,
      `Cannot read argument ${place + 1} (${name}): expected ${expected}`,
    );
  }
}
