/**
 * Bytes to a message: the grammar of every message, once, for all codecs. HOT.
 * Strict about the head (types, arity, nothing behind); what an option means is checked by who reads it (`options.ts`).
 * Throws ProtocolError naming the field; called by transports. [WAMP messages]
 */
import type { Decoder } from "./codec/codec.ts";
import { DecodeError, ProtocolError } from "./protocol_error.ts";
import { isId, MAX_ID } from "./id.ts";
import {
  type Dict,
  EMPTY_DICT,
  type Message,
  type RequestType,
  Type,
  typeNames,
} from "./message.ts";

/** Reads the one message in `bytes[start..end)`. Its payload borrows those bytes. */
export function parse(decoder: Decoder, bytes: Uint8Array, start: number, end: number): Message {
  decoder.begin(bytes, start, end);
  const type = decoder.integer("MessageType");
  switch (type) {
    case Type.PUBLISH: {
      const request = id(decoder, "PUBLISH.Request");
      const options = decoder.dict("PUBLISH.Options");
      const topic = decoder.uri("PUBLISH.Topic");
      return { type, request, options, topic, payload: decoder.payload(isOpaque(options)) };
    }
    case Type.CALL: {
      const request = id(decoder, "CALL.Request");
      const options = decoder.dict("CALL.Options");
      const procedure = decoder.uri("CALL.Procedure");
      return { type, request, options, procedure, payload: decoder.payload(isOpaque(options)) };
    }
    case Type.YIELD: {
      const request = id(decoder, "YIELD.Request");
      const options = decoder.dict("YIELD.Options");
      return { type, request, options, payload: decoder.payload(isOpaque(options)) };
    }
    case Type.EVENT: {
      const subscription = id(decoder, "EVENT.Subscription");
      const publication = id(decoder, "EVENT.Publication");
      const details = decoder.dict("EVENT.Details");
      return {
        type,
        subscription,
        publication,
        details,
        payload: decoder.payload(isOpaque(details)),
      };
    }
    case Type.RESULT: {
      const request = id(decoder, "RESULT.Request");
      const details = decoder.dict("RESULT.Details");
      return { type, request, details, payload: decoder.payload(isOpaque(details)) };
    }
    case Type.INVOCATION: {
      const request = id(decoder, "INVOCATION.Request");
      const registration = id(decoder, "INVOCATION.Registration");
      const details = decoder.dict("INVOCATION.Details");
      return { type, request, registration, details, payload: decoder.payload(isOpaque(details)) };
    }
    default:
      return parseRare(decoder, type);
  }
}

/** The messages without payload, or outside the path of calls and events. */
function parseRare(decoder: Decoder, type: number): Message {
  switch (type) {
    case Type.ERROR: {
      const requestType = requestTypeOf(decoder.integer("ERROR.RequestType"));
      const request = id(decoder, "ERROR.Request");
      const details = decoder.dict("ERROR.Details");
      const error = decoder.uri("ERROR.Error");
      return {
        type,
        requestType,
        request,
        details,
        error,
        payload: decoder.payload(isOpaque(details)),
      };
    }
    case Type.ABORT: {
      const details = decoder.dict("ABORT.Details");
      const reason = decoder.uri("ABORT.Reason");
      return { type, details, reason, payload: decoder.payload(false) };
    }
    case Type.SUBSCRIBE:
      return ended(decoder, {
        type,
        request: id(decoder, "SUBSCRIBE.Request"),
        options: decoder.dict("SUBSCRIBE.Options"),
        topic: decoder.uri("SUBSCRIBE.Topic"),
      });
    case Type.UNSUBSCRIBE:
      return ended(decoder, {
        type,
        request: id(decoder, "UNSUBSCRIBE.Request"),
        subscription: id(decoder, "UNSUBSCRIBE.Subscription"),
        options: optionalDict(decoder, "UNSUBSCRIBE.Options"),
      });
    case Type.EVENT_RECEIVED:
      return ended(decoder, { type, publication: id(decoder, "EVENT_RECEIVED.Publication") });
    case Type.CANCEL:
      return ended(decoder, {
        type,
        request: id(decoder, "CANCEL.Request"),
        options: decoder.dict("CANCEL.Options"),
      });
    case Type.REGISTER:
      return ended(decoder, {
        type,
        request: id(decoder, "REGISTER.Request"),
        options: decoder.dict("REGISTER.Options"),
        procedure: decoder.uri("REGISTER.Procedure"),
      });
    case Type.UNREGISTER:
      return ended(decoder, {
        type,
        request: id(decoder, "UNREGISTER.Request"),
        registration: id(decoder, "UNREGISTER.Registration"),
        options: optionalDict(decoder, "UNREGISTER.Options"),
      });
    case Type.HELLO:
      return ended(decoder, {
        type,
        realm: decoder.string("HELLO.Realm"),
        details: decoder.dict("HELLO.Details"),
      });
    case Type.AUTHENTICATE:
      return ended(decoder, {
        type,
        signature: decoder.string("AUTHENTICATE.Signature"),
        extra: decoder.dict("AUTHENTICATE.Extra"),
      });
    case Type.GOODBYE:
      return ended(decoder, {
        type,
        details: decoder.dict("GOODBYE.Details"),
        reason: decoder.uri("GOODBYE.Reason"),
      });
    default:
      return parseReply(decoder, type);
  }
}

