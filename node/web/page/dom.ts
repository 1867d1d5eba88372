/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Finding and making elements. Text is always set as text: nothing that comes from a realm is ever read as HTML. */

/** The element of `index.html` with this ID, which must be of `type`. */
export function byId<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`Cannot find #${id}: the page has no ${type.name} of that ID`);
}

/** A new element with attributes and children; texts become text nodes. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Sets an element's text only when it differs, so that screen readers and animations are not set off for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
