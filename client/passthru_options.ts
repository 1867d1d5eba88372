/** `ppt_*` in the options of a request. What cannot be is found out by `envelope.ts`. Handed to the session by `interposing.ts`. */
import type { Passthru } from "./keyring.ts";

export function addPassthru(wire: Record<string, unknown>, passthru: Passthru): void {
  wire["ppt_scheme"] = passthru.scheme;
  if (passthru.serializer !== undefined) wire["ppt_serializer"] = passthru.serializer;
  if (passthru.cipher !== undefined) wire["ppt_cipher"] = passthru.cipher;
  if (passthru.keyId !== undefined) wire["ppt_keyid"] = passthru.keyId;
}
