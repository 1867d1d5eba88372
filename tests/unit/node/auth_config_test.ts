/** `auth` of a transport: what is taken, what is refused and in which words, and that no secret is in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../node/config/parse.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";
import { routerOf } from "../../kit/router_config.ts";

const KEY = "0".repeat(64);

function configWith(auth: unknown, endpoint: object = {}) {
  const realms = [{ name: "realm1", roles: [{ name: "user" }, { name: "anonymous" }] }];
  const transport = { type: "websocket", endpoint: { type: "tcp", port: 0, ...endpoint }, auth };
  return { version: 2, workers: [{ type: "router", realms, transports: [transport] }] };
}

/** What is wrong with `auth`, without the path that leads to it. */
function problems(auth: unknown, env: Record<string, string> = {}, endpoint = {}): string[] {
  try {
    parseConfig(configWith(auth, endpoint), env);
    return [];
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return cause.problems.map((problem) =>
      formatProblem(problem).replace("workers[0].transports[0].auth", "auth")
    );
  }
}

const TLS = { tls: { key: "k", certificate: "c", ca_certificates: ["a"] } };
const SCRAM = {
  kdf: "argon2id13",
  salt: "00".repeat(16),
  iterations: 2,
  memory: 19456,
  "stored-key": KEY,
  "server-key": KEY,
};
const ALL = {
  scram: { type: "static", principals: { joe: { ...SCRAM, role: "user" } } },
  anonymous: { type: "static", role: "anonymous", authid: "nobody" },
  tls: {
    type: "static",
    principals: { joe: { "certificate-sha1": "00:".repeat(19) + "00", role: "user" } },
  },
  cryptosign: {
    type: "static",
    principals: { joe: { authorized_keys: [KEY], role: "user", realm: "realm1", extra: { x: 1 } } },
  },
  wampcra: {
    type: "static",
    users: { joe: { secret: "$SECRET", salt: "abc", iterations: 100, keylen: 16, role: "user" } },
  },
  ticket: { type: "static", principals: { joe: { ticket: "123" } }, "default-role": "user" },
};

test("Config: auth takes all methods in Crossbar.io's words, and keeps the order they are written in", () => {
  const worker = routerOf(parseConfig(configWith(ALL, TLS), { SECRET: "x" }));
  const transport = worker?.transports[0];
  assert.ok(transport?.type === "websocket");
  assert.deepEqual(Object.keys(transport.auth ?? {}), Object.keys(ALL));
  const ticket = transport.auth?.ticket;
  assert.deepEqual(ticket?.type === "static" && ticket.principals, { joe: { ticket: "123" } });
});

test("Config: auth without any method is refused", () => {
  assert.deepEqual(problems({}), ["auth: found an object, expected at least one method"]);
});

test("Config: principals may be known to procedures and functions", () => {
  for (const method of ["anonymous", "ticket", "wampcra", "cryptosign", "scram", "tls"]) {
    const authenticator = "com.example.auth";
    const create = "./auth.ts:make";
    const dynamic = { type: "dynamic", authenticator, "authenticator-realm": "realm1" };
    assert.deepEqual(problems({ [method]: dynamic }, {}, TLS), []);
    assert.deepEqual(problems({ [method]: { type: "function", create } }, {}, TLS), []);
    const secret = "long".repeat(8);
    assert.deepEqual(problems({ jwt: { ...dynamic, secret } }), []);
    assert.deepEqual(
      problems({ jwt: { type: "function", create, secret, roles: { a: "user" } } }),
      [],
    );
    assert.deepEqual(
      problems({ [method]: { ...dynamic, "authenticator-realm": "r2x" } }, {}, TLS),
      [
        `auth.${method}.authenticator-realm: found "r2x", expected a realm of this worker: realm1`,
      ],
    );
    assert.deepEqual(problems({ [method]: { type: "dynamic" } }, {}, TLS), [
      `auth.${method}.authenticator: missing, expected a string`,
    ]);
  }
});

test("Config: methods to come are refused by name", () => {
  const LATER = "not supported by this version:";
  for (const method of ["anonymous-proxy", "cryptosign-proxy"]) {
    assert.ok(problems({ [method]: {} })[0]?.startsWith(`auth.${method}: ${LATER}`));
  }
});

test("Config: tokens need one source of keys, and one that nobody can change on the way", () => {
  const jwt = (more: object) => ({ jwt: { type: "static", ...more } });
  const jwks = "https://login.example.com/jwks";
  assert.deepEqual(problems(jwt({ jwks })), []);
  for (const more of [{}, { jwks, secret: "a secret of thirty-two characters" }]) {
    assert.deepEqual(problems(jwt(more)), [
      'auth.jwt: found an object, expected one of "jwks", "public_key" and "secret"',
    ]);
  }
  assert.match(problems(jwt({ jwks: "http://login.example.com/jwks" }))[0] ?? "", /by https/);
});

