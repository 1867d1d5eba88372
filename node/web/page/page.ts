/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page that the router's development server shows: who is in the realm, and trying things out by hand.
 * Speaks WAMP with the project's own library, over the address it was loaded from. `?realm=` chooses the realm.
 */
import type { Session } from "../../../mod.ts";
import { CallForm } from "./call_form.ts";
import { Connection, type State } from "./connection.ts";
import { byId, make, setText } from "./dom.ts";
import { LiveList } from "./live_list.ts";
import { PublishForm } from "./publish_form.ts";
import { registrations, type SessionRow, sessions, subscriptions, type UriRow } from "./sources.ts";
import { TableView } from "./table_view.ts";
import { Tabs } from "./tabs.ts";
import { WatchPanel } from "./watch_panel.ts";

const realm = new URLSearchParams(location.search).get("realm") ?? "realm1";
const url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;

let session: Session | undefined;
let countdown: ReturnType<typeof setInterval> | undefined;
const openSession = () => session;
const tabs = new Tabs(byId("try", HTMLElement));
const callForm = new CallForm(openSession);
const publishForm = new PublishForm(openSession);
const watchPanel = new WatchPanel();

const sessionTable = new TableView<SessionRow>("sessions", [
  {
    text: (row) => String(row.id),
    look: "mono",
    badge: (row) => row.id === session?.id ? "this page" : "",
  },
  { text: (row) => row.authid, detail: (row) => row.authrole },
  { text: (row) => row.transport, detail: (row) => row.peer, look: "wide" },
]);
const registrationTable = new TableView<UriRow>("registrations", [
  { text: (row) => row.uri, look: "mono", badge: matchBadge },
  { text: (row) => row.invoke, look: "wide" },
  { text: (row) => String(row.count), look: "number" },
], {
  label: () => "Call",
  fullLabel: (row) => `Call ${row.uri}`,
  run(row) {
    tabs.select("call");
    callForm.fill(row.uri);
  },
});
const subscriptionTable = new TableView<UriRow>("subscriptions", [
  { text: (row) => row.uri || "everything", look: "mono" },
  { text: (row) => row.match, look: "wide" },
  { text: (row) => String(row.count), look: "number" },
], {
  label: () => "Publish",
  fullLabel: (row) => `Publish to ${row.uri}`,
  run(row) {
    tabs.select("publish");
    publishForm.fill(row.uri);
  },
});

const sessionList = new LiveList(sessions, (contents) => sessionTable.show(contents));
const registrationList = new LiveList(registrations, (contents) => {
  registrationTable.show({ ...contents, rows: contents.rows.toSorted(byUri) });
  offer("procedures", contents.rows);
});
const subscriptionList = new LiveList(subscriptions, (contents) => {
  subscriptionTable.show({ ...contents, rows: contents.rows.toSorted(byUri) });
  offer("topics", contents.rows);
});

const filter = byId("filter", HTMLInputElement);
const showMeta = byId("show-meta", HTMLInputElement);
filter.addEventListener("input", applyFilter);
showMeta.addEventListener("change", applyFilter);
applyFilter();

const realmField = byId("realm", HTMLInputElement);
realmField.value = realm;
document.title = `${realm} | Realmway`;
byId("realm-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  location.search = `?${new URLSearchParams({ "realm": realmField.value.trim() })}`;
});
for (const area of document.querySelectorAll("textarea")) {
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) area.form?.requestSubmit();
  });
}

const retry = byId("retry", HTMLButtonElement);
const connection = new Connection(url, realm, showState);
retry.addEventListener("click", () => connection.retry());
addEventListener("online", () => connection.retry());
connection.run();

function showState(state: State): void {
  clearInterval(countdown);
  session = state.kind === "open" ? state.session : undefined;
  const place = byId("state", HTMLElement);
  place.dataset["state"] = state.kind;
  retry.hidden = state.kind !== "waiting";
  byId("lists", HTMLElement).setAttribute("aria-busy", String(session === undefined));
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-needs-session]")) {
    button.disabled = session === undefined;
  }
  const text = byId("state-text", HTMLElement);
  switch (state.kind) {
    case "connecting":
      setText(text, "Connecting");
      break;
    case "open":
      setText(text, "Connected");
      sessionList.follow(state.session);
      registrationList.follow(state.session);
      subscriptionList.follow(state.session);
      watchPanel.follow(state.session);
      break;
    case "waiting": {
      setText(text, `Not connected. ${state.why}`);
      const tick = () => {
        const seconds = Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000));
        setText(retry, `Retry now (${seconds} s)`);
      };
      tick();
      countdown = setInterval(tick, 250);
    }
  }
}

function applyFilter(): void {
  const wanted = filter.value.trim().toLowerCase();
  const has = (text: string) => text.toLowerCase().includes(wanted);
  sessionTable.filter((row) => has(`${row.id} ${row.authid} ${row.authrole} ${row.peer}`));
  const isShown = (row: UriRow) =>
    has(row.uri) && (showMeta.checked || !row.uri.startsWith("wamp."));
  registrationTable.filter(isShown);
  subscriptionTable.filter(isShown);
}

/** Known URIs as suggestions. */
function offer(list: string, rows: readonly UriRow[]): void {
  const uris = rows.filter((row) => row.match === "exact").map((row) => row.uri).sort();
  byId(list, HTMLDataListElement).replaceChildren(
    ...uris.map((uri) => make("option", { value: uri })),
  );
}

function byUri(a: UriRow, b: UriRow): number {
  return a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0;
}

function matchBadge(row: UriRow): string {
  return row.match === "exact" ? "" : row.match;
}
