/** Reflection by the words of docs/extensions.md. Part of `router_model_meta.ts`. */
import type { Dict } from "../../wamp/message.ts";
import type { ModelPeer, RouterModel } from "./router_model.ts";
import { isReservedUri, isValidUri } from "./router_model_options.ts";

export const REFLECTED = ["procedure", "topic", "error"] as const;
type Kind = typeof REFLECTED[number];

interface ModelDefinition {
  readonly kind: Kind;
  readonly uri: string;
  readonly description: Dict;
  readonly peer: ModelPeer;
}

/** The URI of the error that a procedure answers with. */
export class ReflectionFailure extends Error {}

export class ReflectionModel {
  readonly #model: RouterModel;
  /** The oldest first. */
  #definitions: ModelDefinition[] = [];

  constructor(model: RouterModel) {
    this.#model = model;
  }

  /** Undefined: there is no such procedure. */
  call(peer: ModelPeer, procedure: string, args: readonly unknown[], kwargs: Dict): unknown {
    const [, , kindName, verb] = procedure.split(".");
    const kind = REFLECTED.find((one) => one === kindName);
    if (procedure === "wamp.reflect.define") return this.#define(peer, args, kwargs);
    if (procedure === "wamp.reflect.describe") {
      const uri = textOf(args[0]);
      for (const one of REFLECTED) {
        const found = this.#describe(peer, one, uri);
        if (found !== null) return found;
      }
      return null;
    }
    if (kind === undefined || !procedure.startsWith("wamp.reflection.")) return undefined;
    if (verb === "list") return this.#list(peer, kind);
    return verb === "describe" ? this.#describe(peer, kind, textOf(args[0])) : undefined;
  }

  leave(peer: ModelPeer): void {
    for (const one of this.#definitions.filter((made) => made.peer === peer)) this.#undefine(one);
  }

  #define(peer: ModelPeer, args: readonly unknown[], kwargs: Dict): boolean {
    const uri = textOf(args[0]);
    const description = args[1] ?? null;
    const kind = REFLECTED.find((one) => one === (args[2] ?? kwargs["kind"] ?? "procedure"));
    if (kind === undefined) throw new ReflectionFailure("wamp.error.invalid_argument");
    if (!isValidUri(uri)) throw new ReflectionFailure("wamp.error.invalid_uri");
    if (isReservedUri(uri) && peer.authrole !== "trusted") {
      throw new ReflectionFailure("wamp.error.invalid_uri");
    }
    const action = kind === "topic" ? "publish" : "register";
    if (!this.#model.permission(peer, uri).allow(action)) {
      throw new ReflectionFailure("wamp.error.not_authorized");
    }
    const before = this.#definitions.find((one) => one.kind === kind && one.uri === uri);
    if (description === null) {
      if (before !== undefined) this.#undefine(before);
      return before !== undefined;
    }
    if (typeof description !== "object" || Array.isArray(description)) {
      throw new ReflectionFailure("wamp.error.invalid_argument");
    }
    const definition = { kind, uri, description: description as Dict, peer };
    this.#definitions = [...this.#definitions.filter((one) => one !== before), definition];
    this.#model.meta.announce("wamp.reflect.on_define", [uri, kind, description]);
    return true;
  }

  #undefine(definition: ModelDefinition): void {
    this.#definitions = this.#definitions.filter((one) => one !== definition);
    this.#model.meta.announce("wamp.reflect.on_undefine", [definition.uri, definition.kind]);
  }

  #list(peer: ModelPeer, kind: Kind): string[] {
    const defined = this.#definitions.filter((one) => one.kind === kind).map((one) => one.uri);
    const known = new Set([...defined, ...this.#live(kind).map((one) => one.uri)]);
    return [...known].filter((uri) => this.#mayKnow(peer, kind, uri)).sort();
  }

  #describe(peer: ModelPeer, kind: Kind, uri: string): Dict | null {
    const definition = this.#definitions.find((one) => one.kind === kind && one.uri === uri);
    const live = this.#live(kind).filter((one) => one.uri === uri).map((one) => one.details);
    const isKnown = definition !== undefined || live.length > 0;
    if (!isKnown || !this.#mayKnow(peer, kind, uri)) return null;
    return {
      "uri": uri,
      "kind": kind,
      ...(definition === undefined ? {} : { "description": definition.description }),
      ...(live.length === 0 ? {} : { "live": live }),
    };
  }

  #live(kind: Kind): { uri: string; details: Dict }[] {
    const { broker, dealer } = this.#model;
    if (kind === "procedure") {
      return dealer.registrations.map(({ pattern: uri, match, invoke, callees }) => (
        { uri, details: { "match": match, "invoke": invoke, "callees": callees.length } }
      ));
    }
    return kind === "error" ? [] : broker.subscriptions.map(({ pattern: uri, match, peers }) => (
      { uri, details: { "match": match, "subscribers": peers.length } }
    ));
  }

  #mayKnow(peer: ModelPeer, kind: Kind, uri: string): boolean {
    const { allow } = this.#model.permission(peer, uri);
    if (kind === "error") return true;
    return kind === "topic"
      ? allow("publish") || allow("subscribe")
      : allow("call") || allow("register");
  }
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new ReflectionFailure("wamp.error.invalid_argument");
  return value;
}
