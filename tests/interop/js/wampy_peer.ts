/** wampy on Node as a peer that the tests drive: see ../README.md for the lines it reads and writes. */
import { Buffer } from "node:buffer";
import { pathToFileURL } from "node:url";
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
  untag,
  write,
} from "./lines.ts";
import { require } from "./packages.ts";

const { Wampy, Errors } = require("wampy");

/** The payload of wampy's events, invocations and results. */
interface Payload {
  readonly argsList?: unknown[];
  readonly argsDict?: Dict;
}
interface Invocation extends Payload {
  readonly details: Dict;
  readonly "result_handler": (result: Payload & { options: Dict }) => void;
}
type Result = Payload & { readonly options?: Dict };
type Endpoint = (invocation: Invocation) => Result | Promise<Result>;

class Peer {
  readonly name: string;
  // deno-lint-ignore no-explicit-any -- its types are not where this is checked
  readonly wampy: any;
  readonly handles = new Map<string, number>();
  readonly held = new Map<string, () => void>();

  constructor(request: Request) {
    this.name = request.session;
    const serializers = {
      json: require("wampy/JsonSerializer.js").JsonSerializer,
      msgpack: require("wampy/MsgpackSerializer.js").MsgpackSerializer,
      cbor: require("wampy/CborSerializer.js").CborSerializer,
    };
    const Serializer = named(serializers, request.serializer);
    this.wampy = new Wampy(`ws://${request.host}:${request.port}${request.path}`, {
      realm: request.realm,
      ws: require("websocket").w3cwebsocket,
      serializer: new Serializer(),
      payloadSerializers: {
        json: new serializers.json(),
        msgpack: new serializers.msgpack(),
        cbor: new serializers.cbor(),
      },
      autoReconnect: false,
      ...(request.auth && authentication(request.auth)),
      // It keeps the reason of a GOODBYE to itself
      onClose: () => write({ note: "closed", session: request.session, reason: null }),
      onError: (error: unknown) => write({ note: "fault", text: String(error) }),
    });
  }
}

function authentication({ method, authid, secret }: Credentials): Dict {
  const plugins = {
    ticket: () => () => secret,
    // An ES module that waits at its top level, which cannot be required
    wampcra: () => async (...challenge: unknown[]) => {
      const { href } = pathToFileURL(require.resolve("wampy/wampcra.js"));
      return (await import(href)).sign(secret)(...challenge);
    },
    cryptosign: () => require("wampy/cryptosign.js").sign(secret),
  };
  const { publicKey } = require("tweetnacl").sign.keyPair.fromSeed(
    method === "cryptosign" ? Buffer.from(secret, "hex") : new Uint8Array(32),
  );
  return {
    authid,
    authmethods: [method],
    authMode: "auto",
    authPlugins: { [method]: named(plugins, method)() },
    authextra: method === "cryptosign" ? { pubkey: Buffer.from(publicKey).toString("hex") } : {},
  };
}

const sessions = new Sessions<Peer>();
/** By the id of the request. */
const calls = new Map<number, { peer: Peer; reqId: number }>();

function endpoint(peer: Peer, { behaviour, procedure }: Request): Endpoint {
  const behaviours: Record<string, Endpoint> = {
    echo: ({ argsList, argsDict }) => asPayload(plain(argsList ?? []), argsDict && plain(argsDict)),
    "echo-passthru": ({ argsList, argsDict, details }) => ({
      ...asPayload(plain(argsList ?? []), argsDict && plain(argsDict)),
      options: { "ppt_scheme": details["ppt_scheme"], "ppt_serializer": details["ppt_serializer"] },
    }),
    details: ({ details }) => ({ argsList: [details] }),
    fail: ({ argsList: [error, ...args] = [], argsDict }) => {
      throw Object.assign(new Error("as asked"), { error, ...asPayload(args, argsDict) });
    },
    throw: () => {
      throw new Error("thrown on purpose");
    },
    progress: ({ details, argsList: [count] = [], result_handler: yieldResult }) => {
      if (details["receive_progress"] !== true) return { argsList: ["no progress wanted"] };
      for (let number = 0; number < Number(count); number++) {
        yieldResult({ ...asPayload([number], { step: number }), options: { progress: true } });
      }
      return { argsList: ["done"] };
    },
    hang: () =>
      new Promise((release) => {
        peer.held.set(procedure, () => release({ argsList: ["late"] }));
        write({ note: "invoked", session: peer.name, procedure });
      }),
  };
  return named(behaviours, behaviour);
}

