/** The options that all client commands have: where to connect, and as whom. */
import { Command, Option, type OptionValues } from "@commander-js/extra-typings";
import { type Authmethod, AUTHMETHODS } from "../../auth/authmethod.ts";
import type { Dict } from "../../wamp/message.ts";
import { dictionary, milliseconds, name, names } from "./option_values.ts";

/** Cookies are for browsers. */
const CLIENT_METHODS = AUTHMETHODS.filter((method) => method !== "cookie");

/** As commander gives them; what belongs to which method is checked in `credentials.ts`. */
export interface ClientOptions {
  readonly url: string;
  readonly realm: string;
  readonly serializer?: readonly string[] | undefined;
  readonly authmethod?: Exclude<Authmethod, "cookie"> | undefined;
  readonly authid?: string | undefined;
  readonly authrole?: string | undefined;
  readonly authextra?: Dict | undefined;
  readonly secretFile?: string | undefined;
  readonly secretEnv?: string | undefined;
  readonly channelBinding?: "tls-unique" | "tls-exporter" | "tls-server-end-point" | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly connectTimeout: number;
  readonly json?: true | undefined;
}

/** A command with them. */
export function clientCommand(title: string, description: string) {
  return sessionCommand(title, description)
    .addOption(
      new Option(
        "-u, --url <url>",
        "ws://, wss://, rs://, rss://, unix+ws: or unix+rs: of the router",
      )
        .env("REALMWAY_URL").default("ws://127.0.0.1:8080/ws").argParser(name),
    );
}

/** For commands whose URL is an argument. */
export function sessionCommand(title: string, description: string) {
  const command = new Command(title)
    .description(description)
    .addOption(
      new Option("-r, --realm <realm>", "realm to join").env("REALMWAY_REALM").default("realm1")
        .argParser(name),
    )
    .option("--serializer <names>", "json, msgpack or cbor, or several with commas", names)
    .addOption(
      new Option("--authmethod <method>", "how to prove who this is (default: not at all)")
        .choices(CLIENT_METHODS),
    )
    .option("--authid <authid>", "who this is", name)
    .option("--authrole <role>", "role to ask for", name)
    .option("--authextra <object>", "further details for the router, a JSON object", dictionary);
  return withSecrets(command)
    .option(
      "--tls-ca <file>",
      "authorities of the router's certificate, in place of the system's",
      name,
    )
    .option("--tls-certificate <file>", "client certificate, for authmethod tls", name)
    .option("--tls-key <file>", "its private key", name)
    .addOption(
      new Option("--connect-timeout <ms>", "until the realm is joined").default(10_000)
        .argParser(milliseconds),
    )
    .option("--json", "print JSON, one value a line, for programs");
}

/** With the options that say where secrets are. */
export function withSecrets<Options extends OptionValues>(command: Command<[], Options>) {
  return command
    .option(
      "--secret-file <file>",
      "file with the ticket, password, secret or token, or the private key of cryptosign; only its " +
        "owner may have access to it (secrets are never taken from the command line, which others see)",
      name,
    )
    .option("--secret-env <variable>", "environment variable with it instead", name)
    .addOption(
      new Option("--channel-binding <type>", "binds cryptosign and scram to the TLS connection")
        .choices(["tls-unique", "tls-exporter", "tls-server-end-point"]),
    );
}
