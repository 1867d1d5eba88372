/**
 * What the predefined keys of options and details must look like, per message type.
 * Unknown keys are ignored, as the specification demands; a known key with a wrong value is the sender's mistake, and the
 * receiver decides what it costs: the router answers requests with `wamp.error.invalid_argument`. [WAMP messages: extensibility]
 */
import { isId } from "./id.ts";
import { type Dict, EMPTY_DICT, type Message, Type } from "./message.ts";

/** A predicate with the words for what it expects. */
interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}
type Rules = Readonly<Record<string, Rule>>;

const isText = (value: unknown): value is string => typeof value === "string";
const BOOLEAN: Rule = { expected: "true or false", accepts: (value) => typeof value === "boolean" };
const TEXT: Rule = { expected: "a string", accepts: isText };
const ID: Rule = { expected: "an ID", accepts: isId };
const NATURAL: Rule = {
  expected: "a non-negative integer",
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
const POSITIVE: Rule = {
  expected: "a positive integer",
  accepts: (value) => Number.isSafeInteger(value) && (value as number) > 0,
};
const IDS: Rule = {
  expected: "a list of IDs",
  accepts: (value) => Array.isArray(value) && value.every(isId),
};
const TEXTS: Rule = {
  expected: "a list of strings",
  accepts: (value) => Array.isArray(value) && value.every(isText),
};
const DICT: Rule = { expected: "a dictionary", accepts: isDict };
const FORWARD_FOR: Rule = {
  expected: "a list of dictionaries with session, authid and authrole",
  accepts: (value) => Array.isArray(value) && value.every(isForwarder),
};

function oneOf(...words: readonly string[]): Rule {
  return {
    expected: `one of ${words.map((word) => `"${word}"`).join(", ")}`,
    accepts: (value) => isText(value) && words.includes(value),
  };
}

export function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !ArrayBuffer.isView(value);
}

function isForwarder(value: unknown): boolean {
  return isDict(value) && isId(value["session"]) &&
    (value["authid"] === null || isText(value["authid"])) &&
    (value["authrole"] === null || isText(value["authrole"]));
}

const MATCH = oneOf("exact", "prefix", "wildcard");

/** Payload passthru and payload transparency: on every message that carries a payload. [WAMP payload_passthru_mode] */
const PAYLOAD: Rules = {
  "ppt_scheme": TEXT,
  "ppt_serializer": TEXT,
  "ppt_cipher": TEXT,
  "ppt_keyid": TEXT,
  "enc_algo": {
    expected: `"cryptobox", "mqtt", "xbr" or an x_ name`,
    accepts: (value) => isText(value) && (/^(?:cryptobox|mqtt|xbr)$|^x_/).test(value),
  },
  "enc_serializer": {
    expected: `a serializer's name or an x_ name`,
    accepts: (value) =>
      isText(value) && (/^(?:json|msgpack|cbor|ubjson|flatbuffers|opaque)$|^x_/).test(value),
  },
  "enc_key": TEXT,
};

