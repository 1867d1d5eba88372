/**
 * Calls to the shards of a registration: to the one that a resource belongs to, or to all of them. Used by `dealer.ts`. See
 * docs/extensions.md, "Sharding". [WAMP rpc_sharded_registration]
 */
import { type Call, Type } from "../wamp/message.ts";
import * as uris from "../wamp/uris.ts";
import { timeoutOf } from "./call_queue.ts";
import { isPassedThrough } from "./details.ts";
import { invocationDetails } from "./invocation_details.ts";
import type { Invocations } from "./invocation.ts";
import type { Permission } from "./permission.ts";
import type { Callee, Registration } from "./registration.ts";
import type { Session } from "./session.ts";
import { nodeOf } from "./shard.ts";

/** Callees that may not have the call, now or later: other shards, and the link that brought it. Undefined: all may. */
export function notFor(
  caller: Session,
  message: Call,
  { callees }: Registration,
): readonly Session[] | undefined {
  const { rkey } = message.options;
  const others = typeof rkey === "string" ? otherShards(callees, rkey) : undefined;
  return isForwarded(message) ? [...others ?? [], caller] : others;
}

/** The caller is a link, and not to be given the call back. */
export function isForwarded({ options }: Call): boolean {
  return options["forward_for"] !== undefined;
}

/** Sessions of all nodes but the one that the resource belongs to. */
function otherShards(callees: readonly Callee[], resource: string): readonly Session[] {
  const node = nodeOf(callees.map(nodeKey), resource);
  return callees.filter((callee) => nodeKey(callee) !== node).map(({ session }) => session);
}

function nodeKey({ node, session }: Callee): string {
  return node ?? `session ${session.id}`;
}

/** `runmode` "all". */
export function callAll(
  invocations: Invocations,
  session: Session,
  message: Call,
  rule: Permission,
  registration: Registration,
): void {
  const { request, procedure, options, payload } = message;
  if (options["progress"] === true) {
    const text = `Cannot call all callees of "${procedure}" in parts`;
    return session.sendError(Type.CALL, request, uris.FEATURE_NOT_SUPPORTED, text);
  }
  const takesProgress = options["receive_progress"] === true;
  const timeoutMs = timeoutOf(options);
  const gathering = invocations.gather(session, request, takesProgress, timeoutMs);
  for (const callee of registration.callees) {
    if (callee.session === session && isForwarded(message)) continue;
    const { features } = callee.session;
    if (callee.concurrency > 0 && callee.inFlight >= callee.concurrency) {
      gathering.addFailure(uris.MAX_CONCURRENCY_REACHED, "Its concurrency limit is reached");
    } else if (isPassedThrough(options) && !features.passesPayload.callee) {
      const text = "The callee did not announce payload_passthru_mode";
      gathering.addFailure(uris.FEATURE_NOT_SUPPORTED, text);
    } else {
      const wantsProgress = takesProgress && features.canYieldProgress;
      const part = invocations.beginPart(gathering, callee, wantsProgress);
      part.validate = rule.validate;
      callee.session.send({
        type: Type.INVOCATION,
        request: part.id,
        registration: registration.id,
        details: invocationDetails(session, message, rule, callee, wantsProgress, timeoutMs),
        payload,
      });
    }
  }
  gathering.complete();
}
