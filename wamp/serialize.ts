/**
 * A message to bytes: the counterpart of `parse.ts`, once for all codecs. HOT.
 * Called by transports, which put their framing around it. [WAMP messages]
 */
import type { ByteWriter } from "./byte_writer.ts";
import type { Codec } from "./codec/codec.ts";
import { type Dict, EMPTY_DICT, type Message, Type } from "./message.ts";

/** Appends `message` in the bytes of `codec`. */
export function serialize(writer: ByteWriter, codec: Codec, message: Message): void {
  switch (message.type) {
    case Type.EVENT:
      codec.beginMessage(writer, 4 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.subscription);
      codec.writeInteger(writer, message.publication);
      codec.writeDict(writer, message.details);
      codec.writePayload(writer, message.payload);
      break;
    case Type.INVOCATION:
      codec.beginMessage(writer, 4 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.request);
      codec.writeInteger(writer, message.registration);
      codec.writeDict(writer, message.details);
      codec.writePayload(writer, message.payload);
      break;
    case Type.RESULT:
      codec.beginMessage(writer, 3 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.request);
      codec.writeDict(writer, message.details);
      codec.writePayload(writer, message.payload);
      break;
    case Type.YIELD:
      codec.beginMessage(writer, 3 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.request);
      codec.writeDict(writer, message.options);
      codec.writePayload(writer, message.payload);
      break;
    case Type.CALL:
      codec.beginMessage(writer, 4 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.request);
      codec.writeDict(writer, message.options);
      codec.writeString(writer, message.procedure);
      codec.writePayload(writer, message.payload);
      break;
    case Type.PUBLISH:
      codec.beginMessage(writer, 4 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.request);
      codec.writeDict(writer, message.options);
      codec.writeString(writer, message.topic);
      codec.writePayload(writer, message.payload);
      break;
    case Type.ERROR:
      codec.beginMessage(writer, 5 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeInteger(writer, message.requestType);
      codec.writeInteger(writer, message.request);
      codec.writeDict(writer, message.details);
      codec.writeString(writer, message.error);
      codec.writePayload(writer, message.payload);
      break;
    default:
      serializeRare(writer, codec, message);
      return;
  }
  codec.endMessage(writer);
}

type Frequent =
  | typeof Type.EVENT
  | typeof Type.INVOCATION
  | typeof Type.RESULT
  | typeof Type.YIELD
  | typeof Type.CALL
  | typeof Type.PUBLISH
  | typeof Type.ERROR;

function serializeRare(
  writer: ByteWriter,
  codec: Codec,
  message: Exclude<Message, { readonly type: Frequent }>,
): void {
  switch (message.type) {
    case Type.HELLO:
      return fields(writer, codec, message.type, message.realm, message.details);
    case Type.WELCOME:
      return fields(writer, codec, message.type, message.session, message.details);
    case Type.ABORT:
      codec.beginMessage(writer, 3 + message.payload.count);
      codec.writeInteger(writer, message.type);
      codec.writeDict(writer, message.details);
      codec.writeString(writer, message.reason);
      codec.writePayload(writer, message.payload);
      return codec.endMessage(writer);
    case Type.CHALLENGE:
      return fields(writer, codec, message.type, message.authmethod, message.extra);
    case Type.AUTHENTICATE:
      return fields(writer, codec, message.type, message.signature, message.extra);
    case Type.GOODBYE:
      return fields(writer, codec, message.type, message.details, message.reason);
    case Type.PUBLISHED:
      return fields(writer, codec, message.type, message.request, message.publication);
    case Type.SUBSCRIBE:
      return fields(writer, codec, message.type, message.request, message.options, message.topic);
    case Type.SUBSCRIBED:
      return fields(writer, codec, message.type, message.request, message.subscription);
    case Type.UNSUBSCRIBE:
      return fields(
        writer,
        codec,
        message.type,
        message.request,
        message.subscription,
        ...present(message.options),
      );
    case Type.UNSUBSCRIBED:
      return fields(writer, codec, message.type, message.request, ...present(message.details));
    case Type.EVENT_RECEIVED:
      return fields(writer, codec, message.type, message.publication);
    case Type.CANCEL:
    case Type.INTERRUPT:
      return fields(writer, codec, message.type, message.request, message.options);
    case Type.REGISTER:
      return fields(
        writer,
        codec,
        message.type,
        message.request,
        message.options,
        message.procedure,
      );
    case Type.REGISTERED:
      return fields(writer, codec, message.type, message.request, message.registration);
    case Type.UNREGISTER:
      return fields(
        writer,
        codec,
        message.type,
        message.request,
        message.registration,
        ...present(message.options),
      );
    case Type.UNREGISTERED:
      return fields(writer, codec, message.type, message.request, ...present(message.details));
    default:
      message satisfies never;
  }
}

function fields(
  writer: ByteWriter,
  codec: Codec,
  ...values: readonly (number | string | Dict)[]
): void {
  codec.beginMessage(writer, values.length);
  for (const value of values) {
    if (typeof value === "number") codec.writeInteger(writer, value);
    else if (typeof value === "string") codec.writeString(writer, value);
    else codec.writeDict(writer, value);
  }
  codec.endMessage(writer);
}

function present(dict: Dict): readonly Dict[] {
  return dict === EMPTY_DICT ? [] : [dict];
}
