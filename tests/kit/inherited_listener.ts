/** A program that listens on descriptor 3, greets one client, and ends. */
import { listen } from "../../transports/listen.ts";
import { Probe } from "./probe.ts";

const listener = await listen({ kind: "fd", fd: 3 }, (stream) => {
  const probe = new Probe(stream);
  void probe.sendText("inherited").then(() => stream.close());
  void probe.closed.then(() => listener.close());
});
