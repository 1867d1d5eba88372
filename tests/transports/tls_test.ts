import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import type { ByteStream, TlsPeer } from "../../transports/byte_stream.ts";
import { connect } from "../../transports/connect.ts";
import {
  type ClientTlsOptions,
  ConnectError,
  type Listener,
  ListenError,
  type TlsOptions,
} from "../../transports/endpoint.ts";
import { listen } from "../../transports/listen.ts";
import { runtimeName } from "../../transports/runtime/runtime.ts";
import { Probe } from "../kit/probe.ts";
import { clientTls, pem, serverTls, turn } from "../kit/streams.ts";

const peter = { cert: pem("client.crt"), key: pem("client.key") };
const stranger = { cert: pem("stranger.crt"), key: pem("stranger.key") };

interface Host {
  readonly listener: Listener;
  readonly port: number;
  readonly streams: ByteStream[];
  readonly probes: Probe[];
}

/** Says "hello" to everyone whose handshake succeeds. */
async function tlsHost(options: Partial<TlsOptions> = {}): Promise<Host> {
  const streams: ByteStream[] = [];
  const probes: Probe[] = [];
  const listener = await listen(
    { kind: "tcp", host: "127.0.0.1", port: 0, tls: { ...serverTls, ...options } },
    (stream) => {
      streams.push(stream);
      const probe = new Probe(stream);
      probes.push(probe);
      void probe.sendText("hello");
      probe.stream.onEnd = () => stream.close();
    },
  );
  assert.ok("port" in listener.address);
  return { listener, port: listener.address.port, streams, probes };
}

/** The greeting, or why there was none. */
async function greeting(
  port: number,
  options: ClientTlsOptions = clientTls,
  host = "localhost",
): Promise<{ text: string; peer: TlsPeer | undefined }> {
  const stream = await connect({ kind: "tcp", host, port, tls: options }, { timeoutMs: 5000 });
  const probe = new Probe(stream);
  await probe.until(() => probe.text === "hello" || probe.isClosed || probe.count("end") > 0);
  const { text } = probe;
  probe.stream.close();
  await probe.closed;
  return { text, peer: stream.tls };
}

async function refusal(port: number, options: ClientTlsOptions): Promise<string> {
  try {
    // With TLS 1.3 the client learns of it only when it reads.
    const { text } = await greeting(port, options);
    return text === "" ? "closed" : text;
  } catch (error) {
    assert.ok(error instanceof ConnectError);
    return error.reason;
  }
}

test("TLS: client and server speak 1.3, and the client knows the server's certificate", async () => {
  const host = await tlsHost();
  const { text, peer } = await greeting(host.port);
  assert.equal(text, "hello");
  assert.equal(peer?.protocol, "TLSv1.3");
  assert.equal(peer?.certificate?.subject["CN"], "localhost");
  assert.equal(
    peer?.certificate?.sha256,
    new X509Certificate(pem("server.crt")).fingerprint256,
  );
  assert.equal(host.streams[0]?.tls?.protocol, "TLSv1.3");
  assert.equal(host.streams[0]?.tls?.certificate, undefined);
  await host.listener.close();
});

test("TLS: an address is compared with the certificate too", async () => {
  const host = await tlsHost();
  assert.equal((await greeting(host.port, clientTls, "127.0.0.1")).text, "hello");
  await host.listener.close();
});

test("TLS: an unknown authority and a wrong name are refused, unless nobody minds", async () => {
  const host = await tlsHost();
  assert.equal(await refusal(host.port, {}), "tls");
  assert.equal(await refusal(host.port, { ...clientTls, serverName: "example.com" }), "tls");
  assert.equal(await refusal(host.port, { rejectUnauthorized: false }), "hello");
  await host.listener.close();
});

test("TLS: a client certificate is required, and known afterwards", async () => {
  const host = await tlsHost({ clientCertificate: "require" });
  const { text } = await greeting(host.port, { ...clientTls, ...peter });
  assert.equal(text, "hello");
  const certificate = host.streams[0]?.tls?.certificate;
  assert.deepEqual({ ...certificate?.subject }, {
    CN: "peter",
    O: "Realmway Tests",
    OU: "Components",
  });
  assert.equal(certificate?.sha256, new X509Certificate(peter.cert).fingerprint256);
  assert.notEqual(await refusal(host.port, clientTls), "hello");
  assert.notEqual(await refusal(host.port, { ...clientTls, ...stranger }), "hello");
  assert.equal(host.streams.length, 1);
  await host.listener.close();
});