test("Config: what tokens are checked with, and what their roles become, must be of use", () => {
  const jwt = (more: object, env = {}) => problems({ jwt: { type: "static", ...more } }, env);
  const SHORT = "auth.jwt.secret: found 5 characters, expected 32 or more";
  assert.deepEqual(jwt({ secret: "short" }), [SHORT]);
  assert.deepEqual(jwt({ secret: "$SHARED" }, { SHARED: "short" }), [SHORT]);
  assert.deepEqual(jwt({ secret: "$SHARED" }, { SHARED: "long".repeat(8) }), []);
  assert.deepEqual(jwt({ jwks: "https://" }), [
    'auth.jwt.jwks: found "https://", expected a URL with a host',
  ]);
  assert.deepEqual(jwt({ secret: "long".repeat(8), roles: { admins: "boss" } }), [
    'auth.jwt.roles.admins: found "boss", expected a role of this worker: user, anonymous',
  ]);
});

test("Config: an authenticator is a URI, and answers within a handshake", () => {
  const ticket = { type: "dynamic", authenticator: "not a uri#", timeout: 10_001 };
  assert.deepEqual(problems({ ticket }), [
    "auth.ticket.timeout: found 10001, expected a whole number from 10 to 10000 (ms)",
    'auth.ticket.authenticator: found "not a uri#", expected a URI',
  ]);
});

test("Config: a trustroot is of a realm and leads to a role", () => {
  const root = { certificate: `0x${"0a".repeat(20)}`, role: "boss" };
  assert.deepEqual(problems({ cryptosign: { type: "static", trustroots: { realm2: root } } }), [
    'auth.cryptosign.trustroots.realm2.role: found "boss", expected a role of this worker: user, anonymous',
    'auth.cryptosign.trustroots.realm2: found a trustroot of "realm2", expected a realm of this worker: realm1',
  ]);
});

test("Config: a cookie that other sites may bring needs TLS, or a balancer that may have it", () => {
  const cookie = { "same_site": "None" };
  const found = (endpoint: object): string => {
    const config = configWith({ cookie: {}, anonymous: { type: "static" } }, endpoint);
    const [worker] = config.workers;
    const transports = worker?.transports.map((transport) => ({ ...transport, cookie }));
    try {
      parseConfig({ ...config, workers: [{ ...worker, transports }] }, {});
      return "";
    } catch (cause) {
      assert.ok(cause instanceof ConfigError);
      return cause.problems.map(formatProblem).join("\n");
    }
  };
  assert.match(
    found({}),
    /^workers\[0\]\.transports\[0\]\.cookie\.same_site: found "None" without TLS/,
  );
  for (const endpoint of [TLS, { trusted_proxies: ["10.0.0.1"] }, { proxy_protocol: true }]) {
    assert.equal(found(endpoint), "");
  }
});

test("Config: a trustroot is an address", () => {
  const trustroots = (certificate: string) => ({
    cryptosign: { type: "static", trustroots: { "realm1": { certificate, role: "user" } } },
  });
  assert.deepEqual(problems(trustroots(`0x${"0a".repeat(20)}`)), []);
  assert.deepEqual(problems(trustroots("0x0a")), [
    'auth.cryptosign.trustroots.realm1.certificate: found "0x0a", expected an Ethereum address, 0x and 40 hexadecimal digits',
  ]);
});

test("Config: auth may only name roles and realms that exist", () => {
  const principals = { joe: { ticket: "x", role: "boss", realm: "realm2" } };
  assert.deepEqual(
    problems({ ticket: { type: "static", principals, "default-role": "trusted" } }),
    [
      'auth.ticket.default-role: found "trusted", expected a role of this worker: user, anonymous',
      'auth.ticket.principals.joe.role: found "boss", expected a role of this worker: user, anonymous',
      'auth.ticket.principals.joe.realm: found "realm2", expected a realm of this worker: realm1',
    ],
  );
});

