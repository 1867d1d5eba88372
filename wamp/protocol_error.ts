/** The faults of bytes and messages. Thrown by `codec/` and `parse.ts`; the transport hands them to the session, which aborts. [WAMP protocol_errors] */
import { PROTOCOL_VIOLATION } from "./uris.ts";

/** The peer broke the protocol: its session ends with ABORT. */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
  /** Reason of the ABORT. */
  readonly uri: string;

  /** @param text what was found and what was expected; sent to the peer as `Details.message`. */
  constructor(text: string, uri: string = PROTOCOL_VIOLATION) {
    super(text);
    this.uri = uri;
  }
}

/** Bytes that are no WAMP message: malformed, truncated, trailing, too deep, or of the wrong type at a place of the head. */
export class DecodeError extends ProtocolError {
  override readonly name = "DecodeError";
}