/** Bytes as Buffers, which its CBOR sends as bytes; it would send a Uint8Array as a typed array, with a tag. */
function plain<T>(value: T): T {
  return untag(tag(value)) as T;
}

function asPayload(args: unknown[], kwargs: Dict | undefined): Payload {
  return kwargs === undefined ? { argsList: args } : { argsList: args, argsDict: kwargs };
}

function payloadOf(request: Request): Payload {
  const { args, kwargs } = argumentsOf(request);
  return asPayload(args, kwargs);
}

function results({ argsList, argsDict }: Payload): Dict {
  return { args: tag(argsList ?? []), kwargs: tag(argsDict ?? {}) };
}

/** Waits for an answer and tells WAMP's ERROR from other trouble. */
async function answer<T>(coming: Promise<T>): Promise<T> {
  try {
    return await coming;
  } catch (cause) {
    if (!(cause instanceof Errors.WampError || cause instanceof Errors.AbortError)) throw cause;
    const { errorUri, argsList, argsDict } = cause as Payload & { errorUri: string };
    throw new Refused(errorUri, argsList, argsDict);
  }
}

serve(`wampy ${new Wampy().version}`, {
  join: async (request) => {
    const peer = new Peer(request);
    const welcome = await answer(peer.wampy.connect() as Promise<Dict>);
    sessions.set(request.session, peer);
    return {
      id: peer.wampy.getSessionId(),
      authid: welcome["authid"],
      authrole: welcome["authrole"],
      serializer: peer.wampy.getOptions().serializer.protocol,
    };
  },

  leave: async (request) => {
    const { wampy } = sessions.of(request);
    sessions.delete(request.session);
    await wampy.disconnect();
    return { reason: null };
  },

  register: async (request) => {
    const peer = sessions.of(request);
    const { procedure, options } = request;
    await answer(peer.wampy.register(procedure, endpoint(peer, request), options));
    return {};
  },

  unregister: async (request) => {
    await answer(sessions.of(request).wampy.unregister(request.procedure));
    return {};
  },

  release: (request) => {
    sessions.of(request).held.get(request.procedure)?.();
    return {};
  },

  call: async (request) => {
    const peer = sessions.of(request);
    const { "receive_progress": wantsProgress, ...options } = request.options ?? {};
    const onProgress = (progress: Payload) => {
      write({ note: "progress", call: request.id, ...results(progress) });
    };
    const call: Promise<Payload> = peer.wampy.call(request.procedure, payloadOf(request), {
      ...options,
      ...(wantsProgress === true ? { "progress_callback": onProgress } : {}),
    });
    calls.set(request.id, { peer, reqId: peer.wampy.getOpStatus().reqId });
    try {
      return results(await answer(call));
    } finally {
      calls.delete(request.id);
    }
  },

  cancel: (request) => {
    const call = calls.get(request.call);
    call?.peer.wampy.cancel(call.reqId, request.options);
    return {};
  },

  subscribe: async (request) => {
    const peer = sessions.of(request);
    const { topic, options } = request;
    const onEvent = (event: Payload & { details: Dict }) => {
      write({
        note: "event",
        session: request.session,
        handler: topic,
        topic,
        ...event.details,
        ...results(event),
      });
    };
    const { subscriptionId } = await answer<{ subscriptionId: number }>(
      // With options, even none of them, it cannot unsubscribe any more
      peer.wampy.subscribe(topic, onEvent, Object.keys(options ?? {}).length ? options : undefined),
    );
    peer.handles.set(topic, subscriptionId);
    return { subscription: subscriptionId };
  },

  unsubscribe: async (request) => {
    const { wampy, handles } = sessions.of(request);
    await answer(wampy.unsubscribe(handles.get(request.topic)));
    return {};
  },

  publish: async (request) => {
    const { wampy } = sessions.of(request);
    const { publicationId } = await answer<{ publicationId: number }>(
      wampy.publish(request.topic, payloadOf(request), request.options),
    );
    return { publication: publicationId };
  },

  burst: (request) => {
    const { wampy } = sessions.of(request);
    for (let number = 0; number < request.count; number++) wampy.publish(request.topic, [number]);
    return {};
  },

  stampede: async (request) => {
    const { wampy } = sessions.of(request);
    const numbers = Array.from({ length: request.count }, (_, number) => number);
    await answer(Promise.all(numbers.map((number) => wampy.call(request.procedure, [number]))));
    return {};
  },
});
