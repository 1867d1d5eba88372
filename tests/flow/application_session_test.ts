/** Sessions to derive from: which method is called when, and what becomes of what they throw. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { host, type Outcome } from "../../client/hosting.ts";
import { isApplicationSessionClass } from "../../client/application_session.ts";
import {
  ApplicationError,
  ApplicationSession,
  type ChallengeDetails,
  type CloseDetails,
  JoinError,
  type SessionDetails,
} from "../../mod.ts";
import { gate, TICKET } from "./authentication_kit.ts";
import { settled, until } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

class Watched extends ApplicationSession {
  readonly seen: string[] = [];

  override onConnect(): void {
    this.seen.push("connect");
    this.join(this.config.realm ?? "");
  }

  override onWelcome(_details: SessionDetails): string | void | Promise<string | void> {
    this.seen.push("welcome");
  }

  override onJoin({ realm, session }: SessionDetails): void | Promise<void> {
    assert.equal(this.id, session);
    this.seen.push(`join ${realm}`);
  }

  override onLeave({ reason }: CloseDetails): void {
    this.seen.push(`leave ${reason}`);
  }

  override onDisconnect(wasClean: boolean): void {
    this.seen.push(`disconnect ${wasClean}`);
  }

  override onUserError(error: unknown, text: string): void {
    this.seen.push(`${text}: ${error}`);
  }
}

function hosted(kit: ComponentFlow, session: ApplicationSession): Promise<Outcome> {
  const { clock, log, dial } = kit;
  return host(session, { url: "local", clock, log, dial });
}

test("ApplicationSession: its life, from connect to disconnect", async () => {
  const kit = new ComponentFlow();
  const session = new Watched({ realm: "realm1", extra: { n: 1 } });
  assert.equal(session.isOpen, false);
  assert.throws(() => session.session, /not joined yet/);
  const ended = hosted(kit, session);
  await settled();
  assert.ok(session.isOpen);
  await session.leave();
  const outcome = await ended;
  assert.deepEqual(session.seen, [
    "connect",
    "welcome",
    "join realm1",
    "leave wamp.close.normal",
    "disconnect true",
  ]);
  assert.deepEqual([outcome.wasReady, outcome.error], [true, undefined]);
  await assert.rejects(session.call("com.example.gone"), /found the session closed/);
  const again = await hosted(kit, session);
  assert.match(String(again.error), /found one in use, expected a new object/);
});

test("ApplicationSession: a lost connection is not clean", async () => {
  const kit = new ComponentFlow();
  const session = new Watched({ realm: "realm1" });
  const ended = hosted(kit, session);
  await settled();
  await kit.cut();
  assert.equal((await ended).left?.by, "transport");
  assert.equal(session.seen.at(-1), "disconnect false");
});

test("ApplicationSession: a refusal of the router is a leave without a join", async () => {
  const kit = new ComponentFlow();
  const session = new Watched({ realm: "nowhere" });
  const outcome = await hosted(kit, session);
  assert.ok(outcome.error instanceof JoinError);
  assert.deepEqual(session.seen, [
    "connect",
    "leave wamp.error.no_such_realm",
    "disconnect true",
  ]);
});

test("ApplicationSession: onChallenge answers for the methods that join offers", async () => {
  class Ticket extends Watched {
    override onConnect(): void {
      this.join("realm1", { authmethods: ["ticket"], authid: "joe" });
    }

    override onChallenge({ method }: ChallengeDetails): string {
      this.seen.push(`challenge ${method}`);
      return this.config.extra === "right" ? TICKET : "wrong";
    }
  }
  const kit = new ComponentFlow();
  kit.gate = await gate("ticket");
  const session = new Ticket({ extra: "right" });
  const ended = hosted(kit, session);
  await until(() => session.isOpen);
  await settled();
  assert.deepEqual([session.authid, session.authrole], ["joe", "anyone"]);
  assert.deepEqual(session.seen, ["challenge ticket", "welcome", "join realm1"]);
  await session.leave();
  await ended;
  const denied = await hosted(kit, new Ticket({ extra: "wrong" }));
  assert.equal(denied.left?.reason, "wamp.error.authentication_denied");
});

test("ApplicationSession: onWelcome may refuse, and nothing is joined then", async () => {
  class Picky extends Watched {
    override onWelcome(): string {
      return "not you";
    }
  }
  const kit = new ComponentFlow();
  const session = new Picky({ realm: "realm1" });
  const outcome = await hosted(kit, session);
  assert.match(String(outcome.error), /not you/);
  assert.ok(!session.seen.some((one) => one.startsWith("join")));
});

for (
  const [name, fail] of [["throws", () => assert.fail("on purpose")], [
    "rejects",
    () => Promise.reject(new ApplicationError("com.example.error", ["on purpose"])),
  ]] as const
) {
  test(`ApplicationSession: an onJoin that ${name} ends the session`, async () => {
    class Failing extends Watched {
      override onJoin(): Promise<void> {
        return fail();
      }
    }
    const kit = new ComponentFlow();
    const session = new Failing({ realm: "realm1" });
    const { wasReady, left, error } = await hosted(kit, session);
    assert.deepEqual([wasReady, left?.by], [false, "client"]);
    assert.match(String(error), /on purpose/);
    assert.match(session.seen[2] ?? "", /on purpose/);
    assert.deepEqual(session.seen.slice(3), [
      "leave wamp.error.runtime_error",
      "disconnect true",
    ]);
  });
}

test("ApplicationSession: disconnect ends it before it joins and after", async () => {
  class Hesitant extends Watched {
    override onConnect(): void {
      this.seen.push("connect");
    }
  }
  const kit = new ComponentFlow();
  const hesitant = new Hesitant();
  const ended = hosted(kit, hesitant);
  await settled();
  hesitant.disconnect();
  assert.match(String((await ended).error), /disconnected/);
  const session = new Watched({ realm: "realm1" });
  const joined = hosted(kit, session);
  await settled();
  session.disconnect();
  assert.equal((await joined).left?.by, "client");
  assert.equal(kit.clock.pendingCount, 0);
});

test("ApplicationSession: its classes are known by a symbol, not by this copy of the library", () => {
  class Foreign {
    [Symbol.for("realmway.ApplicationSession")](): void {}
  }
  assert.ok(isApplicationSessionClass(Watched) && isApplicationSessionClass(Foreign));
  assert.ok(!isApplicationSessionClass(class {}) && !isApplicationSessionClass(() => {}));
});
