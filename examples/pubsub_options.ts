// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Who gets an event, who does not, and what is kept for those who come later: the options of `publish`. */
import { connect, type PublishOptions } from "realmway";
import routerUrl, { authUrl } from "./router_url.ts";

const topic = "com.myapp.news";
const realm = "crossbardemo";
const authentication = { ticket: { authid: "joe", ticket: "secret2" } };
const joe = await connect({ url: authUrl, realm, authentication });
const guest = await connect({ url: routerUrl, realm });
const publisher = await connect({ url: routerUrl, realm });

const parties = [
  { name: "joe", session: joe, received: new Array<string>() },
  { name: "guest", session: guest, received: new Array<string>() },
  { name: "publisher", session: publisher, received: new Array<string>() },
];
for (const { session, received } of parties) {
  await session.subscribe(topic, ([text]: readonly [string]) => void received.push(text));
}

/** Acknowledged: the promise resolves when the router has the event, and rejects when it will not take it. */
async function publish(text: string, options: PublishOptions = {}): Promise<void> {
  await publisher.publish(topic, [text], {}, { acknowledge: true, ...options });
}

await publish("others");
await publish("everybody", { excludeMe: false });
await publish("not that session", { exclude: [guest.id] });
await publish("not joe", { excludeAuthid: ["joe"] });
await publish("no backend", { excludeAuthrole: ["backend"] });
await publish("that session", { eligible: [guest.id] });
await publish("joe alone", { eligibleAuthid: ["joe"] });
await publish("backends", { eligibleAuthrole: ["backend"] });
await publish("the latest", { retain: true });

const kept = new Promise((resolve) => {
  // Who subscribes later can ask for the event that was kept.
  guest.subscribe(topic, ([text]) => resolve(text), { getRetained: true });
});
console.log(`kept: ${await kept}`);

// What a session is answered comes after the events that were published before it asked.
for (const { name, session, received } of parties) {
  await session.call("wamp.session.count");
  console.log(`${name}: ${received.join(", ")}`);
  await session.leave();
}
