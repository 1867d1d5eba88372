/** The dealer by the words of the specification. Part of `router_model.ts`. */
import type { Dict } from "../../wamp/message.ts";
import type { Match } from "../../wamp/uri.ts";
import type { Wire } from "./fake_transport.ts";
import { nodeOf } from "../../router/shard.ts";
import { type ModelPeer, type RouterModel, TEXT, Unknown, Violation } from "./router_model.ts";
import { identity } from "./router_model_broker.ts";
import {
  isReservedUri,
  isValidPattern,
  isValidUri,
  optionsAreValid,
  passedOn,
} from "./router_model_options.ts";
import { patternMatches, preferred } from "./router_model_patterns.ts";

interface ModelCallee {
  readonly registration: ModelRegistration;
  readonly peer: ModelPeer;
  /** Of its REGISTER. */
  readonly options: Dict;
}

export interface ModelRegistration {
  readonly id: Unknown;
  readonly match: Match;
  readonly pattern: string;
  readonly invoke: string;
  readonly created: number;
  readonly callees: ModelCallee[];
  /** Position of the next callee for roundrobin. */
  next: number;
  readonly waiting: ModelWaiting[];
}

/** A call that waits for a callee. */
interface ModelWaiting {
  readonly caller: ModelPeer;
  readonly request: number;
  readonly since: number;
  readonly registration: ModelRegistration;
  readonly invoke: (callee: ModelCallee, waited: number) => void;
  timer?: ReturnType<RouterModel["after"]>;
}

/** One call that its callee still works on. */
export interface ModelCall {
  /** Undefined once the caller has its answer, or has gone. */
  caller: ModelPeer | undefined;
  readonly request: number;
  callee: ModelCallee;
  /** Request id of the INVOCATION. */
  readonly id: number;
  readonly wantsProgress: boolean;
  readonly timeout: number;
  timer: ReturnType<RouterModel["after"]> | undefined;
  isInterrupted: boolean;
  /** Set when its callee may decline it. */
  readonly rerouting: ModelRerouting | undefined;
  /** Set when it is part of a call to all callees; it has no caller then. */
  readonly gathering?: ModelGathering;
}

/** A call to all callees of a registration. */
interface ModelGathering {
  readonly caller: ModelPeer;
  readonly request: number;
  readonly wantsProgress: boolean;
  /** In order of registration: a call that goes on, or its answer; undefined where that went on in progress. */
  readonly parts: (ModelCall | Dict | undefined)[];
  timer: ReturnType<RouterModel["after"]> | undefined;
  isClosed: boolean;
}

interface ModelRerouting {
  readonly asked: readonly ModelPeer[];
  /** Somebody else could take it. */
  readonly canGoOn: boolean;
  hasProgressed: boolean;
  readonly procedure: string;
  /** It stays with the shards of this resource's node. */
  readonly rkey: unknown;
  /** Gives the call to another. */
  readonly again: (callee: ModelCallee, asked: readonly ModelPeer[]) => void;
}

/** A call in parts, until its last part comes. */
export interface ModelUpload {
  readonly request: number;
  readonly procedure: string;
  /** Undefined when it was refused. */
  call?: ModelCall;
  registration?: Unknown;
  /** Of the INVOCATION, without `progress`. */
  details?: Dict;
}

/** Arguments as a gathered result has them. */
function valuesOf([args = [], kwargs = {}]: readonly unknown[]): Dict {
  return { "args": args, "kwargs": kwargs };
}

/** A callee without a node key is a node of its own. */
function nodeKey({ peer, options }: ModelCallee): string {
  return (options["nkey"] ?? `session ${peer.session.value}`) as string;
}

/** Callees that a resource does not belong to. */
function otherShards({ callees }: ModelRegistration, resource: string): ModelPeer[] {
  const node = nodeOf(callees.map(nodeKey), resource);
  return callees.filter((one) => nodeKey(one) !== node).map(({ peer }) => peer);
}

/** URIs enough for every rule and pattern of the simulator to tell them apart. */
const UNIVERSE = universe(["a", "b", "ab", "ba", "x"], 4);

