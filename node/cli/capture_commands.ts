/** `realmway record` and `replay`, with their options. */
import { Command, Option } from "@commander-js/extra-typings";
import { withSecrets } from "./client_options.ts";
import { examples, milliseconds, name } from "./option_values.ts";

type Done = (code: number) => void;

/** Of which a proof, or a secret that recordings are without, can be made anew. */
const REPLAYED_METHODS = ["ticket", "wampcra", "cryptosign", "scram", "jwt"] as const;

const URLS = "ws://, wss://, rs://, rss://, unix+ws: or unix+rs: of the router";

/** @param done is told the exit code. */
export function addCaptureCommands(program: Command, done: Done): void {
  program.addCommand(recordCommand(done));
  program.addCommand(replayCommand(done));
}

function captureCommand(title: string, description: string) {
  return new Command(title)
    .description(description)
    .option(
      "--tls-ca <file>",
      "authorities of the router's certificate, in place of the system's",
      name,
    );
}

function recordCommand(done: Done) {
  return captureCommand(
    "record",
    "stand between clients and a router, and write down who says what and when, until SIGINT (Ctrl-C)",
  )
    .argument("<url>", URLS, name)
    .addOption(
      new Option("--listen <address>", "port, or host:port, that clients connect to instead")
        .default("127.0.0.1:0").argParser(name),
    )
    .option("-o, --output <file>", "new file for the recording (default: standard output)", name)
    .option("--keep-secrets", "keep tickets and tokens, too, without which they cannot be replayed")
    .addHelpText(
      "after",
      examples([
        "realmway record ws://127.0.0.1:8080/ws --listen 9000 -o session.jsonl",
        "realmway record rs://127.0.0.1:8080 | jq -c .message",
      ]),
    )
    .action(async (url, options) => done(await (await import("./record.ts")).record(url, options)));
}

function replayCommand(done: Done) {
  const command = captureCommand(
    "replay",
    "do again what the clients of a recording did, against any router, and say what it answers differently",
  )
    .addOption(
      new Option(
        "--authmethod <method>",
        "how the sessions that offered it prove who they are (default: by what is in the recording)",
      ).choices(REPLAYED_METHODS),
    )
    .option("--authid <authid>", "who they are; sessions of others prove it as recorded", name);
  return withSecrets(command)
    .argument("<file>", "recording of realmway record", name)
    .argument("<url>", URLS, name)
    .addOption(
      new Option("--patience <ms>", "how long to wait for an answer that was recorded")
        .default(5000).argParser(milliseconds),
    )
    .option("--strict", "compare what routers may word as they like, too")
    .option("--json", "print JSON, one value a line, for programs")
    .addHelpText(
      "after",
      examples([
        "realmway replay session.jsonl ws://127.0.0.1:8080/ws",
        "realmway replay session.jsonl rs://new.example.com:8080 --strict --json",
        "realmway replay session.jsonl ws://127.0.0.1:8080/ws --authmethod wampcra --authid joe --secret-file joe.secret",
      ]),
    )
    .action(async (file, url, options) => {
      done(await (await import("./replay.ts")).replay(file, url, options));
    });
}
