/** Autobahn|JS on Node as a peer that the tests drive: see ../README.md for the lines it reads and writes. */
import { Buffer } from "node:buffer";
import {
  argumentsOf,
  type Credentials,
  type Dict,
  named,
  Refused,
  type Request,
  serve,
  Sessions,
  tag,
  write,
} from "./lines.ts";
import { require } from "./packages.ts";

// It logs to stdout, where our lines are
globalThis.console.log = globalThis.console.warn = globalThis.console.error;
const autobahn = require("autobahn");

/** Autobahn has no types of its own: what we use of it. */
interface Session {
  readonly id: number;
  call(procedure: string, args?: unknown[], kwargs?: Dict, options?: Dict): Call;
  register(procedure: string, endpoint: Endpoint, options?: Dict): Promise<Handle>;
  unregister(registration: Handle): Promise<void>;
  subscribe(topic: string, handler: Endpoint, options?: Dict): Promise<Handle>;
  unsubscribe(subscription: Handle): Promise<void>;
  publish(topic: string, args?: unknown[], kwargs?: Dict, options?: Dict):
    | Promise<{ id: number }>
    | undefined;
}
interface Call extends Promise<unknown> {
  cancel(options?: Dict): void;
  then(done?: undefined, failed?: undefined, progress?: (result: unknown) => void): Promise<never>;
}
interface Handle {
  readonly id: number;
}
interface Details {
  readonly topic?: string;
  readonly publication?: number;
  readonly procedure?: string;
  readonly [key: string]: unknown;
  readonly progress?: (args: unknown[], kwargs: Dict) => void;
}
type Endpoint = (args: unknown[], kwargs: Dict, details: Details) => unknown;

class Peer {
  readonly name: string;
  // deno-lint-ignore no-explicit-any -- the library has no types
  readonly connection: any;
  session: Session | undefined;
  readonly handles = new Map<string, Handle>();
  readonly held = new Map<string, (result: string) => void>();
  onClosed = (_reason: string | null) => {};

  constructor(request: Request) {
    this.name = request.session;
    this.connection = new autobahn.Connection({
      realm: request.realm,
      max_retries: 0,
      ...(request.auth && authentication(request.auth)),
      transports: [transportOf(request)],
      on_user_error: () => {},
      on_internal_error: (error: unknown) => write({ note: "fault", text: String(error) }),
    });
  }

  get joined(): Session {
    if (this.session === undefined) throw new Error(`Cannot use session "${this.name}"`);
    return this.session;
  }
}

const sessions = new Sessions<Peer>();
/** By the id of the request. */
const calls = new Map<number, Call>();

function authentication({ method, authid, secret }: Credentials): Dict {
  const { auth_cra: cra, auth_cryptosign: cryptosign, nacl } = autobahn;
  if (method === "cryptosign") {
    const key = nacl.sign.keyPair.fromSeed(Buffer.from(secret, "hex"));
    return {
      authid,
      authmethods: [method],
      authextra: { pubkey: cryptosign.public_key(key), "channel_binding": null },
      onchallenge: (_session: unknown, _method: string, extra: Dict) =>
        cryptosign.sign_challenge(key, extra),
    };
  }
  return {
    authid,
    authmethods: [method],
    onchallenge: (_session: unknown, _method: string, extra: Dict) => {
      if (method === "ticket") return secret;
      const { challenge, salt, iterations, keylen } = extra;
      const key = salt === undefined ? secret : cra.derive_key(secret, salt, iterations, keylen);
      return cra.sign(key, challenge);
    },
  };
}

function transportOf(request: Request): Dict {
  if (request.transport === "websocket") {
    const url = `ws://${request.host}:${request.port}${request.path}`;
    const serializers = {
      json: autobahn.serializer.JSONSerializer,
      msgpack: autobahn.serializer.MsgpackSerializer,
      cbor: autobahn.serializer.CBORSerializer,
    };
    const Serializer = named(serializers, request.serializer);
    return { type: "websocket", url, serializers: [new Serializer()] };
  }
  if (request.transport === "rawsocket") {
    return { type: "rawsocket", host: request.host, port: request.port };
  }
  return { type: "rawsocket", path: request.socket };
}

function endpoint(peer: Peer, { behaviour, procedure }: Request): Endpoint {
  const behaviours: Record<string, Endpoint> = {
    echo: (args, kwargs) => new autobahn.Result(args, kwargs),
    details: (
      _args,
      _kwargs,
      { procedure, caller, caller_authid: authid, caller_authrole: authrole },
    ) =>
      // Its CBOR would send undefined as it is
      JSON.parse(
        JSON.stringify({
          procedure,
          caller,
          "caller_authid": authid,
          "caller_authrole": authrole,
        }),
      ),
    fail: ([uri, ...args], kwargs) => {
      throw new autobahn.Error(uri, args, kwargs);
    },
    throw: () => {
      throw new Error("thrown on purpose");
    },
    progress: ([count], _kwargs, { progress }) => {
      if (!progress) return "no progress wanted";
      for (let number = 0; number < Number(count); number++) progress([number], { step: number });
      return "done";
    },
    hang: () =>
      new Promise((release) => {
        peer.held.set(procedure, release);
        write({ note: "invoked", session: peer.name, procedure });
      }),
  };
  return named(behaviours, behaviour);
}