function universe(names: readonly string[], depth: number): string[] {
  if (depth === 0) return [];
  const behind = universe(names, depth - 1);
  return names.flatMap((name) => [name, ...behind.map((one) => `${name}.${one}`)]);
}

const BUSY = "crossbar.error.max_concurrency_reached";

export class DealerModel {
  readonly registrations: ModelRegistration[] = [];
  readonly calls: ModelCall[] = [];
  readonly gatherings: ModelGathering[] = [];
  readonly #model: RouterModel;

  constructor(model: RouterModel) {
    this.#model = model;
  }

  register(peer: ModelPeer, request: number, options: Dict, pattern: string): void {
    const model = this.#model;
    const refuse = (error: string) => model.sendError(peer, 64, request, error);
    if (!optionsAreValid(options)) return refuse("wamp.error.invalid_argument");
    const match = (options["match"] ?? "exact") as Match;
    if (!isValidPattern(match, pattern)) return refuse("wamp.error.invalid_uri");
    if (isReservedUri(pattern) && peer.authrole !== "trusted") {
      return refuse("wamp.error.invalid_uri");
    }
    if (!model.permission(peer, pattern).allow("register")) {
      return refuse("wamp.error.not_authorized");
    }
    const isBeyond = (uri: string) =>
      patternMatches(match, pattern, uri) && !model.permission(peer, uri).allow("register");
    if (match !== "exact" && UNIVERSE.some(isBeyond)) return refuse("wamp.error.not_authorized");
    const invoke = (options["invoke"] ?? "single") as string;
    const find = () =>
      this.registrations.find((one) => one.match === match && one.pattern === pattern);
    if (options["force_reregister"] === true) {
      const old = find();
      for (const { peer: callee } of [...old?.callees ?? []]) {
        if (old === undefined) break;
        this.revoke(callee, old, TEXT);
      }
    }
    let registration = find();
    if (registration !== undefined) {
      const serves = registration.callees.some((callee) => callee.peer === peer);
      if (registration.invoke === "single" || serves) {
        return refuse("wamp.error.procedure_already_exists");
      }
      if (registration.invoke !== invoke) {
        return refuse("wamp.error.procedure_exists_with_different_invocation_policy");
      }
    }
    const isNew = registration === undefined;
    if (registration === undefined) {
      const id = new Unknown("registration");
      registration = {
        id,
        match,
        pattern,
        invoke,
        created: model.now,
        callees: [],
        next: 0,
        waiting: [],
      };
      this.registrations.push(registration);
    }
    const callee: ModelCallee = { peer, options, registration };
    registration.callees.push(callee);
    for (const call of this.calls) {
      const { registration: before } = call.callee;
      const isOfThis = before.match === match && before.pattern === pattern;
      if (call.callee.peer === peer && isOfThis) call.callee = callee;
    }
    peer.registrations.push(registration);
    model.send(peer, "REGISTERED", request, registration.id);
    if (isNew) model.meta.registrationCreated(peer, registration);
    model.meta.announce("wamp.registration.on_register", [peer.session, registration.id]);
    this.#serveWaiting(registration);
  }

  unregister(peer: ModelPeer, request: number, id: number): void {
    const registration = peer.registrations.find((one) => one.id.value === id);
    if (registration === undefined) {
      return this.#model.sendError(peer, 66, request, "wamp.error.no_such_registration");
    }
    this.#model.send(peer, "UNREGISTERED", request);
    this.#remove(peer, registration);
  }

  /** False: the peer has no such registration. */
  revoke(peer: ModelPeer, registration: ModelRegistration, reason: unknown): boolean {
    if (!registration.callees.some((callee) => callee.peer === peer)) return false;
    if (peer.announces("callee", "registration_revocation")) {
      const details = { "registration": registration.id, ...(reason ? { "reason": reason } : {}) };
      this.#model.send(peer, "UNREGISTERED", 0, details);
    }
    this.#remove(peer, registration);
    return true;
  }

  /** The registration that takes calls of a procedure. */
  best(procedure: string): ModelRegistration | undefined {
    const candidates = isReservedUri(procedure)
      ? this.registrations.filter((one) => one.match === "exact")
      : this.registrations;
    return preferred(candidates, procedure);
  }

