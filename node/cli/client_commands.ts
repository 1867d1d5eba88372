/** `call`, `publish`, `subscribe`, `register`, `codegen` and `doctor`, with their options. Their code is loaded when they run. */
import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { ANSWER_FORMS } from "./answer_forms.ts";
import { clientCommand, sessionCommand } from "./client_options.ts";
import {
  dictionary,
  examples,
  keyword,
  milliseconds,
  name,
  names,
  natural,
  sessionIds,
} from "./option_values.ts";
import { ARGUMENT_RULE } from "./payload_options.ts";

type Done = (code: number) => void;

function matchOption() {
  return new Option("--match <how>", "what of the URI must match")
    .choices(["exact", "prefix", "wildcard"]);
}

/** @param done is told the exit code. */
export function addClientCommands(program: Command, done: Done): void {
  program.addCommand(callCommand(done));
  program.addCommand(publishCommand(done));
  program.addCommand(subscribeCommand(done));
  program.addCommand(registerCommand(done));
  program.addCommand(codegenCommand(done));
  program.addCommand(doctorCommand(done));
}

/** A command that sends arguments to a URI. */
function payloadCommand(title: string, description: string, uri: "procedure" | "topic") {
  return clientCommand(title, description)
    .argument(`<${uri}>`, `URI of the ${uri}`, name)
    .argument("[arguments...]", ARGUMENT_RULE)
    .option("-k, --kwarg <name=value>", "an argument with a name; may be repeated", keyword)
    .option("--kwargs <object>", "all arguments with names, a JSON object", dictionary)
    .option("--args <list>", "all arguments, a JSON list")
    .option("--strings", "take arguments as strings, whatever they look like");
}

function callCommand(done: Done) {
  return payloadCommand("call", "call a procedure and print its result", "procedure")
    .option("--timeout <ms>", "give the call up after that", milliseconds)
    .option("--progress", "ask for partial results, and print each as it comes")
    .addOption(
      new Option("--cancel-mode <mode>", "what SIGINT does to the call")
        .choices(["killnowait", "skip", "kill"]).default("killnowait"),
    )
    .option("--disclose-me", "ask the router to tell the callee who calls")
    .addOption(
      new Option("--run-mode <mode>", "of a sharded procedure: one shard, or all of them")
        .choices(["partition", "all"]),
    )
    .option("--resource-key <key>", "which shard", name)
    .addHelpText(
      "after",
      examples([
        "realmway call com.example.add2 2 3",
        "realmway call com.example.report --progress --timeout 60000 -k year=2026",
        "realmway call com.example.admin -u wss://example.com/ws --authmethod ticket --authid joe " +
        "--secret-file joe.ticket --json",
      ]),
    )
    .action(async (procedure, texts, options) =>
      done(await (await import("./call.ts")).call(procedure, texts, options))
    );
}

function publishCommand(done: Done) {
  return payloadCommand("publish", "publish an event", "topic")
    .option("--acknowledge", "wait for the broker, and print the ID of the publication")
    .option("--acknowledge-delivery", "wait for the subscribers, too (Realmway's broker)")
    .option("--delivery-timeout <ms>", "how long (default: 10000)", milliseconds)
    .option("--retain", "let the broker keep the event for later subscribers")
    .option("--disclose-me", "ask the broker to tell subscribers who publishes")
    .option("--exclude <sessions>", "session IDs that shall not receive it", sessionIds)
    .option("--exclude-authid <authids>", "authids that shall not receive it", names)
    .option("--exclude-authrole <roles>", "roles that shall not receive it", names)
    .option("--eligible <sessions>", "session IDs that alone shall receive it", sessionIds)
    .option("--eligible-authid <authids>", "authids that alone shall receive it", names)
    .option("--eligible-authrole <roles>", "roles that alone shall receive it", names)
    .option("--resource-key <key>", "which shard of sharded subscriptions", name)
    .addHelpText(
      "after",
      examples([
        "realmway publish com.example.greeting Hello",
        "realmway publish com.example.sensor 21.5 -k room=kitchen --retain --acknowledge",
        "realmway publish com.example.alarm --eligible-authrole guard,admin",
      ]),
    )
    .action(async (topic, texts, options) =>
      done(await (await import("./publish.ts")).publish(topic, texts, options))
    );
}

