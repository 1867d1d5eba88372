/** Requests of pages of other origins: those that POST, and what browsers ask before. Used by the HTTP bridge and by long-polling. */

/** Answers what a browser asks before it lets a page send. */
export function preflight(request: Request): Response {
  const headers = new Headers({
    "allow": "POST, PUT, OPTIONS",
    "access-control-allow-methods": "POST, PUT, OPTIONS",
  });
  const wanted = request.headers.get("access-control-request-headers");
  if (wanted !== null) headers.set("access-control-allow-headers", wanted);
  return withOrigin(request, new Response(null, { status: 200, headers }));
}

/** Pages of all origins may ask, and bring cookies, as AutobahnJS does: nothing here looks at any. */
export function withOrigin(request: Request, response: Response): Response {
  const origin = request.headers.get("origin");
  const isKnown = origin !== null && origin !== "null";
  response.headers.set("access-control-allow-origin", isKnown ? origin : "*");
  if (isKnown) response.headers.set("access-control-allow-credentials", "true");
  return response;
}
