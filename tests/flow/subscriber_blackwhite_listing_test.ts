import { test } from "node:test";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const ROLES = ["manager", "staff"].map((name) => ({ name, allowByDefault: true }));

/** A publisher, and four subscribers: two people under two roles each. */
class Office {
  readonly flow = new Flow({ roles: ROLES });
  readonly publisher = this.flow.join({ authid: "boss", authrole: "manager" });
  readonly annManager = this.#subscriber("ann", "manager");
  readonly annStaff = this.#subscriber("ann", "staff");
  readonly benManager = this.#subscriber("ben", "manager");
  readonly benStaff = this.#subscriber("ben", "staff");

  #subscriber(authid: string, authrole: string): Peer {
    const peer = this.flow.join({ authid, authrole });
    peer.subscribes("com.myapp.customer");
    return peer;
  }

  /** Publishes, and checks that exactly these peers receive it. */
  reaches(options: Record<string, unknown>, ...receivers: readonly Peer[]): void {
    this.publisher.publishes("com.myapp.customer", options, ["news"]);
    for (const receiver of receivers) receiver.receives("EVENT", ID, ID, {}, ["news"]);
    this.flow.ends();
  }
}

test("Broker: eligible lists are white lists [WAMP pubsub_subscriber_blackwhite_listing]", () => {
  const office = new Office();
  const { annManager, annStaff, benManager, benStaff } = office;
  office.reaches({}, annManager, annStaff, benManager, benStaff);
  office.reaches({ "eligible": [annManager.id, benStaff.id, 4711] }, annManager, benStaff);
  office.reaches({ "eligible_authid": ["ann"] }, annManager, annStaff);
  office.reaches({ "eligible_authrole": ["staff", "nobody"] }, annStaff, benStaff);
});

test("Broker: exclude lists are black lists", () => {
  const office = new Office();
  const { annManager, annStaff, benManager, benStaff } = office;
  office.reaches({ "exclude": [annManager.id, benStaff.id, 4711] }, annStaff, benManager);
  office.reaches({ "exclude_authid": ["ann"] }, benManager, benStaff);
  office.reaches({ "exclude_authrole": ["staff", "nobody"] }, annManager, benManager);
});

test("Broker: an empty white list means nobody, an empty black list everybody", () => {
  const office = new Office();
  const { annManager, annStaff, benManager, benStaff } = office;
  for (const key of ["eligible", "eligible_authid", "eligible_authrole"]) {
    office.reaches({ [key]: [] });
  }
  for (const key of ["exclude", "exclude_authid", "exclude_authrole"]) {
    office.reaches({ [key]: [] }, annManager, annStaff, benManager, benStaff);
    office.reaches({ [key]: null }, annManager, annStaff, benManager, benStaff);
  }
});

test("Broker: all lists hold together", () => {
  const office = new Office();
  const { annManager, annStaff, benManager, benStaff } = office;
  const all = [annManager.id, annStaff.id, benManager.id, benStaff.id];
  office.reaches({ "eligible": all, "exclude": [annManager.id] }, annStaff, benManager, benStaff);
  office.reaches({ "eligible_authid": ["ann"], "exclude_authrole": ["staff"] }, annManager);
  office.reaches({ "eligible_authid": ["ann"], "eligible_authrole": ["staff"] }, annStaff);
  office.reaches({ "eligible_authid": ["ann"], "exclude_authid": ["ann"] });
  office.reaches(
    { "eligible": all, "exclude_authid": ["ann"], "eligible_authrole": ["manager"] },
    benManager,
  );
  office.reaches({ "eligible": [benStaff.id], "eligible_authid": ["ann"] });
});

test("Broker: a white list does not bring the publisher its own event, without exclude_me: false", () => {
  const office = new Office();
  const { publisher } = office;
  publisher.subscribes("com.myapp.customer");
  office.reaches({ "eligible": [publisher.id] });
  office.reaches({ "eligible": [publisher.id], "exclude_me": false }, publisher);
  office.reaches({ "exclude_authrole": ["manager", "staff"], "exclude_me": false });
});

test("Broker: lists hold for subscriptions by pattern, and with one subscriber", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.subscribes("com", { "match": "prefix" });
  alice.publishes("com.myapp.customer", { "exclude": [bob.id] });
  flow.ends();
  alice.publishes("com.myapp.customer", { "eligible": [bob.id] });
  bob.receives("EVENT", ID, ID, { "topic": "com.myapp.customer" });
  flow.ends();
});

test("Broker: lists of anything but ids and strings answer invalid_argument", () => {
  const flow = new Flow();
  const alice = flow.join();
  const invalid = [
    { "eligible": 1 },
    { "eligible": ["1"] },
    { "eligible": [0] },
    { "exclude": [1.5] },
    { "exclude_authid": "ann" },
    { "eligible_authid": [1] },
    { "exclude_authrole": {} },
    { "eligible_authrole": [null] },
  ];
  for (const options of invalid) {
    const request = alice.publishes("com.myapp.customer", { ...options, "acknowledge": true });
    alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  flow.ends();
});
