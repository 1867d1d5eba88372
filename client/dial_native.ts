import type { Dial } from "./transport.ts";
export const dial: Dial = () => Promise.reject(new Error("not there"));
