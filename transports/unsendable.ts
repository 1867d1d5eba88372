/**
 * What takes the place of a message that its peer cannot be sent: it is larger than the peer accepts, or its values cannot be encoded.
 * Nobody may wait for an answer that never comes. Called by `peer_transport.ts`. [WAMP rawsocket] [WAMP uri_reference]
 */
import {
  type Abort,
  EMPTY_DICT,
  type ErrorMessage,
  type Message,
  type RequestType,
  Type,
} from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { INVALID_ARGUMENT, PAYLOAD_SIZE_EXCEEDED } from "../wamp/uris.ts";

export type Substitute =
  /** Nobody waits: it is dropped. */
  | { readonly kind: "none" }
  /** The peer waits: it gets this. */
  | { readonly kind: "send"; readonly message: ErrorMessage }
  /** We wait: as if the peer had answered this. */
  | { readonly kind: "receive"; readonly message: ErrorMessage }
  /** The session cannot go on without it: the peer gets this, and the connection ends. */
  | { readonly kind: "end"; readonly message: Abort };

/** @param cause what encoding threw; undefined when the message is too large. */
export function substituteOf(message: Message, cause: unknown): Substitute {
  switch (message.type) {
    case Type.EVENT:
      return { kind: "none" };
    case Type.PUBLISH:
      if (message.options["acknowledge"] !== true) return { kind: "none" };
      return receive(Type.PUBLISH, message.request, cause);
    case Type.RESULT:
      return send(Type.CALL, message.request, cause);
    case Type.YIELD:
      return send(Type.INVOCATION, message.request, cause);
    case Type.ERROR:
      // What comes out of here always fits: the smallest limit is 512 bytes.
      return send(message.requestType, message.request, cause);
    case Type.CALL:
      return receive(Type.CALL, message.request, cause);
    case Type.INVOCATION:
      return receive(Type.INVOCATION, message.request, cause);
    case Type.SUBSCRIBE:
      return receive(Type.SUBSCRIBE, message.request, cause);
    case Type.REGISTER:
      return receive(Type.REGISTER, message.request, cause);
    default:
      return { kind: "end", message: abortOf(cause) };
  }
}

/** Whether further answers to the same request will follow. */
export function isProgress(message: Message): boolean {
  if (message.type === Type.RESULT) return message.details["progress"] === true;
  return message.type === Type.YIELD && message.options["progress"] === true;
}

function send(requestType: RequestType, request: number, cause: unknown): Substitute {
  return { kind: "send", message: errorOf(requestType, request, cause) };
}

function receive(requestType: RequestType, request: number, cause: unknown): Substitute {
  return { kind: "receive", message: errorOf(requestType, request, cause) };
}

function errorOf(requestType: RequestType, request: number, cause: unknown): ErrorMessage {
  return {
    type: Type.ERROR,
    requestType,
    request,
    details: EMPTY_DICT,
    error: cause === undefined ? PAYLOAD_SIZE_EXCEEDED : INVALID_ARGUMENT,
    payload: Payload.of([printable(cause)]),
  };
}

function abortOf(cause: unknown): Abort {
  return {
    type: Type.ABORT,
    details: { "message": `Cannot send a message: ${printable(cause)}` },
    reason: cause === undefined ? PAYLOAD_SIZE_EXCEEDED : INVALID_ARGUMENT,
    payload: Payload.EMPTY,
  };
}

/** Short and of plain characters, so that it fits whatever the limit is. */
function printable(cause: unknown): string {
  return textOf(cause).slice(0, 200).replace(/[^ -~]/g, "?");
}

function textOf(cause: unknown): string {
  if (cause === undefined) return "The message is larger than the peer accepts";
  return cause instanceof Error ? cause.message : String(cause);
}
