/** The HTML pages that the node itself makes: listings, node info, errors. One look, no scripts, nothing loaded from elsewhere. */

const STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;" +
  "padding:0 1rem}table{border-collapse:collapse}th,td{text-align:left;padding:.2rem 1.5rem " +
  ".2rem 0}:root{color-scheme:light dark}";

/** Headers of every such page. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-cache",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/** @param body is HTML: whoever builds it escapes what comes from outside. */
export function htmlDocument(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`;
}

/** An answer without content of its own, such as 404. */
export function statusDocument(status: number, title: string, text: string): Response {
  const body = htmlDocument(`${status} ${title}`, `<p>${escapeHtml(text)}</p>`);
  return new Response(body, { status, headers: PAGE_HEADERS });
}

export function notFound(): Response {
  return statusDocument(404, "Not Found", "There is nothing at this address.");
}

/** Answers a method that is neither GET nor HEAD; undefined for these two. */
export function refusedMethod(method: string): Response | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  const response = statusDocument(405, "Method Not Allowed", "Only GET and HEAD work here.");
  response.headers.set("allow", "GET, HEAD");
  return response;
}

/** Text as it may stand in HTML and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
