/**
 * Callees of the far realm for callers of the near one: registers at the near, calls at the far. Progress, cancellation and errors cross
 * with the call; its time limit is kept by the near router, which interrupts. Used by `link.ts`.
 */
import { EMPTY_DICT, type Interrupt, type Invocation, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import * as uris from "../../wamp/uris.ts";
import { crossing, onward, originOf, staysAtHome, wayOf } from "./forwarding.ts";
import type { LinkPeer, Reply, Serving } from "./link_peer.ts";
import { Mirror, type MirrorOptions, type Wanted } from "./mirror.ts";

const URIS = {
  list: uris.REGISTRATION_LIST,
  get: uris.REGISTRATION_GET,
  members: uris.REGISTRATION_LIST_CALLEES,
  sessionGet: uris.SESSION_GET,
  changes: [
    uris.REGISTRATION_ON_CREATE,
    uris.REGISTRATION_ON_REGISTER,
    uris.REGISTRATION_ON_UNREGISTER,
    uris.REGISTRATION_ON_DELETE,
  ],
};

export function callMirror(options: MirrorOptions): Mirror {
  const { near, far } = options;
  return new Mirror({
    what: "registration",
    uris: URIS,
    establish: ({ uri, match, invoke, way }: Wanted) =>
      near.register(
        uri,
        { "match": match, "invoke": invoke, "forward_for": onward(way, far) },
        (invocation) => {
          const { procedure } = invocation.details;
          const isPattern = match !== "exact" && typeof procedure === "string";
          new CrossingCall(near, far, isPattern ? procedure : uri, invocation).begin();
        },
      ),
    withdraw: (id) => near.unregister(id),
    retryAfter: uris.REGISTRATION_ON_DELETE,
  }, options);
}

/** One call on its way from the near realm to the far one and back. */
class CrossingCall implements Serving {
  readonly #near: LinkPeer;
  readonly #far: LinkPeer;
  readonly #procedure: string;
  readonly #invocation: number;
  readonly #first: Invocation;
  /** Of the CALL at the far realm. */
  #request = 0;
  #isOver = false;

  constructor(near: LinkPeer, far: LinkPeer, procedure: string, first: Invocation) {
    this.#near = near;
    this.#far = far;
    this.#procedure = procedure;
    this.#invocation = first.request;
    this.#first = first;
  }

  begin(): void {
    const { details } = this.#first;
    const way = wayOf(details);
    if (staysAtHome(this.#procedure)) {
      return this.#refuse(uris.NO_SUCH_PROCEDURE, "The procedure does not cross links");
    }
    if (way.some(({ session }) => session === this.#far.id)) {
      return this.#refuse(
        uris.UNAVAILABLE,
        "The call has come through the procedure's realm already",
      );
    }
    this.#near.serving.set(this.#invocation, this);
    const options = {
      ...crossing(details),
      ...(details["receive_progress"] === true && { "receive_progress": true }),
      "forward_for": onward(way, this.#near, originOf(details, "caller")),
    };
    this.#request = this.#far.request(
      (request) => this.#call(request, this.#first, options),
      (reply) => this.#answer(reply),
    );
  }

  proceed(more: Invocation): void {
    if (!this.#isOver) this.#far.tell(this.#call(this.#request, more, crossing(more.details)));
  }

  interrupt({ options }: Interrupt): void {
    const mode = options["mode"] === "kill" ? "kill" : "killnowait";
    // Only a callee that is killed is waited for.
    if (mode === "killnowait") this.#end();
    this.#far.tell({ type: Type.CANCEL, request: this.#request, options: { "mode": mode } });
  }

  abandon(): void {
    this.interrupt({ type: Type.INTERRUPT, request: this.#invocation, options: EMPTY_DICT });
  }

  #call(request: number, { details, payload }: Invocation, options: Record<string, unknown>) {
    if (details["progress"] === true) options["progress"] = true;
    return { type: Type.CALL, request, options, procedure: this.#procedure, payload };
  }

  #answer(reply: Reply): void {
    if (this.#isOver) return;
    const request = this.#invocation;
    if (reply.type === Type.RESULT) {
      const hasMore = reply.details["progress"] === true;
      if (!hasMore) this.#end();
      this.#near.tell({
        type: Type.YIELD,
        request,
        options: { ...crossing(reply.details), ...(hasMore && { "progress": true }) },
        payload: reply.payload,
      });
    } else if (reply.type === Type.ERROR) {
      this.#end();
      const { details, error, payload } = reply;
      this.#near.tell({
        type: Type.ERROR,
        requestType: Type.INVOCATION,
        request,
        details: crossing(details),
        error,
        payload,
      });
    }
  }

  #refuse(error: string, text: string): void {
    this.#near.tell({
      type: Type.ERROR,
      requestType: Type.INVOCATION,
      request: this.#invocation,
      details: EMPTY_DICT,
      error,
      payload: Payload.of([text]),
    });
  }

  #end(): void {
    this.#isOver = true;
    this.#near.serving.delete(this.#invocation);
  }
}