function subscribeCommand(done: Done) {
  return clientCommand("subscribe", "print events, one a line, until SIGINT (Ctrl-C)")
    .argument("<topics...>", "URIs or patterns of topics")
    .addOption(matchOption())
    .option("--get-retained", "ask for the events that the broker has kept")
    .option("--node-key <key>", "share the topics' work with other nodes", name)
    .option("-n, --count <events>", "end after so many", natural)
    .addHelpText(
      "after",
      examples([
        "realmway subscribe com.example.oncounter",
        "realmway subscribe com.example. --match prefix --json | jq .args",
        "realmway subscribe com.example.sensor --get-retained --count 1",
      ]),
    )
    .action(async (topics, options) =>
      done(await (await import("./subscribe.ts")).subscribe(topics, options))
    );
}

function registerCommand(done: Done) {
  return clientCommand("register", "answer calls of a procedure until SIGINT (Ctrl-C)")
    .argument("<procedure>", "URI or pattern of the procedure", name)
    .argument("[command...]", "run for each call, which it reads as JSON on standard input")
    .option("--echo", "answer with the arguments, in place of a command")
    .addOption(
      new Option(
        "--answer <form>",
        "what the command prints: one JSON value or text; lines, of which all but the last are partial " +
          'results; or an envelope, {"args": […], "kwargs": {…}, "error": "…"}',
      ).choices(ANSWER_FORMS).default("value" as const),
    )
    .addOption(matchOption())
    .addOption(
      new Option("--invoke <policy>", "which of several callees gets a call")
        .choices(["single", "first", "last", "roundrobin", "random"]),
    )
    .option("--concurrency <calls>", "at most so many at a time", natural)
    .option("--force", "take the procedure away from who has registered it")
    .option("--disclose-caller", "ask the dealer to tell who calls")
    .option("--node-key <key>", "the shard that this is", name)
    .addHelpText(
      "after",
      examples([
        "realmway register com.example.echo --echo",
        "realmway register com.example.date -- date -u",
        "realmway register com.example.total -- jq '.args | add'",
      ]),
    )
    .action(async (procedure, command, options) =>
      done(await (await import("./register.ts")).register(procedure, command, options))
    );
}

function codegenCommand(done: Done) {
  return clientCommand("codegen", "write the TypeScript interface of a realm, by its reflection")
    .option("-o, --output <file>", "where to (default: standard output)", name)
    .addOption(
      new Option("--name <name>", "name of the interface").default("Realm").argParser(typeName),
    )
    .addHelpText(
      "after",
      examples([
        "realmway codegen -u ws://127.0.0.1:8080/ws -r realm1 -o realm.ts",
        "realmway codegen --name Shop --json",
      ]),
    )
    .action(async (options) => done(await (await import("./codegen.ts")).codegen(options)));
}

function typeName(text: string): string {
  if (/^[A-Za-z_]\w*$/.test(text)) return text;
  throw new InvalidArgumentError("Expected the name of a TypeScript interface.");
}

function doctorCommand(done: Done) {
  return sessionCommand("doctor", "try every feature of a router, and say which ones work")
    .argument("<url>", "ws://, wss://, rs://, rss://, unix+ws: or unix+rs: of the router", name)
    .addHelpText(
      "after",
      examples([
        "realmway doctor ws://127.0.0.1:8080/ws",
        "realmway doctor rs://127.0.0.1:8080 --realm realm1 --json",
      ]),
    )
    .action(async (url, options) => done(await (await import("./doctor.ts")).doctor(url, options)));
}
