/** URIs of what can go wrong with encrypted payloads, for those few programs that load it. The others are in `uris.ts`. */

/** Autobahn's: an encrypted payload came to a session that has no key for it. */
export const NO_PAYLOAD_CODEC = "wamp.error.no_payload_codec";
/** Autobahn's: a payload could not be decrypted, or was not encrypted and should have been. */
export const DECRYPT_ERROR = "wamp.error.encryption.decrypt_error";
/** Autobahn's: a payload was encrypted for another URI than it came under. */
export const TRUSTED_URI_MISMATCH = "wamp.error.encryption.trusted_uri_mismatch";
