/** This project's own client as a peer that the tests drive, on Deno, Bun or Node: see ../README.md for the lines it reads and writes. */
import {
  ApplicationError,
  type Authentication,
  type CallDetails,
  type CallHandler,
  CallResult,
  connect,
  JoinError,
  type Registration,
  type SerializerName,
  type Session,
  type Subscription,
} from "../../../mod.ts";
import { VERSION } from "../../../wamp/version.ts";
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
} from "../js/lines.ts";

interface Peer {
  readonly session: Session;
  readonly registrations: Map<string, Registration>;
  readonly subscriptions: Map<string, Subscription>;
  readonly held: Map<string, (result: string) => void>;
}

const sessions = new Sessions<Peer>();
/** By the id of the request. */
const calls = new Map<number, () => void>();

function urlOf({ transport, host, port, path, socket }: Request): string {
  if (transport === "websocket") return `ws://${host}:${port}${path}`;
  return transport === "rawsocket" ? `rs://${host}:${port}` : `unix+rs:${socket}`;
}

function authentication({ method, authid, secret }: Credentials): Authentication {
  const all: Record<string, Authentication> = {
    ticket: { ticket: { authid, ticket: secret } },
    wampcra: { wampcra: { authid, secret } },
    cryptosign: { cryptosign: { authid, privkey: secret } },
    scram: { scram: { authid, password: secret } },
  };
  return named(all, method);
}

function handler(peer: Peer, { behaviour, procedure, session: name }: Request): CallHandler {
  const behaviours: Record<string, CallHandler> = {
    echo: (args, kwargs) => new CallResult(args, kwargs),
    details: (_args, _kwargs, details) => ({
      "procedure": details.procedure,
      "caller": details.caller ?? null,
      "caller_authid": details.callerAuthid ?? null,
      "caller_authrole": details.callerAuthrole ?? null,
    }),
    fail: ([uri, ...args], kwargs) => {
      throw new ApplicationError(String(uri), args, kwargs);
    },
    throw: () => {
      throw new Error("thrown on purpose");
    },
    progress: ([count], _kwargs, details) => {
      if (!details.wantsProgress) return "no progress wanted";
      for (let step = 0; step < Number(count); step++) details.progress([step], { step });
      return "done";
    },
    hang: (_args, _kwargs, { signal }: CallDetails) =>
      new Promise((release, interrupt) => {
        peer.held.set(procedure, release);
        signal.addEventListener("abort", () => {
          write({ note: "interrupted", session: name, procedure });
          interrupt(signal.reason);
        });
        write({ note: "invoked", session: name, procedure });
      }),
  };
  return named(behaviours, behaviour);
}

function results(result: unknown): Dict {
  if (result instanceof CallResult) return { args: tag(result.args), kwargs: tag(result.kwargs) };
  return { args: result === undefined ? [] : [tag(result)], kwargs: {} };
}

/** Waits for an answer and tells WAMP's ERROR from other trouble. */
async function answer<T>(coming: Promise<T>): Promise<T> {
  try {
    return await coming;
  } catch (cause) {
    if (cause instanceof ApplicationError) throw new Refused(cause.uri, cause.args, cause.kwargs);
    if (cause instanceof JoinError) throw new Refused(cause.reason, [cause.message]);
    throw cause;
  }
}

serve(`Realmway ${VERSION}`, {
  join: async (request) => {
    const session = await answer(connect({
      url: urlOf(request),
      realm: request.realm,
      serializers: [request.serializer as SerializerName],
      ...(request.auth && { authentication: authentication(request.auth) }),
      // A handler that throws on purpose is no news
      log: { debug() {}, info() {}, warn() {}, error() {} },
    }));
    sessions.set(request.session, {
      session,
      registrations: new Map(),
      subscriptions: new Map(),
      held: new Map(),
    });
    session.closed.then(({ reason }) => {
      write({ note: "closed", session: request.session, reason });
    });
    return {
      id: session.id,
      authid: session.authid,
      authrole: session.authrole,
      serializer: request.serializer,
    };
  },

  leave: async (request) => {
    const { session } = sessions.of(request);
    sessions.delete(request.session);
    const { reason } = await session.leave();
    return { reason };
  },

  register: async (request) => {
    const { procedure, options } = request;
    const peer = sessions.of(request);
    const registering = peer.session.register(procedure, handler(peer, request), options);
    peer.registrations.set(procedure, await answer(registering));
    return {};
  },

  unregister: async (request) => {
    await sessions.of(request).registrations.get(request.procedure)?.unregister();
    return {};
  },

  release: (request) => {
    sessions.of(request).held.get(request.procedure)?.("late");
    return {};
  },

  call: async (request) => {
    const { args, kwargs } = argumentsOf(request);
    const { "receive_progress": wantsProgress, "disclose_me": discloseMe } = request.options ?? {};
    const canceled = new AbortController();
    const options = {
      signal: canceled.signal,
      // The library takes the mode when the call is made
      cancelMode: request.cancelMode ?? "killnowait",
      discloseMe: discloseMe === true,
      ...(wantsProgress === true
        ? {
          onProgress: (args: readonly unknown[], kwargs: Dict) => {
            write({ note: "progress", call: request.id, args: tag(args), kwargs: tag(kwargs) });
          },
        }
        : {}),
    };
    // The reason is what the call rejects with, not what the router says
    calls.set(request.id, () => canceled.abort(new ApplicationError("wamp.error.canceled")));
    try {
      const { session } = sessions.of(request);
      return results(await answer(session.call(request.procedure, args, kwargs, options)));
    } finally {
      calls.delete(request.id);
    }
  },

  cancel: (request) => {
    calls.get(request.call)?.();
    return {};
  },

  subscribe: async (request) => {
    const { topic, options } = request;
    const { session, subscriptions } = sessions.of(request);
    const subscribing = session.subscribe(topic, (args, kwargs, details) => {
      write({
        note: "event",
        session: request.session,
        handler: topic,
        topic: details.topic,
        publication: details.publication,
        publisher: details.publisher,
        "publisher_authid": details.publisherAuthid,
        "publisher_authrole": details.publisherAuthrole,
        args: tag(args),
        kwargs: tag(kwargs),
      });
    }, options);
    subscriptions.set(topic, await answer(subscribing));
    return {};
  },

  unsubscribe: async (request) => {
    await sessions.of(request).subscriptions.get(request.topic)?.unsubscribe();
    return {};
  },

  publish: async (request) => {
    const { args, kwargs } = argumentsOf(request);
    const { session } = sessions.of(request);
    const { topic, options = {} } = request;
    const { "disclose_me": discloseMe, "exclude_me": excludeMe, ...same } = options;
    const publishing = session.publish(topic, args, kwargs, {
      ...same,
      ...(excludeMe === undefined ? {} : { excludeMe: excludeMe === true }),
      ...(discloseMe === undefined ? {} : { discloseMe: discloseMe === true }),
    });
    return publishing === undefined ? {} : { publication: await answer(publishing) };
  },

  burst: (request) => {
    const { session } = sessions.of(request);
    for (let number = 0; number < request.count; number++) session.publish(request.topic, [number]);
    return {};
  },

  stampede: async (request) => {
    const { session } = sessions.of(request);
    const numbers = Array.from({ length: request.count }, (_, number) => number);
    await answer(Promise.all(numbers.map((number) => session.call(request.procedure, [number]))));
    return {};
  },
});