test("Config: what a principal lacks is named with the remedy", () => {
  const wampcra = (joe: object, more: object = {}) =>
    problems({ wampcra: { type: "static", users: { joe }, ...more } });
  const EITHER =
    'auth.wampcra.users.joe: found an object, expected either "secret" or "derived-secret"';
  assert.deepEqual(wampcra({ role: "user" }), [EITHER]);
  const both = { secret: "x", "derived-secret": "y", salt: "z", role: "user" };
  assert.deepEqual(wampcra(both), [EITHER]);
  assert.deepEqual(wampcra({ "derived-secret": "x", role: "user" }), [
    'auth.wampcra.users.joe: found an object, expected the "salt" of "derived-secret" beside it',
  ]);
  assert.deepEqual(wampcra({ secret: "x", role: "user" }, { principals: {} }), [
    'auth.wampcra: found both of "principals" and "users", expected one of them',
  ]);
  assert.deepEqual(problems({ wampcra: { type: "static" } }), [
    'auth.wampcra: found neither of "principals" and "users", expected one of them',
  ]);
  assert.deepEqual(wampcra({ secret: "x" }), [
    'auth.wampcra.users.joe: found no role, expected "role" here or "default-role" of the method',
  ]);
  assert.deepEqual(wampcra({ secret: "x" }, { "default-role": "user" }), []);
  const { memory: _memory, ...rest } = SCRAM;
  const scram = { ...rest, role: "user" };
  assert.deepEqual(problems({ scram: { type: "static", principals: { joe: scram } } }), [
    'auth.scram.principals.joe: found an object, expected the "memory" of Argon2',
  ]);
  assert.deepEqual(
    problems({ tls: { type: "static", principals: { joe: { role: "user" } } } }, {}, TLS),
    [
      'auth.tls.principals.joe: found an object, expected one of "certificate-sha256", "certificate-sha1", "certificate-subject"',
    ],
  );
  const dear = { ...SCRAM, iterations: 20, memory: 1_048_576, role: "user" };
  assert.deepEqual(problems({ scram: { type: "static", principals: { joe: dear } } }), [
    'auth.scram.principals.joe: found an object, expected "memory" times "iterations" of at most 16777216',
  ]);
  assert.deepEqual(problems({ tls: ALL.tls }), [
    'auth.tls: found no authorities of client certificates, expected "ca_certificates" in "tls" of the endpoint',
  ]);
  assert.deepEqual(problems({ ticket: { type: "static" } }), [
    "auth.ticket.principals: missing, expected an object",
  ]);
});

test("Config: a secret may come from the environment, and must be there", () => {
  const ticket = (text: string) => ({
    ticket: { type: "static", principals: { joe: { ticket: text, role: "user" } } },
  });
  assert.deepEqual(problems(ticket("$TICKET"), { TICKET: "x" }), []);
  assert.deepEqual(problems(ticket("${TICKET}"), { TICKET: "x" }), []);
  assert.deepEqual(problems(ticket("$5, please")), []);
  for (const env of [{}, { TICKET: "" }]) {
    assert.deepEqual(problems(ticket("$TICKET"), env), [
      "auth.ticket.principals.joe.ticket: found the name of an environment variable that is not set, expected one that is",
    ]);
  }
});

test("Config: no problem quotes a secret", () => {
  const SECRET = "swordfish";
  const lines = [
    { ticket: { type: "static", principals: { joe: { ticket: [SECRET] } } } },
    { ticket: { type: "static", principals: { joe: SECRET } } },
    { ticket: { type: "static", principals: SECRET } },
    { ticket: { type: "static", principals: { joe: { ticket: 5551234 } } } },
    { wampcra: { type: "static", users: { joe: { secret: "x", salt: 5551234 } } } },
    { wampcra: { type: "static", users: { joe: { secret: `$${SECRET}` } } } },
    { scram: { type: "static", principals: { joe: { ...SCRAM, "stored-key": SECRET } } } },
    { scram: { type: "static", principals: { joe: { ...SCRAM, salt: SECRET } } } },
    { cryptosign: { type: "static", principals: { joe: { authorized_keys: [SECRET] } } } },
    { ticket: SECRET },
    { jwt: SECRET },
    { jwt: { type: "static", secret: 5551234 } },
    { jwt: { type: "static", secret: SECRET } },
  ].map((auth) => problems(auth).join("\n"));
  const shown = [
    SECRET,
    { ticket: SECRET },
    { ticket: { authid: "joe", ticket: 5551234 } },
    { jwt: { token: 5551234 } },
    { cryptosign: { privkey: SECRET } },
  ].map((authentication) => {
    const config = configWith({ anonymous: { type: "static" } });
    const [{ realms: [realm], ...worker } = assert.fail()] = config.workers;
    const transport = { type: "websocket", url: "ws://127.0.0.1:9/" };
    const linked = { ...realm, rlinks: [{ realm: "realm2", transport, authentication }] };
    try {
      parseConfig({ ...config, workers: [{ ...worker, realms: [linked] }] }, {});
    } catch (cause) {
      return String(cause);
    }
    return "";
  });
  for (const line of [...lines, ...shown]) {
    assert.notEqual(line, "");
    assert.doesNotMatch(line, /swordfish|5551234/);
  }
});
