/** What the address of a WebSocket service answers to a request that is no upgrade: a page for people who open it in a browser, or just 426. */
import { VERSION } from "../../wamp/version.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import type { WebSocketConnectionConfig } from "../config/schema_web.ts";
import { escapeHtml, htmlDocument, PAGE_HEADERS, refusedMethod } from "./document.ts";

export function webSocketPage(
  request: Request,
  { options, serializers = codecs.map(({ name }) => name) }: WebSocketConnectionConfig,
): Response {
  if (!options.enable_webstatus) {
    return new Response("This address speaks WebSocket only.\n", {
      status: 426,
      headers: {
        "upgrade": "websocket",
        "connection": "upgrade",
        "content-type": "text/plain; charset=utf-8",
      },
    });
  }
  const refusal = refusedMethod(request.method);
  if (refusal !== undefined) return refusal;
  const software = options.show_server_version ? `Realmway ${VERSION}` : "Realmway";
  const protocols = serializers.flatMap((name) => [`wamp.2.${name}`, `wamp.2.${name}.batched`])
    .map((protocol) => `<code>${escapeHtml(protocol)}</code>`);
  const body =
    `<p>This address is for WAMP clients, which connect by WebSocket. The router is running.</p>
<table>
<tr><th>Software</th><td>${software}</td></tr>
<tr><th>Subprotocols</th><td>${protocols.join(", ")}</td></tr>
</table>`;
  return new Response(htmlDocument("WAMP router", body), { headers: PAGE_HEADERS });
}