/** Autobahn unpacks a single positional result, and has null for none. */
function results(result: unknown): Dict {
  if (result instanceof autobahn.Result) {
    const { args, kwargs } = result as { args: unknown[]; kwargs: Dict };
    return { args: tag(args), kwargs: tag(kwargs) };
  }
  return { args: result === null ? [] : [tag(result)], kwargs: {} };
}

/** Waits for an answer and tells WAMP's ERROR from other trouble. */
async function answer<T>(coming: Promise<T> | T): Promise<T> {
  try {
    return await coming;
  } catch (cause) {
    if (!(cause instanceof autobahn.Error)) throw cause;
    const { error, args, kwargs } = cause as { error: string; args: unknown[]; kwargs: Dict };
    // Its own word for a call that was cancelled without waiting for the router
    throw new Refused(error === "Cancelled" ? "wamp.error.canceled" : error, args, kwargs);
  }
}

serve(`autobahn ${require("autobahn/package.json").version}`, {
  join: (request) => {
    const peer = new Peer(request);
    return new Promise((joined, refused) => {
      peer.connection.onopen = (session: Session, details: Dict) => {
        peer.session = session;
        sessions.set(request.session, peer);
        joined({
          id: session.id,
          authid: details["authid"],
          authrole: details["authrole"],
          serializer: peer.connection.transport.info.protocol.replace("wamp.2.", ""),
        });
      };
      peer.connection.onclose = (
        why: string,
        { reason, message }: { reason: string | null; message: string | null },
      ) => {
        write({ note: "closed", session: request.session, reason });
        peer.onClosed(reason);
        refused(new Refused(reason ?? why, [message]));
        return true;
      };
      peer.connection.open();
    });
  },

  leave: (request) => {
    const peer = sessions.of(request);
    sessions.delete(request.session);
    return new Promise((left) => {
      peer.onClosed = (reason) => left({ reason });
      peer.connection.close();
    });
  },

  register: async (request) => {
    const { procedure, options } = request;
    const peer = sessions.of(request);
    const registering = peer.joined.register(procedure, endpoint(peer, request), options);
    const registration = await answer(registering);
    peer.handles.set(procedure, registration);
    return { registration: registration.id };
  },

  unregister: async (request) => {
    const { joined, handles } = sessions.of(request);
    await answer(joined.unregister(named(Object.fromEntries(handles), request.procedure)));
    return {};
  },

  release: (request) => {
    sessions.of(request).held.get(request.procedure)?.("late");
    return {};
  },

  call: async (request) => {
    const { args, kwargs } = argumentsOf(request);
    const { joined } = sessions.of(request);
    const call = joined.call(request.procedure, args, kwargs, request.options);
    calls.set(request.id, call);
    try {
      return results(
        await answer(call.then(undefined, undefined, (progress) => {
          write({ note: "progress", call: request.id, ...results(progress) });
        })),
      );
    } finally {
      calls.delete(request.id);
    }
  },

  cancel: (request) => {
    calls.get(request.call)?.cancel(request.options);
    return {};
  },

  subscribe: async (request) => {
    const { topic, options } = request;
    const { joined, handles } = sessions.of(request);
    const onEvent: Endpoint = (args, kwargs, details) => {
      write({
        note: "event",
        session: request.session,
        handler: topic,
        ...details,
        args: tag(args),
        kwargs: tag(kwargs),
      });
    };
    const subscription = await answer(joined.subscribe(topic, onEvent, options));
    handles.set(topic, subscription);
    return { subscription: subscription.id };
  },

  unsubscribe: async (request) => {
    const { joined, handles } = sessions.of(request);
    await answer(joined.unsubscribe(named(Object.fromEntries(handles), request.topic)));
    return {};
  },

  publish: async (request) => {
    const { args, kwargs } = argumentsOf(request);
    const { joined } = sessions.of(request);
    const done = await answer(joined.publish(request.topic, args, kwargs, request.options));
    return done === undefined ? {} : { publication: done.id };
  },

  burst: (request) => {
    const { joined } = sessions.of(request);
    for (let number = 0; number < request.count; number++) joined.publish(request.topic, [number]);
    return {};
  },

  stampede: async (request) => {
    const { joined } = sessions.of(request);
    const numbers = Array.from({ length: request.count }, (_, number) => number);
    await answer(Promise.all(numbers.map((number) => joined.call(request.procedure, [number]))));
    return {};
  },
});