test("TLS: a client certificate may be left out when it is only requested, but not forged", async () => {
  const host = await tlsHost({ clientCertificate: "request" });
  assert.equal((await greeting(host.port)).text, "hello");
  assert.equal(host.streams[0]?.tls?.certificate, undefined);
  assert.equal((await greeting(host.port, { ...clientTls, ...peter })).text, "hello");
  assert.equal(host.streams[1]?.tls?.certificate?.subject["CN"], "peter");
  assert.notEqual(await refusal(host.port, { ...clientTls, ...stranger }), "hello");
  assert.equal(host.streams.length, 2);
  await host.listener.close();
});

test(
  "TLS: both ends export the same channel binding",
  { skip: runtimeName === "deno" },
  async () => {
    const host = await tlsHost();
    const first = await greeting(host.port);
    const second = await greeting(host.port);
    assert.equal(first.peer?.channelBinding?.length, 32);
    assert.deepEqual(first.peer?.channelBinding, host.streams[0]?.tls?.channelBinding);
    assert.notDeepEqual(first.peer?.channelBinding, second.peer?.channelBinding);
    await host.listener.close();
  },
);

test("TLS: versions below the minimum are refused", async () => {
  const host = await tlsHost({ minVersion: "TLSv1.3" });
  const versions = async (maxVersion: tls.SecureVersion) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port: host.port,
      ca: clientTls.ca,
      maxVersion,
      minVersion: "TLSv1.2",
    });
    const outcome = await new Promise<string>((resolve) => {
      socket.once("secureConnect", () => resolve(socket.getProtocol() ?? ""));
      socket.once("error", () => resolve("refused"));
    });
    socket.destroy();
    return outcome;
  };
  assert.equal(await versions("TLSv1.3"), "TLSv1.3");
  assert.equal(await versions("TLSv1.2"), "refused");
  await host.listener.close();
});

test("TLS: a new certificate serves new connections, and the old ones go on", async () => {
  const host = await tlsHost();
  const old = new Probe(
    await connect({ kind: "tcp", host: "localhost", port: host.port, tls: clientTls }, {
      timeoutMs: 5000,
    }),
  );
  await old.received(5);
  host.listener.setSecureContext({ cert: pem("server2.crt"), key: pem("server2.key") });
  const { peer } = await greeting(host.port);
  assert.equal(peer?.certificate?.subject["O"], "Realmway Tests 2");
  await host.probes[0]?.sendText("again");
  await old.received(10);
  assert.equal(old.text, "helloagain");
  old.stream.abort();
  await host.listener.close();
});

test("TLS: bad certificates are refused in words, at the start and later", async () => {
  const bad: Record<string, TlsOptions> = {
    "the certificate is not readable": { cert: "rubbish", key: serverTls.key },
    "the private key is not readable": { cert: serverTls.cert, key: "rubbish" },
    "the private key belongs to another certificate": {
      cert: serverTls.cert,
      key: pem("server2.key"),
    },
    "an authority is not readable": { ...serverTls, ca: "rubbish" },
  };
  const host = await tlsHost();
  for (const [text, options] of Object.entries(bad)) {
    const isSaid = (error: unknown) =>
      error instanceof ListenError && error.message.includes(`: ${text}`);
    await assert.rejects(
      listen({ kind: "tcp", host: "127.0.0.1", port: 0, tls: options }, () => {}),
      isSaid,
    );
    assert.throws(() => host.listener.setSecureContext(options), isSaid);
  }
  assert.equal((await greeting(host.port)).text, "hello");
  await host.listener.close();
});

test("TLS: garbage instead of a handshake, and a client that goes away in it, hurt nobody", async () => {
  const host = await tlsHost({ handshakeTimeoutMs: 300 });
  const ends: Promise<void>[] = [];
  for (
    const bytes of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "", "\x16\x03\x01\x02\x00garbage"]
  ) {
    for (const leaves of [true, false]) {
      const socket = net.connect(host.port, "127.0.0.1", () => {
        socket.write(bytes, "latin1");
        if (leaves) socket.resetAndDestroy();
      });
      socket.on("error", () => {});
      socket.resume();
      ends.push(new Promise((resolve) => socket.once("close", () => resolve())));
    }
  }
  await Promise.all(ends);
  await turn();
  assert.equal((await greeting(host.port)).text, "hello");
  assert.equal(host.streams.length, 1);
  await host.listener.close();
});
