/**
 * One peer of the router: its state machine, its identity once it has joined, and what it holds in the realm.
 * `receive()` is the only way in, and what follows from a message runs to its end before the next one is taken. HOT.
 * Called by transports; calls `join.ts` before, and `realm.route()` after the session is established. [WAMP sessions]
 */
import type { Dict, Hello, Message, RequestType } from "../wamp/message.ts";
import { EMPTY_DICT, Type, typeNames } from "../wamp/message.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import * as uris from "../wamp/uris.ts";
import type { WaitingCall } from "./call_queue.ts";
import type { CallTally } from "./call_tally.ts";
import { DynamicRole } from "./dynamic_role.ts";
import { type Applicant, type Entry, Handshake } from "./handshake.ts";
import type { Gathering } from "./gathering.ts";
import type { InFlight } from "./in_flight.ts";
import { Inbox } from "./inbox.ts";
import type { Invocation } from "./invocation.ts";
import type { Admission, Gate } from "./join.ts";
import { welcomeDetails } from "./join.ts";
import { type Limits, needsInbox } from "./limits.ts";
import { authorizerDetails } from "./meta/session.ts";
import type { Rights, Role } from "./permission.ts";
import { featuresOf, NO_FEATURES } from "./peer_features.ts";
import type { ClosedHow, MessageHandler, Timer, Transport, TransportDetails } from "./ports.ts";
import type { ProgressiveCall } from "./progressive_call.ts";
import { type Claim, claimOf, type Resumption, resumptionOf, take } from "./resumption.ts";
import type { Realm } from "./realm.ts";
import type { Registration } from "./registration.ts";
import type { Router } from "./router.ts";
import type { SlowConsumers } from "./slow_consumers.ts";
import type { SlowTransport } from "./slow_transport.ts";
import type { Subscription } from "./subscription.ts";
import type { Testaments } from "./testament.ts";

/**
 * closed: no session (before HELLO, after GOODBYE); joining: the gate is deciding, or waits for AUTHENTICATE; joined: established;
 * closing: we said GOODBYE and wait for the peer's; gone: aborted or disconnected, nothing is sent any more; serving: the connection was
 * made to take up an earlier session, which its messages go to.
 */
type State = "closed" | "joining" | "joined" | "closing" | "gone" | "serving";

/** A peer that was told GOODBYE gets this long to answer. */
const GOODBYE_TIMEOUT_MS = 5_000;
/** A connection without a session gets this long to say HELLO. */
const HELLO_TIMEOUT_MS = 10_000;

export class Session implements MessageHandler, Applicant {
  /** Set while joined; 0 before. */
  id = 0;
  authid = "";
  admission: Admission | undefined = undefined;
  features = NO_FEATURES;
  /** Of its role, while joined. */
  limits: Limits | undefined = undefined;

  /** What the peer holds. Owned by broker and dealer; here so that they are found without a look-up, made when needed. */
  subscriptions: Set<Subscription> | undefined = undefined;
  registrations: Map<number, Registration> | undefined = undefined;
  /** Calls in flight that this peer made, by its request id. */
  calls: InFlight<Invocation> | undefined = undefined;
  /** Calls of this peer that wait for a callee, by its request id. */
  waitingCalls: Map<number, WaitingCall> | undefined = undefined;
  /** Calls of this peer to all callees of a procedure, by its request id. */
  gatherings: Map<number, Gathering> | undefined = undefined;
  /** Calls of this peer whose last CALL is yet to come, by its request id. */
  progressiveCalls: Map<number, ProgressiveCall> | undefined = undefined;
  /** Invocations in flight that this peer serves, by the dealer's request id. */
  invocations: InFlight<Invocation> | undefined = undefined;
  /** Set while joined, if the role limits calls. */
  tally: CallTally | undefined = undefined;
  /** What is published once the peer has gone. */
  testaments: Testaments | undefined = undefined;
  /** Publications of this peer that wait for the store before they are acknowledged. */
  unconfirmed = 0;
  /** Last request id that the peer used, and that the dealer used towards it. */
  lastRequest = 0;
  /** Ids that the peer left out and may still use. */
  skippedRequests: Set<number> | undefined = undefined;
  lastInvocation = 0;
  /** Set while the peer is not read from, for the sake of a slow consumer. */
  heldBy: SlowConsumers | undefined = undefined;

