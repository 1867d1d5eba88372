/** The examples as programs to try out, and what each must print: for `main.ts`, which runs them on the runtimes, and for the test in a browser. */

/** Where examples run. */
export type Place = "Deno" | "Bun" | "Node.js" | "Chromium";

/** One program of an example. */
export interface Program {
  /** Without ".ts". */
  readonly file: string;
  /** Everything that it prints once it is at work. */
  readonly prints: readonly RegExp[];
  /** It serves HTTP at the URL that it prints; a request is answered with this, and publishes an event to the topic. */
  readonly serves?: { readonly answer: RegExp; readonly topic: string };
}

/** Programs that belong together, and where they cannot run. */
export interface Example {
  /** Started one after the other, each when the one before has printed what it should. */
  readonly programs: readonly Program[];
  /** Why not there. */
  readonly not?: { readonly [place in Place]?: string };
}

export const EXAMPLES: readonly Example[] = [
  { programs: [{ file: "hello", prints: [/session ready in crossbardemo/] }] },
  {
    programs: [{
      file: "subclass",
      prints: [/joined as anonymous/, /it is 20\d\d-/, /left: wamp\.close\.normal/],
    }],
  },
  { programs: [{ file: "runner", prints: [/extra: 42/] }] },
  {
    programs: [{ file: "longer", prints: [/joined as alice/, /com\.example\.foo/, /result: 42/] }],
    not: { Chromium: "no browser lets a page choose endpoints and options of a WebSocket" },
  },
  {
    programs: [{
      file: "authentication",
      prints: [
        /joe joined by a ticket as backend/,
        /peter joined by WAMP-CRA as backend/,
        /carol joined by SCRAM as backend/,
        /alice joined by a key as backend/,
        /peter joined by one of two as backend/,
        /refused: .*not_authorized|refused: .*authentication_denied/,
      ],
    }],
  },
  {
    programs: [{
      file: "transports",
      prints: [/tried in vain: ConnectError/, /joined crossbardemo by the second/],
    }],
  },
  {
    programs: [{
      file: "lifecycle",
      prints: [
        /component started\s+transport connected\s+joining crossbardemo\s+joined\s+ready\s+left: wamp\.close\.normal\s+disconnected, clean: true\s+component done/,
      ],
    }],
  },
  {
    programs: [{
      file: "lifecycle_subclass",
      prints: [
        /component created\s+transport connected\s+authentication challenge received: ticket\s+session joined: joe\s+session left: wamp\.close\.normal\s+transport disconnected/,
      ],
    }],
  },
  {
    programs: [{
      file: "logging",
      // A browser's console fills in the values itself.
      prints: [/Knob ["']?volume["']? moved 42 right|Knob %o moved %o right.* volume 42/],
    }],
  },
  {
    programs: [{
      file: "web_application",
      prints: [/web application on http:/],
      serves: {
        answer: /^Published to 'com\.myapp\.request_served'\n$/,
        topic: "com.myapp.request_served",
      },
    }],
    not: { Chromium: "it is a server" },
  },
  {
    programs: [
      { file: "rpc_register", prints: [/procedure registered/] },
      { file: "rpc_call", prints: [/call result: 5/] },
    ],
  },
  {
    programs: [
      { file: "rpc_register_shortcut", prints: [/procedures registered/] },
      { file: "rpc_call", prints: [/call result: 5/] },
    ],
  },
  {
    programs: [{
      file: "rpc_errors",
      prints: [
        /root 4, exact true/,
        /com\.myapp\.error\.negative for -1/,
        /too late: wamp\.error\.timeout/,
        /given up: TimeoutError/,
      ],
    }],
  },
  { programs: [{ file: "rpc_progress", prints: [/step 1\s+step 2\s+step 3\s+finished/] }] },
  {
    programs: [
      { file: "pubsub_publish", prints: [/the router has 0/] },
      { file: "pubsub_subscribe", prints: [/subscribed to topic/, /event received: \d+/] },
      { file: "pubsub_subscribe_shortcut", prints: [/event received: \d+/] },
    ],
  },
  {
    programs: [{
      file: "pubsub_options",
      prints: [
        /kept: the latest/,
        /joe: others, everybody, not that session, joe alone, backends, the latest\n/,
        /guest: others, everybody, not joe, no backend, that session, the latest, the latest\n/,
        /publisher: everybody\n/,
      ],
    }],
  },
  {
    programs: [{ file: "methods", prints: [/price: 900/, /bicycle costs 950 now/] }],
    not: { "Node.js": "it has no decorators yet" },
  },
];
