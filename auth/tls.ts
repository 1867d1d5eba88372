/**
 * The peer is who its TLS certificate says: matched by fingerprint, or by subject if the certificate chains to a trusted authority.
 * There is no challenge, as the TLS handshake has proved the peer's key already. [WAMP auth-methods]
 */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import type {
  Certificate,
  ClientMethod,
  ClientMethodOptions,
  RouterMethod,
  RouterMethodOptions,
} from "./authmethod.ts";
import { denied, guarded, HandshakeError, unusable } from "./authmethod.ts";
import { admitted, find, PrincipalError, type Principals, textIn, unknown } from "./principals.ts";

const METHOD = "tls";

/** `principals` are asked with the certificate, and the authid if the peer gave one. See `certifiedPrincipals`. */
export function tlsRouter(options: RouterMethodOptions): RouterMethod {
  return guarded(METHOD, [METHOD], (request) => {
    const certificate = request.connection.certificate;
    if (certificate === undefined) {
      return unusable(METHOD, "found no client certificate, expected one");
    }
    const query = { authmethod: METHOD, request, authid: request.authid, certificate } as const;
    return find(options, query).then((record) => {
      if (record !== undefined) {
        return admitted(record, request, { ...options, authmethod: METHOD });
      }
      if (options.revealsUnknown === true) return unknown(query);
      return denied(METHOD, "no principal has this certificate");
    });
  });
}

/** Principals at hand, by authid, known by what their certificates have: "certificate-sha256", "certificate-sha1",
 * "certificate-subject" (a dictionary such as {"CN": "client_0"}: every attribute in it must be the certificate's). All that a record
 * names must match, and it must name something. If several match, the peer must say its authid. */
export function certifiedPrincipals(records: Readonly<Record<string, Dict>>): Principals {
  const all = Object.entries(records).map(([authid, record]) => ({
    name: authid,
    record: { "authid": authid, ...record },
    matches: matcher(record),
  }));
  return {
    find({ authid, certificate }) {
      if (certificate === undefined) return undefined;
      const fit = all.filter(({ name, matches }) =>
        (authid === undefined || authid === name) && matches(certificate)
      );
      return fit.length === 1 ? fit[0]?.record : undefined;
    },
  };
}

function matcher(record: Dict): (certificate: Certificate) => boolean {
  const sha1 = fingerprintIn(record, "certificate-sha1", 20);
  const sha256 = fingerprintIn(record, "certificate-sha256", 32);
  const subject = subjectIn(record);
  if (sha1 === undefined && sha256 === undefined && subject === undefined) {
    throw new PrincipalError("certificate-sha256", undefined, "a fingerprint or a subject");
  }
  return (certificate) =>
    (sha256 === undefined || plain(certificate.sha256) === sha256) &&
    (sha1 === undefined || plain(certificate.sha1 ?? "") === sha1) &&
    (subject === undefined || isSubject(subject, certificate));
}

function isSubject(subject: Dict, certificate: Certificate): boolean {
  if (certificate.isTrusted !== true) return false;
  return Object.entries(subject).every(([key, value]) =>
    Object.hasOwn(certificate.subject, key) && certificate.subject[key] === value
  );
}

function fingerprintIn(record: Dict, key: string, length: number): string | undefined {
  const text = textIn(record, key);
  if (text === undefined) return undefined;
  const digits = plain(text);
  if (/^[0-9a-f]*$/.test(digits) && digits.length === 2 * length) return digits;
  throw new PrincipalError(key, text, `${length} bytes in hexadecimal`);
}

function subjectIn(record: Dict): Dict | undefined {
  const subject = record["certificate-subject"] ?? undefined;
  if (subject === undefined) return undefined;
  const isFit = isDict(subject) && Object.keys(subject).length > 0 &&
    Object.values(subject).every((value) => typeof value === "string");
  if (isFit) return subject;
  throw new PrincipalError("certificate-subject", subject, "a dictionary of strings");
}

/** "B6:E5" and "b6e5" are one fingerprint. */
function plain(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}

/** The certificate itself is the transport's business. */
export function tlsClient(options: ClientMethodOptions = {}): ClientMethod {
  return {
    names: [METHOD],
    authid: options.authid,
    authrole: options.authrole,
    begin: () => ({
      authextra: options.authextra ?? {},
      answer() {
        throw new HandshakeError("Cannot answer CHALLENGE: found one for tls, expected none");
      },
    }),
  };
}