  /** The connection, or what keeps its messages while the session can be resumed. */
  transport: Transport;
  readonly #connection: Transport;
  readonly #router: Router;
  readonly #gate: Gate;
  #state: State = "closed";
  #realm: Realm | undefined = undefined;
  #role: Rights | undefined = undefined;
  /** Set while joined, for roles whose messages may have to wait. */
  #inbox: Inbox | undefined = undefined;
  /** Of the session that it was last, if that had one. */
  #lastInbox: Inbox | undefined = undefined;
  #timer: Timer | undefined;
  /** What the gate was last asked for. */
  #asked: TransportDetails | undefined = undefined;
  /** Set while joining. */
  #handshake: Handshake | undefined = undefined;
  /** Set while joined, if the role says what becomes of a peer that does not read. */
  #slow: SlowTransport | undefined = undefined;
  /** How many want the peer not to be read from. */
  #pauses = 0;
  /** Set while joined, if the session can be resumed. */
  #resumption: Resumption | undefined = undefined;
  /** The session that this connection serves. */
  #served: Session | undefined = undefined;

  constructor(transport: Transport, gate: Gate, router: Router) {
    this.transport = transport;
    this.#connection = transport;
    this.#gate = gate;
    this.#router = router;
    this.#timer = this.#expectHello();
  }

  /** The role under which the peer joined. Only while it is joined. */
  get role(): Rights {
    if (this.#role === undefined) {
      throw new Error("Cannot tell the role of a session that has not joined");
    }
    return this.#role;
  }

