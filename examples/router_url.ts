/** Where the examples find their router: the argument of the program, or `?router=` of the page that it is bundled for, else the demo router's address. */
const argument = globalThis.process?.argv[2];
const ofPage = new URLSearchParams(globalThis.location?.search).get("router");
const routerUrl = argument ?? ofPage ?? "ws://localhost:8080/ws";
export default routerUrl;

/** The path of the same router where it wants to know who joins. */
export const authUrl = new URL("/auth_ws", routerUrl).href;