  call(
    peer: ModelPeer,
    request: number,
    options: Dict,
    procedure: string,
    payload: readonly unknown[],
  ): void {
    const model = this.#model;
    const refuse = (error: string) => model.sendError(peer, 48, request, error);
    if (!optionsAreValid(options)) return refuse("wamp.error.invalid_argument");
    let upload: ModelUpload | undefined;
    if (options["progress"] === true) {
      if (!peer.announces("caller", "progressive_call_invocations")) throw new Violation();
      upload = { request, procedure };
      peer.uploads.push(upload);
    }
    if (!isValidUri(procedure)) return refuse("wamp.error.invalid_uri");
    const permission = model.permission(peer, procedure);
    if (!permission.allow("call")) return refuse("wamp.error.not_authorized");
    const registration = this.best(procedure);
    if (registration === undefined) {
      if (model.meta.call(peer, request, procedure, payload)) return;
      return refuse("wamp.error.no_such_procedure");
    }
    if (options["disclose_me"] === true && permission.disclose.caller === false) {
      return refuse("wamp.error.option_disallowed.disclose_me");
    }
    if (options["ppt_scheme"] && !peer.announces("caller", "payload_passthru_mode")) {
      throw new Violation();
    }
    const timeout = (options["timeout"] ?? 0) as number;
    const { rkey, runmode } = options;
    if (runmode === "all") {
      return this.#callAll(peer, request, options, procedure, payload, registration);
    }
    if (runmode === "partition" && rkey === undefined) return refuse("wamp.error.invalid_argument");
    if (typeof rkey === "string") {
      const shard = this.#choose(registration, otherShards(registration, rkey));
      if (shard === undefined) return refuse(BUSY);
      return this.#invoke({
        peer,
        request,
        options,
        procedure,
        payload,
        callee: shard,
        timeout,
        upload,
      });
    }
    const invoke = (callee: ModelCallee, waited: number) => {
      const left = timeout === 0 ? 0 : Math.max(1, timeout - waited);
      this.#invoke({ peer, request, options, procedure, payload, callee, timeout: left, upload });
    };
    const callee = this.#choose(registration);
    if (callee !== undefined) return invoke(callee, 0);
    const { limit = 0, timeoutMs = 60_000 } = model.options.callQueue ?? {};
    const { waiting } = registration;
    if (upload !== undefined || waiting.length >= limit) return refuse(BUSY);
    const one: ModelWaiting = { caller: peer, request, since: model.now, registration, invoke };
    waiting.push(one);
    const isItsOwn = timeout > 0 && timeout <= timeoutMs;
    one.timer = model.after(isItsOwn ? timeout : timeoutMs, () => {
      this.#refuse(one, isItsOwn ? "wamp.error.timeout" : BUSY);
    });
  }

  #invoke(
    { peer, request, options, procedure, payload, callee, timeout, upload, asked = [] }: {
      peer: ModelPeer;
      request: number;
      options: Dict;
      procedure: string;
      payload: readonly unknown[];
      callee: ModelCallee;
      timeout: number;
      upload: ModelUpload | undefined;
      asked?: readonly ModelPeer[];
    },
  ): void {
    const model = this.#model;
    const { registration } = callee;
    const permission = model.permission(peer, procedure);
    const refuse = (error: string) => model.sendError(peer, 48, request, error);
    const canTakeParts = callee.peer.announces("callee", "progressive_call_invocations") &&
      callee.peer.announces("callee", "call_canceling");
    if (upload !== undefined && !canTakeParts) return refuse("wamp.error.feature_not_supported");
    if (options["ppt_scheme"] && !callee.peer.announces("callee", "payload_passthru_mode")) {
      return refuse("wamp.error.feature_not_supported");
    }
    const isDisclosed = permission.disclose.caller !== false &&
      (permission.disclose.caller === true || callee.options["disclose_caller"] === true ||
        options["disclose_me"] === true);
    const wantsProgress = options["receive_progress"] === true &&
      callee.peer.announces("callee", "progressive_call_results") &&
      callee.peer.announces("callee", "call_canceling");
    const forwards = callee.options["forward_timeout"] === true;
    const deadline = model.now + timeout;
    const rerouting = {
      asked: [...asked, callee.peer],
      canGoOn: upload === undefined && registration.callees.length > asked.length + 1,
      hasProgressed: false,
      procedure,
      rkey: options["rkey"],
      again: (next: ModelCallee, soFar: readonly ModelPeer[]) => {
        const left = timeout === 0 ? 0 : Math.max(1, deadline - model.now);
        const rest = { peer, request, options, procedure, payload, upload: undefined };
        this.#invoke({ ...rest, callee: next, timeout: left, asked: soFar });
      },
    };
    const call: ModelCall = {
      rerouting: callee.peer.announces("callee", "call_reroute") ? rerouting : undefined,
      caller: peer,
      request,
      callee,
      id: ++callee.peer.lastInvocation,
      wantsProgress,
      timeout: forwards ? 0 : timeout,
      timer: undefined,
      isInterrupted: false,
    };
    this.calls.push(call);
    this.#startTimer(call);
    const details = {
      ...passedOn(options),
      ...(registration.match === "exact" ? {} : { "procedure": procedure }),
      ...(wantsProgress ? { "receive_progress": true } : {}),
      ...(forwards && timeout > 0 ? { "timeout": timeout } : {}),
      ...(isDisclosed ? identity("caller", peer) : {}),
      ...permission.trust,
    };
    if (upload !== undefined) {
      upload.call = call;
      upload.registration = registration.id;
      upload.details = details;
    }
    const sent = upload === undefined ? details : { ...details, "progress": true };
    model.slow.called(callee.peer);
    model.send(callee.peer, "INVOCATION", call.id, registration.id, sent, ...payload);
  }

  #callAll(
    peer: ModelPeer,
    request: number,
    options: Dict,
    procedure: string,
    payload: readonly unknown[],
    registration: ModelRegistration,
  ): void {
    const model = this.#model;
    if (options["progress"] === true) {
      return model.sendError(peer, 48, request, "wamp.error.feature_not_supported");
    }
    const permission = model.permission(peer, procedure);
    const takesProgress = options["receive_progress"] === true;
    const timeout = (options["timeout"] ?? 0) as number;
    const parts: ModelGathering["parts"] = [];
    const gathering: ModelGathering = {
      caller: peer,
      request,
      wantsProgress: takesProgress,
      parts,
      timer: undefined,
      isClosed: false,
    };
    this.gatherings.push(gathering);
    if (timeout > 0) {
      gathering.timer = model.after(timeout, () => {
        this.#endGathering(gathering, "wamp.error.timeout");
        model.sendError(peer, 48, request, "wamp.error.timeout");
      });
    }
    for (const callee of registration.callees) {
      const limit = (callee.options["concurrency"] ?? Infinity) as number;
      const inFlight = this.calls.filter((call) => call.callee === callee).length;
      const canPass = !options["ppt_scheme"] ||
        callee.peer.announces("callee", "payload_passthru_mode");
      if (inFlight >= limit || !canPass) {
        const error = inFlight >= limit ? BUSY : "wamp.error.feature_not_supported";
        parts.push({ "error": error, "args": [TEXT] });
        continue;
      }
      const wantsProgress = takesProgress &&
        callee.peer.announces("callee", "progressive_call_results") &&
        callee.peer.announces("callee", "call_canceling");
      const forwards = callee.options["forward_timeout"] === true;
      const isDisclosed = permission.disclose.caller !== false &&
        (permission.disclose.caller === true || callee.options["disclose_caller"] === true ||
          options["disclose_me"] === true);
      const call: ModelCall = {
        caller: undefined,
        request,
        callee,
        id: ++callee.peer.lastInvocation,
        wantsProgress,
        timeout: 0,
        timer: undefined,
        isInterrupted: false,
        rerouting: undefined,
        gathering,
      };
      this.calls.push(call);
      parts.push(call);
      const details = {
        ...passedOn(options),
        ...(registration.match === "exact" ? {} : { "procedure": procedure }),
        ...(wantsProgress ? { "receive_progress": true } : {}),
        ...(forwards && timeout > 0 ? { "timeout": timeout } : {}),
        ...(isDisclosed ? identity("caller", peer) : {}),
        ...permission.trust,
      };
      model.slow.called(callee.peer);
      model.send(callee.peer, "INVOCATION", call.id, registration.id, details, ...payload);
    }
    this.#answerGathering(gathering);
  }

  /** What one callee says to a call to all. @param entry its place in the final result. */
  #gathered(call: ModelCall, entry: Dict | undefined): void {
    const { gathering } = call;
    if (gathering === undefined || gathering.isClosed) return;
    const at = gathering.parts.indexOf(call);
    if (at < 0) return;
    gathering.parts[at] = entry;
    this.#answerGathering(gathering);
  }

  #answerGathering(gathering: ModelGathering): void {
    const { parts, caller, request } = gathering;
    if (parts.some((part) => part !== undefined && "callee" in part)) return;
    this.#closeGathering(gathering);
    const entries = parts.filter((part) => part !== undefined);
    this.#model.send(caller, "RESULT", request, {}, [entries]);
  }

  #closeGathering(gathering: ModelGathering): void {
    gathering.isClosed = true;
    this.#model.cancel(gathering.timer);
    this.gatherings.splice(this.gatherings.indexOf(gathering), 1);
  }

  #endGathering(gathering: ModelGathering, reason: string): void {
    this.#closeGathering(gathering);
    for (const part of gathering.parts) {
      if (part !== undefined && "callee" in part) this.#giveUp(part as ModelCall, reason);
    }
  }

  #cancelGathering(gathering: ModelGathering, mode: unknown): void {
    const { caller, request, parts } = gathering;
    if (mode === "kill") {
      for (const part of [...parts]) {
        if (part === undefined || !("callee" in part)) continue;
        const call = part as ModelCall;
        if (!call.callee.peer.announces("callee", "call_canceling")) {
          this.#gathered(call, { "error": "wamp.error.canceled", "args": [TEXT], "kwargs": {} });
        } else if (!call.isInterrupted) this.#interrupt(call, "kill", "wamp.error.canceled");
      }
      return;
    }
    if (mode === "skip") this.#closeGathering(gathering);
    else this.#endGathering(gathering, "wamp.error.canceled");
    this.#model.sendError(caller, 48, request, "wamp.error.canceled");
  }

  /** A CALL under a request id that was used before. False: it continues nothing. */
  continue(peer: ModelPeer, wire: Wire): boolean {
    const [, request, options, procedure, ...payload] = wire as [string, number, Dict, string];
    const upload = peer.uploads.find((one) => one.request === request);
    if (upload === undefined) return false;
    const progress = options["progress"] ?? false;
    if (upload.procedure !== procedure || typeof progress !== "boolean") throw new Violation();
    if (!progress) peer.uploads = peer.uploads.filter((one) => one !== upload);
    const { call, details, registration } = upload;
    if (call?.caller === undefined || call.isInterrupted || !this.calls.includes(call)) return true;
    const sent = progress ? { ...details, "progress": true } : details;
    this.#model.send(call.callee.peer, "INVOCATION", call.id, registration, sent, ...payload);
    return true;
  }

  yield(peer: ModelPeer, id: number, options: Dict, payload: readonly unknown[]): void {
    const call = this.#invocation(peer, id);
    if (call === undefined) return;
    if (!optionsAreValid(options)) throw new Violation();
    if (options["ppt_scheme"]) {
      if (!peer.announces("callee", "payload_passthru_mode")) throw new Violation();
      if (call.caller?.announces("caller", "payload_passthru_mode") === false) {
        this.#answer(call, "wamp.error.feature_not_supported");
        if (options["progress"] === true) this.#giveUp(call, "wamp.error.feature_not_supported");
        else this.#finish(call);
        return;
      }
    }
    const { caller } = call;
    if (call.gathering !== undefined) return this.#yieldPart(call, options, payload);
    if (options["progress"] === true) {
      if (caller === undefined || !call.wantsProgress) return;
      if (call.rerouting !== undefined) call.rerouting.hasProgressed = true;
      this.#startTimer(call);
      const details = { ...passedOn(options), "progress": true };
      return this.#model.send(caller, "RESULT", call.request, details, ...payload);
    }
    this.#finish(call);
    if (caller !== undefined) {
      this.#model.send(caller, "RESULT", call.request, passedOn(options), ...payload);
    }
  }

  #yieldPart(call: ModelCall, options: Dict, payload: readonly unknown[]): void {
    const isProgress = options["progress"] === true;
    if (!isProgress) this.#finish(call);
    const { gathering } = call;
    if (gathering === undefined || gathering.isClosed) return;
    const { caller, request, wantsProgress } = gathering;
    const isOpaque = Boolean(options["ppt_scheme"]);
    const canPass = wantsProgress && caller.announces("caller", "payload_passthru_mode");
    if (isOpaque && !canPass) {
      const error = "wamp.error.feature_not_supported";
      if (!isProgress) this.#gathered(call, { "error": error, "args": [TEXT], "kwargs": {} });
      return;
    }
    if (wantsProgress) {
      const details = { ...passedOn(options), "progress": true };
      this.#model.send(caller, "RESULT", request, details, ...payload);
    }
    if (!isProgress) this.#gathered(call, wantsProgress ? undefined : valuesOf(payload));
  }

  error(peer: ModelPeer, wire: Wire): void {
    const [, type, id, details, error, ...payload] = wire;
    if (type !== 68 || !isValidUri(error as string)) throw new Violation();
    if (!optionsAreValid(details as Dict)) throw new Violation();
    const call = this.#invocation(peer, id as number);
    if (call === undefined) return;
    this.#finish(call);
    if (call.gathering !== undefined) {
      this.#gathered(call, { "error": error, ...valuesOf(payload) });
    }
    if (call.caller === undefined) return;
    const isDeclined = error === "wamp.error.unavailable" && !call.isInterrupted;
    if (isDeclined && call.rerouting !== undefined) {
      return this.#reroute(call, call.rerouting, call.caller);
    }
    const passed = passedOn(details as Dict);
    this.#model.send(call.caller, "ERROR", 48, call.request, passed, error, ...payload);
  }

  #reroute(call: ModelCall, rerouting: ModelRerouting, caller: ModelPeer): void {
    const { asked, canGoOn, hasProgressed, procedure, rkey, again } = rerouting;
    const registration = canGoOn && !hasProgressed ? this.best(procedure) : undefined;
    const others = registration && typeof rkey === "string" ? otherShards(registration, rkey) : [];
    const next = registration && this.#choose(registration, [...asked, ...others]);
    if (next !== undefined) return again(next, asked);
    this.#model.sendError(caller, 48, call.request, "wamp.error.no_available_callee");
  }

  get waiting(): readonly ModelWaiting[] {
    return this.registrations.flatMap((registration) => registration.waiting);
  }

  #unqueue(one: ModelWaiting): void {
    this.#model.cancel(one.timer);
    one.registration.waiting.splice(one.registration.waiting.indexOf(one), 1);
  }

  #refuse(one: ModelWaiting, error: string): void {
    this.#unqueue(one);
    this.#model.sendError(one.caller, 48, one.request, error);
  }

  #serveWaiting(registration: ModelRegistration): void {
    while (registration.waiting[0] !== undefined) {
      const callee = this.#choose(registration);
      if (callee === undefined) return;
      const [one] = registration.waiting;
      this.#unqueue(one);
      one.invoke(callee, this.#model.now - one.since);
    }
  }

  cancel(peer: ModelPeer, request: number, options: Dict): void {
    if (!optionsAreValid(options)) throw new Violation();
    const queued = this.waiting.find((one) => one.caller === peer && one.request === request);
    if (queued !== undefined) return this.#refuse(queued, "wamp.error.canceled");
    const gathering = this.gatherings.find((one) => one.caller === peer && one.request === request);
    if (gathering !== undefined) return this.#cancelGathering(gathering, options["mode"]);
    const call = this.calls.find((one) => one.caller === peer && one.request === request);
    if (call === undefined) return;
    const asked = options["mode"] ?? "killnowait";
    const mode = call.callee.peer.announces("callee", "call_canceling") ? asked : "skip";
    if (mode === "kill") {
      if (!call.isInterrupted) this.#interrupt(call, "kill", "wamp.error.canceled");
      return;
    }
    this.#answer(call, "wamp.error.canceled");
    if (mode === "killnowait") this.#giveUp(call, "wamp.error.canceled");
  }

  leave(peer: ModelPeer): void {
    peer.uploads = [];
    for (const registration of [...peer.registrations]) this.#remove(peer, registration);
    for (const one of this.waiting.filter(({ caller }) => caller === peer)) this.#unqueue(one);
    for (const call of this.calls.filter((one) => one.callee.peer === peer)) {
      this.#gathered(call, { "error": "wamp.error.canceled", "args": [TEXT], "kwargs": {} });
      this.#answer(call, "wamp.error.canceled");
      this.#finish(call);
    }
    for (const gathering of this.gatherings.filter(({ caller }) => caller === peer)) {
      this.#endGathering(gathering, "wamp.error.canceled");
    }
    const made = this.calls.filter((one) => one.caller === peer);
    for (const call of made.sort((a, b) => a.request - b.request)) {
      call.caller = undefined;
      this.#model.cancel(call.timer);
      this.#giveUp(call, "wamp.error.canceled");
    }
  }

  #invocation(peer: ModelPeer, id: number): ModelCall | undefined {
    if (id > peer.lastInvocation) throw new Violation();
    return this.calls.find((one) => one.callee.peer === peer && one.id === id);
  }

  #choose(
    registration: ModelRegistration,
    except: readonly ModelPeer[] = [],
  ): ModelCallee | undefined {
    const { callees, invoke } = registration;
    const positions = callees.map((_, at) => at);
    const from = (start: number) => [...positions.slice(start), ...positions.slice(0, start)];
    const order = invoke === "last"
      ? positions.toReversed()
      : invoke === "random"
      ? from(this.#model.draws.shift() ?? 0)
      : invoke === "roundrobin"
      ? from(registration.next % callees.length)
      : positions;
    const at = order.find((position) => {
      const callee = callees[position];
      if (callee === undefined || except.includes(callee.peer)) return false;
      const limit = callee.options["concurrency"] ?? Infinity;
      return this.calls.filter((call) => call.callee === callee).length < (limit as number);
    });
    if (at === undefined) return undefined;
    if (invoke === "roundrobin") registration.next = at + 1;
    return callees[at];
  }

  #startTimer(call: ModelCall): void {
    if (call.timeout === 0) return;
    this.#model.cancel(call.timer);
    call.timer = this.#model.after(call.timeout, () => {
      this.#answer(call, "wamp.error.timeout");
      this.#giveUp(call, "wamp.error.timeout");
    });
  }

  /** The caller gets an error; it is not interested any more. */
  #answer(call: ModelCall, error: string): void {
    this.#model.cancel(call.timer);
    const { caller } = call;
    call.caller = undefined;
    if (caller !== undefined) this.#model.sendError(caller, 48, call.request, error);
  }

  /** Nobody waits for the callee any more. */
  #giveUp(call: ModelCall, reason: string): void {
    if (call.isInterrupted || !call.callee.peer.announces("callee", "call_canceling")) return;
    this.#interrupt(call, "killnowait", reason);
    this.#finish(call);
  }

  #interrupt(call: ModelCall, mode: string, reason: string): void {
    call.isInterrupted = true;
    const options = { "mode": mode, "reason": reason };
    this.#model.send(call.callee.peer, "INTERRUPT", call.id, options);
  }

  /** The callee is done with it. */
  #finish(call: ModelCall): void {
    this.#model.cancel(call.timer);
    this.calls.splice(this.calls.indexOf(call), 1);
    if (call.callee.options["concurrency"] !== undefined) {
      this.#serveWaiting(call.callee.registration);
    }
  }

  #remove(peer: ModelPeer, registration: ModelRegistration): void {
    const at = registration.callees.findIndex((callee) => callee.peer === peer);
    registration.callees.splice(at, 1);
    if (registration.next > at) registration.next--;
    peer.registrations.splice(peer.registrations.indexOf(registration), 1);
    const isLast = registration.callees.length === 0;
    if (isLast) this.registrations.splice(this.registrations.indexOf(registration), 1);
    for (const one of isLast ? [...registration.waiting] : []) {
      this.#refuse(one, "wamp.error.canceled");
    }
    const args = [peer.session, registration.id];
    this.#model.meta.announce("wamp.registration.on_unregister", args);
    if (isLast) this.#model.meta.announce("wamp.registration.on_delete", args);
  }
}