  receive(message: Message): void {
    if (this.#resumption !== undefined && this.#state === "joined") this.#resumption.count();
    this.#receive(message);
  }

  answered(message: Message): void {
    if (this.#state === "serving") this.#taken()?.answered(message);
    else this.#receive(message);
  }

  #receive(message: Message): void {
    try {
      if (this.#state !== "joined") this.#receiveOutside(message);
      else if (this.#inbox === undefined) this.#receiveJoined(message);
      else this.#inbox.take(message);
    } catch (cause) {
      this.#caught(cause, message);
    }
  }

  /** For the inbox: the message goes on. */
  admit(message: Message): void {
    try {
      if (this.#state === "joined") this.#receiveJoined(message);
    } catch (cause) {
      this.#caught(cause, message);
    }
  }

  /** For the inbox: the message is answered with an error, if it has an answer. */
  refuse(message: Message, error: string, text: string): void {
    try {
      this.#realm?.refuse(this, message, error, text);
    } catch (cause) {
      this.#caught(cause, message);
    }
  }

  fail(error: ProtocolError): void {
    if (this.#state === "gone") return;
    if (this.#state === "serving") return this.#taken()?.fail(error);
    const who = this.id === 0 ? "{peer}" : "Session {session}";
    this.#router.log.warn(`${who} broke the protocol: {problem}`, {
      session: this.id,
      peer: this.transport.details.peer,
      problem: error.message,
    });
    this.abort(error.uri, error.message);
  }

  closed(how: ClosedHow): void {
    this.#lost(this.#connection, how);
  }

  send(message: Message): void {
    if (this.#state !== "joined") return;
    this.countSent(message.type);
    this.transport.send(message);
  }

  /** Does not count: see `countSent`. */
  deliver(outgoing: Outgoing): void {
    if (this.#state === "joined") this.transport.deliver(outgoing);
  }

  /** Adds to the realm's statistics. For who delivers, once a fan-out. */
  countSent(type: number, count = 1): void {
    const sent = this.#realm?.sent;
    if (sent !== undefined) sent[type] = (sent[type] ?? 0) + count;
  }

  #countReceived(type: number): void {
    const received = this.#realm?.received;
    if (received !== undefined) received[type] = (received[type] ?? 0) + 1;
  }

  /** Reads nothing from the peer until `resume` was called as often. */
  pause(): void {
    if (this.#pauses++ === 0) this.transport.pause();
  }

  resume(): void {
    if (this.#pauses > 0 && --this.#pauses === 0) this.transport.resume();
  }

  get isJoined(): boolean {
    return this.#state === "joined";
  }

  /** Some caller waits for an answer of this peer. */
  get isServing(): boolean {
    return this.invocations !== undefined && this.invocations.size > 0;
  }

  /** Answers a request with ERROR. @param text for people: first positional argument, as peers' clients show it. */
  sendError(requestType: RequestType, request: number, error: string, text?: string): void {
    const payload = text === undefined ? Payload.EMPTY : Payload.of([text]);
    this.send({ type: Type.ERROR, requestType, request, details: EMPTY_DICT, error, payload });
  }

  /** Calls of this peer that have no final answer yet. */
  get openCalls(): number {
    return (this.calls?.size ?? 0) + (this.waitingCalls?.size ?? 0) + (this.gatherings?.size ?? 0);
  }

  /** It waits for another connection. */
  get isDetached(): boolean {
    return this.#resumption?.transport.isDetached === true;
  }

  /** Of the router's own process. */
  get isInside(): boolean {
    return this.#connection.details.kind === "local";
  }

  /** Ends the session from our side: GOODBYE, then the peer's GOODBYE or a time-out ends the connection. */
  goodbye(reason: string, text?: string): void {
    if (this.#state === "closed" || this.#state === "joining") {
      this.abort(reason, text);
    } else if (this.isDetached) {
      this.#leave("goodbye");
      this.#end();
    } else if (this.#state === "joined") {
      const details = text === undefined ? EMPTY_DICT : { "message": text };
      this.transport.send({ type: Type.GOODBYE, details, reason });
      this.#leave("goodbye");
      this.#state = "closing";
      this.#timer = this.#router.clock.after(GOODBYE_TIMEOUT_MS, () => this.#end());
    }
  }

  /** Ends the session and the connection at once, saying why. */
  abort(reason: string, text?: string, more: Dict = EMPTY_DICT): void {
    if (this.#state === "gone") return;
    const details = text === undefined ? more : { ...more, "message": text };
    this.transport.send({ type: Type.ABORT, details, reason, payload: Payload.EMPTY });
    this.#leave("abort");
    this.#end();
  }

  /** For the handshake: the peer may join. */
  enter({ id, hello, admission, realm, role }: Entry): void {
    this.#handshake = undefined;
    const claim = claimOf(hello.details);
    if (claim !== undefined) return this.#takeUp(claim, admission, realm);
    this.#realm = realm;
    this.id = id;
    this.authid = admission.authid;
    this.admission = admission;
    this.#takeRole(role, realm);
    this.lastRequest = 0;
    this.skippedRequests = undefined;
    this.lastInvocation = 0;
    this.features = this.#router.sharedFeatures(featuresOf(hello));
    this.#state = "joined";
    const resumption = resumptionOf(hello, realm.resumption, this.transport);
    const details = { ...welcomeDetails(admission, realm.hasMetaApi), ...resumption?.offer };
    this.transport.send({ type: Type.WELCOME, session: id, details });
    this.#resumption = resumption;
    if (resumption !== undefined) this.transport = resumption.transport;
    if (role.slowConsumers !== undefined) {
      this.#slow = realm.slowConsumers.transportFor(this, this.transport, role.slowConsumers);
      this.transport = this.#slow;
    }
    realm.joined(this);
  }

  /** For the realm: its role was stopped, started anew or changed. What becomes of slow consumers stays as it was when the session joined. */
  assume(role: Role): void {
    const realm = this.#realm;
    if (this.#state !== "joined" || realm === undefined) return;
    const waiting = this.#inbox?.handOver() ?? [];
    this.limits?.quota?.left(this);
    this.#takeRole(role, realm);
    this.limits?.quota?.joined(this);
    for (const message of waiting) this.#receive(message);
  }

  #takeRole(role: Role, realm: Realm): void {
    this.limits = role.limits;
    const dynamic = this.#dynamic(role, realm);
    this.#role = dynamic ?? role;
    this.#inbox = dynamic === undefined && !needsInbox(role.limits) ? undefined : new Inbox({
      session: this,
      realm,
      clock: this.#router.clock,
      limits: role.limits,
      role: dynamic,
      before: this.#lastInbox,
    });
    this.#lastInbox = this.#inbox;
  }

  /** A fault of ours: this session pays for it, the router goes on. */
  crash(cause: unknown, where = "HELLO or AUTHENTICATE"): void {
    this.#report(cause, where);
    this.abort(uris.RUNTIME_ERROR, "Cannot go on: the router ran into an internal error");
  }

  #receiveJoined(message: Message): void {
    this.#countReceived(message.type);
    switch (message.type) {
      case Type.GOODBYE:
        this.transport.send({
          type: Type.GOODBYE,
          details: EMPTY_DICT,
          reason: uris.GOODBYE_AND_OUT,
        });
        this.#leave("goodbye");
        this.#state = "closed";
        this.#timer = this.#expectHello();
        if (message.reason === uris.CLOSE_LOGOUT) this.#logOut();
        return;
      case Type.ABORT:
        this.#leave("abort");
        this.#end();
        return;
      case Type.HELLO:
      case Type.WELCOME:
      case Type.CHALLENGE:
      case Type.AUTHENTICATE:
      case Type.PUBLISHED:
      case Type.SUBSCRIBED:
      case Type.UNSUBSCRIBED:
      case Type.EVENT:
      case Type.RESULT:
      case Type.REGISTERED:
      case Type.UNREGISTERED:
      case Type.INVOCATION:
      case Type.INTERRUPT:
        throw new ProtocolError(
          `Received ${typeNames.get(message.type)} message after session was established`,
        );
      default:
        this.#realm?.route(this, message);
    }
  }

  /** Who logs out does so in all of the browser's windows. */
  #logOut(): void {
    const { details } = this.#connection;
    this.#gate.loggedOut?.(details);
    if (details.cookie !== undefined) this.#router.logOut(details.cookie, this);
  }

  #receiveOutside(message: Message): void {
    switch (this.#state) {
      case "closed":
        if (message.type === Type.HELLO) return this.#hello(message);
        if (message.type === Type.ABORT) return this.#end();
        throw new ProtocolError(
          `Received ${typeNames.get(message.type)} message before session was established`,
        );
      case "joining":
        if (message.type === Type.AUTHENTICATE) return this.#handshake?.authenticate(message);
        if (message.type === Type.ABORT) return this.#end();
        throw new ProtocolError(
          `Received ${typeNames.get(message.type)} message before WELCOME was sent`,
        );
      case "closing":
        // The peer may have sent these before it saw our GOODBYE.
        if (message.type === Type.GOODBYE || message.type === Type.ABORT) this.#end();
        return;
      case "serving":
        return this.#taken()?.receive(message);
    }
  }

  /** The session's own role, when somebody else decides what it may do. */
  #dynamic(role: Role, realm: Realm): DynamicRole | undefined {
    const { authorizer } = role;
    if (authorizer === undefined) return undefined;
    const { clock, log } = this.#router;
    const details = () => authorizerDetails(this);
    const unsent = (publication: number) => realm.broker.deliveries.received(this, publication);
    return new DynamicRole({ role, authorizer, session: this, details, unsent, clock, log });
  }

  #caught(cause: unknown, message: Message): void {
    if (cause instanceof ProtocolError) this.fail(cause);
    else this.crash(cause, typeNames.get(message.type));
  }

  /** The session that this connection serves; undefined once another does. */
  #taken(): Session | undefined {
    const served = this.#served;
    return served !== undefined && served.#isOver(this.transport) ? served : undefined;
  }

