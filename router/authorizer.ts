/**
 * Asking somebody else what a session may do: a procedure or a function gets (session details, uri, action, options) and answers true,
 * false, or `{allow, disclose, cache, validate}`. Anything else, an error, or no answer in time is a failure, which refuses.
 * Called by `dynamic_role.ts`. [WAMP authorization]
 */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import type { Action, Permission } from "./permission.ts";
import { type PayloadCheck, type PayloadChecks, PAYLOADS } from "./payload_check.ts";
import type { Clock, Timer } from "./ports.ts";

/** Answers at once or by a promise, as `docs/extensions.md` says. What it throws is for the log. */
export type Authorize = (session: Dict, uri: string, action: Action, options: Dict) => unknown;

export interface AuthorizerOptions {
  readonly authorize: Authorize;
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** What `validate` of an answer may name. */
  readonly schemas?: ReadonlyMap<string, PayloadCheck>;
}

export interface Question {
  readonly session: Dict;
  readonly uri: string;
  readonly action: Action;
  readonly options: Dict;
}

export interface Decision {
  readonly permission: Permission;
  /** It may be used again. */
  readonly isLasting: boolean;
  /** For the log, when there is no decision. */
  readonly failure?: unknown;
}

const TIMEOUT_MS = 5_000;
const KEYS: readonly string[] = ["allow", "disclose", "cache", "validate"];

/** Calls `done` exactly once: before it returns, when the answer is no promise. Otherwise returns what gives the question up. */
export function ask(
  { authorize, timeoutMs = TIMEOUT_MS, schemas }: AuthorizerOptions,
  question: Question,
  clock: Clock,
  done: (decision: Decision) => void,
): Timer | undefined {
  const { session, uri, action, options } = question;
  const read = (answer: unknown) => decisionOf(answer, question, schemas);
  let answer: unknown;
  try {
    answer = authorize(session, uri, action, options);
  } catch (cause) {
    done(failed(question, cause));
    return undefined;
  }
  if (!(answer instanceof Promise)) {
    done(read(answer));
    return undefined;
  }
  let isOver = false;
  const finish = (decision: Decision) => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    done(decision);
  };
  const timer: Timer = clock.after(
    timeoutMs,
    () => finish(failed(question, new Error(`Found no answer within ${timeoutMs} ms`))),
  );
  answer.then((value) => finish(read(value)), (cause) => finish(failed(question, cause)));
  return {
    cancel: () => {
      isOver = true;
      timer.cancel();
    },
  };
}

function decisionOf(
  answer: unknown,
  question: Question,
  schemas: ReadonlyMap<string, PayloadCheck> = new Map(),
): Decision {
  if (typeof answer === "boolean") {
    return { permission: permission(question, answer, undefined, undefined), isLasting: false };
  }
  const problem = answerProblem(answer);
  if (problem !== undefined || !isDict(answer)) {
    const text = `Cannot use the authorizer's answer: ${problem ?? "expected a dictionary"}`;
    return failed(question, new Error(text));
  }
  const checks = checksOf(answer["validate"], schemas);
  if (checks instanceof Error) return failed(question, checks);
  return {
    permission: permission(question, answer["allow"] === true, answer["disclose"] === true, checks),
    isLasting: answer["cache"] === true,
  };
}

function answerProblem(answer: unknown): string | undefined {
  if (!isDict(answer)) return `found ${kindOf(answer)}, expected true, false or a dictionary`;
  for (const key of Object.keys(answer)) {
    if (!KEYS.includes(key)) {
      return `found key ${JSON.stringify(key.slice(0, 100))}, expected ${KEYS.join(", ")}`;
    }
  }
  if (typeof answer["allow"] !== "boolean") return "expected allow to be true or false";
  for (const key of ["disclose", "cache"]) {
    const value = answer[key] ?? false;
    if (typeof value !== "boolean") return `expected ${key} to be true or false`;
  }
  return undefined;
}

/** The checks that an answer names. */
function checksOf(
  value: unknown,
  schemas: ReadonlyMap<string, PayloadCheck>,
): PayloadChecks | undefined | Error {
  if (value === undefined || value === null) return undefined;
  if (!isDict(value)) {
    return new Error("Cannot use the authorizer's answer: expected validate to be a dictionary");
  }
  const checks: Partial<Record<keyof PayloadChecks, PayloadCheck>> = {};
  for (const [key, name] of Object.entries(value)) {
    const payload = PAYLOADS.find((one) => one === key);
    const check = typeof name === "string" ? schemas.get(name) : undefined;
    if (payload === undefined || check === undefined) {
      return new Error(
        `Cannot use the authorizer's answer: found validate.${key.slice(0, 100)} ${
          JSON.stringify(name)?.slice(0, 100)
        }, expected ${PAYLOADS.join(", ")} with the name of one of the realm's schemas`,
      );
    }
    checks[payload] = check;
  }
  return checks;
}

function permission(
  { uri, action }: Question,
  isAllowed: boolean,
  discloses: boolean | undefined,
  validate: PayloadChecks | undefined,
): Permission {
  const disclose = discloses === true ? true : undefined;
  return {
    uri,
    match: "exact",
    allow: { call: false, register: false, publish: false, subscribe: false, [action]: isAllowed },
    disclose: { caller: disclose, publisher: disclose },
    validate,
  };
}

/** The peer is not told what went wrong inside. */
function failed(question: Question, failure: unknown): Decision {
  const text = `Cannot ${question.action} "${question.uri}": its authorization failed`;
  return {
    permission: { ...permission(question, false, undefined, undefined), failure: text },
    isLasting: false,
    failure,
  };
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : typeof value;
}
