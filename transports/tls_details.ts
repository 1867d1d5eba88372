/** What a session may know of its connection's TLS. Used by all transports, at both ends. */
import type { TransportDetails } from "../router/ports.ts";
import type { TlsPeer } from "./byte_stream.ts";

export function tlsDetails(
  tls: TlsPeer | undefined,
): Pick<TransportDetails, "certificate" | "channelBinding"> {
  if (tls === undefined) return {};
  const { certificate, channelBinding } = tls;
  return {
    ...(certificate !== undefined && { certificate }),
    ...(channelBinding !== undefined && {
      channelBinding: (type) => type === "tls-exporter" ? channelBinding : undefined,
    }),
  };
}
