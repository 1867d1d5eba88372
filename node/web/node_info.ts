/** The page of a `nodeinfo` service: which software runs here and since when. Nothing that helps an attacker beyond that; also as JSON. */
import { VERSION } from "../../wamp/version.ts";
import { escapeHtml, htmlDocument, PAGE_HEADERS, refusedMethod } from "./document.ts";

export interface NodeFacts {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly now: () => number;
}

/** HTML for browsers, JSON for who asks for it. */
export function nodeInfo(request: Request, facts: NodeFacts): Response {
  const refusal = refusedMethod(request.method);
  if (refusal !== undefined) return refusal;
  const uptimeSeconds = Math.floor((facts.now() - facts.startedAt) / 1000);
  const started = new Date(facts.startedAt).toISOString();
  const accepted = request.headers.get("accept") ?? "";
  if (accepted.includes("application/json") && !accepted.includes("text/html")) {
    const value = {
      "software": "Realmway",
      "version": VERSION,
      "node": facts.id,
      started,
      uptimeSeconds,
    };
    return Response.json(value, { headers: { "cache-control": "no-cache", "vary": "accept" } });
  }
  const rows = [
    ["Software", `Realmway ${VERSION}`],
    ["Node", facts.id],
    ["Started", started],
    ["Running for", duration(uptimeSeconds)],
  ].map(([name = "", value = ""]) => `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`);
  const body = `<table>\n${rows.join("\n")}\n</table>`;
  return new Response(htmlDocument("WAMP router", body), {
    headers: { ...PAGE_HEADERS, "vary": "accept" },
  });
}

function duration(seconds: number): string {
  const units: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const parts: string[] = [];
  let rest = seconds;
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}