const PUBLISH: Rules = {
  ...PAYLOAD,
  "acknowledge": BOOLEAN,
  "exclude_me": BOOLEAN,
  "exclude": IDS,
  "exclude_authid": TEXTS,
  "exclude_authrole": TEXTS,
  "eligible": IDS,
  "eligible_authid": TEXTS,
  "eligible_authrole": TEXTS,
  "disclose_me": BOOLEAN,
  "retain": BOOLEAN,
  "x_retain_ms": POSITIVE,
  "x_retain_clear": BOOLEAN,
  "x_acknowledged_delivery": BOOLEAN,
  "x_delivery_timeout_ms": POSITIVE,
  "rkey": TEXT,
  "transaction_hash": TEXT,
  "forward_for": FORWARD_FOR,
};
const SUBSCRIBE: Rules = {
  "match": MATCH,
  "get_retained": BOOLEAN,
  "nkey": TEXT,
  "forward_for": FORWARD_FOR,
};
const EVENT: Rules = {
  ...PAYLOAD,
  "publisher": ID,
  "publisher_authid": TEXT,
  "publisher_authrole": TEXT,
  "topic": TEXT,
  "retained": BOOLEAN,
  "trustlevel": NATURAL,
  "transaction_hash": TEXT,
  "x_acknowledged_delivery": BOOLEAN,
  "forward_for": FORWARD_FOR,
};
const CALL: Rules = {
  ...PAYLOAD,
  "timeout": NATURAL,
  "receive_progress": BOOLEAN,
  "progress": BOOLEAN,
  "disclose_me": BOOLEAN,
  "rkey": TEXT,
  "runmode": oneOf("all", "partition"),
  "transaction_hash": TEXT,
  "forward_for": FORWARD_FOR,
};
const REGISTER: Rules = {
  "match": MATCH,
  "invoke": oneOf("single", "first", "last", "roundrobin", "random"),
  "concurrency": POSITIVE,
  "force_reregister": BOOLEAN,
  "disclose_caller": BOOLEAN,
  "forward_timeout": BOOLEAN,
  "nkey": TEXT,
  "forward_for": FORWARD_FOR,
};
const INVOCATION: Rules = {
  ...PAYLOAD,
  "caller": ID,
  "caller_authid": TEXT,
  "caller_authrole": TEXT,
  "procedure": TEXT,
  "receive_progress": BOOLEAN,
  "progress": BOOLEAN,
  "timeout": NATURAL,
  "trustlevel": NATURAL,
};
const YIELD: Rules = { ...PAYLOAD, "progress": BOOLEAN };
const RESULT: Rules = { ...PAYLOAD, "progress": BOOLEAN };
const CANCEL: Rules = { "mode": oneOf("skip", "kill", "killnowait") };
const HELLO: Rules = {
  "roles": DICT,
  "agent": TEXT,
  "authid": TEXT,
  "authrole": TEXT,
  "authmethods": TEXTS,
  "authextra": DICT,
  "resumable": BOOLEAN,
  "resume-session": ID,
  "resume-token": TEXT,
  "x_resume_received": NATURAL,
  "x_resume_attempt": TEXT,
};

/** What is wrong with the options or details of `message`, naming the key; undefined when nothing is. */
export function optionProblem(message: Message): string | undefined {
  switch (message.type) {
    case Type.PUBLISH:
      return problem("PUBLISH.Options", message.options, PUBLISH);
    case Type.CALL:
      return problem("CALL.Options", message.options, CALL);
    case Type.YIELD:
      return problem("YIELD.Options", message.options, YIELD);
    case Type.SUBSCRIBE:
      return problem("SUBSCRIBE.Options", message.options, SUBSCRIBE);
    case Type.REGISTER:
      return problem("REGISTER.Options", message.options, REGISTER);
    case Type.CANCEL:
      return problem("CANCEL.Options", message.options, CANCEL);
    case Type.EVENT:
      return problem("EVENT.Details", message.details, EVENT);
    case Type.INVOCATION:
      return problem("INVOCATION.Details", message.details, INVOCATION);
    case Type.ERROR:
      return problem("ERROR.Details", message.details, PAYLOAD);
    case Type.RESULT:
      return problem("RESULT.Details", message.details, RESULT);
    case Type.HELLO:
      return problem("HELLO.Details", message.details, HELLO);
    default:
      return undefined;
  }
}

function problem(place: string, dict: Dict, rules: Rules): string | undefined {
  if (dict === EMPTY_DICT) return undefined;
  for (const key in dict) {
    if (!Object.hasOwn(rules, key)) continue;
    const rule = rules[key];
    const value = dict[key];
    // Autobahn|Python writes null for an option that was not given.
    if (rule === undefined || value === null || rule.accepts(value)) continue;
    return `Cannot accept ${place}.${key}: found ${describe(value)}, expected ${rule.expected}`;
  }
  return undefined;
}

/** A value in an error text: short, and its type recognisable. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isDict(value)) return "a dictionary";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
