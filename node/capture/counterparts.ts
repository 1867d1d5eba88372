/** Which of two runs' messages to compare with each other: those with the same key. */
import { Type } from "../../wamp/message.ts";
import type { WireList } from "./recording.ts";

/** The request that each kind of answer is to. */
const ANSWERS: Readonly<Record<number, number>> = {
  [Type.PUBLISHED]: Type.PUBLISH,
  [Type.SUBSCRIBED]: Type.SUBSCRIBE,
  [Type.UNSUBSCRIBED]: Type.UNSUBSCRIBE,
  [Type.RESULT]: Type.CALL,
  [Type.REGISTERED]: Type.REGISTER,
  [Type.UNREGISTERED]: Type.UNREGISTER,
};

/** @param message in the recording's ids: those of requests are the client's own in both. */
export function counterpartKey([type, first, second]: WireList): string {
  switch (type) {
    case Type.ERROR:
      return `answer ${first} ${second}`;
    case Type.EVENT:
      return `event ${first}`;
    case Type.INVOCATION:
      return `invocation ${second}`;
    case Type.INTERRUPT:
      return `interrupt ${first}`;
    // A session has one at a time of these, and may get another than it got.
    case Type.WELCOME:
    case Type.CHALLENGE:
    case Type.ABORT:
    case Type.GOODBYE:
      return "session";
  }
  const request = typeof type === "number" ? ANSWERS[type] : undefined;
  return request === undefined ? `other ${type}` : `answer ${request} ${first}`;
}
