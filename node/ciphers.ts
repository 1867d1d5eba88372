/**
 * Lists of TLS ciphers in OpenSSL's notation for the runtime at hand. Deno knows names alone, and no groups such as `ECDH+AESGCM`, which many
 * configurations have: there a group becomes the names that it stands for.
 */
import { createSecureContext, getCiphers } from "node:tls";

/** The list as this runtime takes it; undefined when nothing of it is left. */
export function runtimeCiphers(list: string): string | undefined {
  const elements = list.split(/[:, ]+/).filter((element) => element !== "");
  // Deno takes any name that looks like a cipher's.
  const known = getCiphers();
  const isKnown = elements.some((element) =>
    !/^[A-Z0-9]+(-[A-Z0-9]+)+$/i.test(element) || known.includes(element.toLowerCase())
  );
  if (isKnown && isTaken(list)) return list;
  const names = elements.flatMap((element) => namesOf(element, known));
  const expanded = [...new Set(names)].filter(isTaken).join(":");
  return expanded === "" ? undefined : expanded;
}

function isTaken(list: string): boolean {
  try {
    createSecureContext({ ciphers: list });
    return true;
  } catch {
    return false;
  }
}

/** What an element names; nothing for what it forbids: no runtime has anonymous ciphers, MD5 or DSS any more. */
function namesOf(element: string, known: readonly string[]): string[] {
  if (/^[!-]/.test(element)) return [];
  const parts = element.toUpperCase().split("+");
  const tests = parts.map((part) => Object.hasOwn(GROUPS, part) ? GROUPS[part] : undefined);
  const isGroup = tests.every((one) => one !== undefined);
  const found = known.filter((name) =>
    isGroup ? tests.every((one) => one?.test(name)) : name === element.toLowerCase()
  );
  return found.map((name) => name.toUpperCase());
}

/** Of names in lower case; those of TLS 1.3 (`tls_...`) are in no group. */
const GROUPS: Readonly<Record<string, RegExp>> = {
  "ECDH": /^ecdhe-/,
  "ECDHE": /^ecdhe-/,
  "EECDH": /^ecdhe-/,
  "DH": /^dhe-/,
  "DHE": /^dhe-/,
  "EDH": /^dhe-/,
  "RSA": /^(?!tls_)(?!(ecdhe|dhe)-ecdsa).*$/,
  "ECDSA": /^ecdhe-ecdsa-/,
  "AESGCM": /^(?!tls_).*aes(128|256)-gcm/,
  "AES": /^(?!tls_).*aes/,
  "AES128": /^(?!tls_).*aes128/,
  "AES256": /^(?!tls_).*aes256/,
  "CHACHA20": /^(?!tls_).*chacha20/,
  "3DES": /^(?!tls_).*des-cbc3/,
};
