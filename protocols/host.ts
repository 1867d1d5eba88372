/** What the connections of this entry point share; nothing of any one of them. */
import { TransportHost } from "../transports/host.ts";
import { consoleLog } from "../client/log.ts";

export const HOST: TransportHost = new TransportHost({
  onFault: (error) => consoleLog.error("Connection ended by a fault: {error}", { error }),
});