  /** HELLO takes up an earlier session, which goes on over this connection. */
  #takeUp(claim: Claim | string, admission: Admission, realm: Realm): void {
    const session = typeof claim === "string" ? undefined : realm.sessions.get(claim.session);
    const resumption = session === undefined ? undefined : session.#resumption;
    const problem = take(resumption, claim, session?.admission, admission);
    if (session === undefined || problem !== undefined) {
      return this.abort(uris.CANNOT_RESUME, `Cannot resume the session: ${problem}`);
    }
    this.#stopTimer();
    this.#state = "serving";
    this.#served = session;
    // The session is one connection, whatever carries it.
    this.#router.forget(this);
    this.#tellGate(undefined);
    session.#resume(this.transport, realm);
  }

  /** Goes on over another connection. */
  #resume(connection: Transport, realm: Realm): void {
    const { admission } = this;
    const resumption = this.#resumption;
    if (admission === undefined || resumption === undefined) return;
    const { transport } = resumption;
    this.#stopTimer();
    if (transport.isDetached) realm.noLongerDetached();
    else transport.connection.end("The session was resumed over another connection");
    const details = {
      ...welcomeDetails(admission, realm.hasMetaApi),
      "resumed": true,
      ...resumption.offer,
    };
    connection.send({ type: Type.WELCOME, session: this.id, details });
    transport.attach(connection);
    this.#router.log.debug("Session {session} was resumed", () => ({
      session: this.id,
      peer: connection.details.peer,
    }));
  }

  /** A connection is gone: the session with it, unless it is kept or has another. */
  #lost(connection: Transport, how: ClosedHow): void {
    if (this.#state === "gone" || !this.#isOver(connection)) return;
    const served = this.#served;
    if (served !== undefined) {
      this.#state = "gone";
      return served.#lost(connection, how);
    }
    const resumption = this.#resumption;
    if (resumption !== undefined && this.#realm?.detached(this) === true) {
      const end = () => {
        this.#leave(how);
        this.#end();
      };
      resumption.transport.detach(end);
      this.#timer = this.#router.clock.after(resumption.timeoutMs, end);
      return;
    }
    this.#leave(how);
    this.#end();
  }

  /** This is the connection that the session is over now. */
  #isOver(connection: Transport): boolean {
    const own = this.#slow?.inner ?? this.transport;
    return connection === (this.#resumption?.transport.connection ?? own);
  }

  #hello(hello: Hello): void {
    this.#stopTimer();
    this.#state = "joining";
    // Of a session that was resumed it is the later connection.
    this.#tellGate(this.transport.details);
    this.#handshake = new Handshake(hello, this.#gate, this, this.#router);
    this.#handshake.begin();
  }

  /** Gives back all that the session holds in its realm. */
  #leave(how: ClosedHow | "goodbye" | "abort"): void {
    this.#stopTimer();
    if (this.#state !== "joined") return;
    this.#state = "closed";
    const realm = this.#realm;
    this.#realm = undefined;
    this.#inbox?.abandon();
    this.#inbox = undefined;
    if (this.#slow !== undefined) {
      this.#slow.flush();
      this.transport = this.#slow.inner;
      this.#slow = undefined;
    }
    if (this.#pauses > 0) {
      this.#pauses = 0;
      this.transport.resume();
    }
    if (this.#resumption !== undefined) {
      const { isDetached, connection } = this.#resumption.transport;
      if (isDetached) realm?.noLongerDetached();
      this.#resumption = undefined;
      this.transport = connection;
    }
    try {
      realm?.left(this, how);
    } catch (cause) {
      this.#report(cause, "leaving");
    }
    this.id = 0;
    this.limits = undefined;
    this.#role = undefined;
    this.admission = undefined;
  }

  #end(): void {
    this.#stopTimer();
    this.#handshake?.abandon();
    this.#handshake = undefined;
    this.#state = "gone";
    this.transport.end("session ended");
    this.#router.forget(this);
    this.#tellGate(undefined);
  }

  /** It is about to be asked for a connection: an earlier one is of no interest any more. */
  #tellGate(asked: TransportDetails | undefined): void {
    const before = this.#asked;
    this.#asked = asked;
    if (before !== undefined && before !== asked) this.#gate.ended?.(before);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #expectHello(): Timer {
    return this.#router.clock.after(HELLO_TIMEOUT_MS, () => {
      this.abort(
        uris.PROTOCOL_VIOLATION,
        `Cannot keep the connection: no session within ${HELLO_TIMEOUT_MS / 1000} s`,
      );
    });
  }

  #report(cause: unknown, where: string): void {
    this.#router.log.error("Router fault at {where} of session {session}: {error}", {
      where,
      session: this.id,
      error: cause instanceof Error ? cause.stack : String(cause),
    });
  }
}