/** The messages that only clients receive. */
function parseReply(decoder: Decoder, type: number): Message {
  switch (type) {
    case Type.WELCOME:
      return ended(decoder, {
        type,
        session: id(decoder, "WELCOME.Session"),
        details: decoder.dict("WELCOME.Details"),
      });
    case Type.CHALLENGE:
      return ended(decoder, {
        type,
        authmethod: decoder.string("CHALLENGE.AuthMethod"),
        extra: decoder.dict("CHALLENGE.Extra"),
      });
    case Type.PUBLISHED:
      return ended(decoder, {
        type,
        request: id(decoder, "PUBLISHED.Request"),
        publication: id(decoder, "PUBLISHED.Publication"),
      });
    case Type.SUBSCRIBED:
      return ended(decoder, {
        type,
        request: id(decoder, "SUBSCRIBED.Request"),
        subscription: id(decoder, "SUBSCRIBED.Subscription"),
      });
    case Type.UNSUBSCRIBED:
      return ended(decoder, {
        type,
        request: decoder.integer("UNSUBSCRIBED.Request"),
        details: optionalDict(decoder, "UNSUBSCRIBED.Details"),
      });
    case Type.REGISTERED:
      return ended(decoder, {
        type,
        request: id(decoder, "REGISTERED.Request"),
        registration: id(decoder, "REGISTERED.Registration"),
      });
    case Type.UNREGISTERED:
      return ended(decoder, {
        type,
        request: decoder.integer("UNREGISTERED.Request"),
        details: optionalDict(decoder, "UNREGISTERED.Details"),
      });
    case Type.INTERRUPT:
      return ended(decoder, {
        type,
        request: id(decoder, "INTERRUPT.Request"),
        options: decoder.dict("INTERRUPT.Options"),
      });
    default:
      throw new ProtocolError(
        `Cannot read a message: found message type ${type}, expected one of WAMP's`,
      );
  }
}

/** Evaluated after the fields: object literals evaluate left to right, so the cursor is behind the last one. */
function ended<T extends Message>(decoder: Decoder, message: T): T {
  decoder.end();
  return message;
}

/** IDs are integers from 1 to 2^53. [WAMP ids] */
function id(decoder: Decoder, field: string): number {
  const value = decoder.integer(field);
  if (!isId(value)) {
    throw new DecodeError(
      `Cannot read ${field}: found ${value}, expected an ID from 1 to ${MAX_ID}`,
    );
  }
  return value;
}

function optionalDict(decoder: Decoder, field: string): Dict {
  return decoder.hasMore() ? decoder.dict(field) : EMPTY_DICT;
}

/** Autobahn's payload transparency: with `enc_algo` the payload is one binary value instead of arguments. */
function isOpaque(options: Dict): boolean {
  return options !== EMPTY_DICT && options["enc_algo"] !== undefined;
}

function requestTypeOf(code: number): RequestType {
  switch (code) {
    case Type.PUBLISH:
    case Type.SUBSCRIBE:
    case Type.UNSUBSCRIBE:
    case Type.CALL:
    case Type.REGISTER:
    case Type.UNREGISTER:
    case Type.INVOCATION:
      return code;
    default:
      throw new ProtocolError(
        `Cannot read ERROR.RequestType: found ${
          typeNames.get(code) ?? code
        }, expected the type of a request`,
      );
  }
}
