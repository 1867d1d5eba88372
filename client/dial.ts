/**
 * How a session comes to its connection where `transports/` can run. It is loaded when first needed, so that a browser that loads the
 * modules one by one never asks for it; bundlers take `dial_browser.ts` in place of this file (package.json, "browser").
 */
import type { Dial } from "./transport.ts";

export const dial: Dial = async (options, attach) => {
  const isBrowser = !("process" in globalThis);
  const module = isBrowser ? await import("./dial_browser.ts") : await import("./dial_native.ts");
  return await module.dial(options, attach);
};
