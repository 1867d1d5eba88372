/** `status`, `stop`, `top`, `reload`, and `realm`, `role`, `link`, `transport`, `component`, `worker` with what can be done to each: clients of a node's management API. */
import { Command, Option } from "@commander-js/extra-typings";
import { KILLED } from "../../wamp/uris.ts";
import { type Kind, KINDS } from "./managed_kinds.ts";
import { operatorCommand, routerCommand } from "./operator_options.ts";
import { examples, milliseconds, name, natural } from "./option_values.ts";

type Done = (code: number) => void;

const REALM = ["<realm>", "id or name of the realm"] as const;

/** @param done is told the exit code. */
export function addOperatorCommands(program: Command, done: Done): void {
  program.addCommand(statusCommand(done));
  program.addCommand(stopCommand(done));
  program.addCommand(topCommand(done));
  program.addCommand(reloadCommand(done));
  for (const kind of KINDS) program.addCommand(kindCommand(kind, done));
}

function statusCommand(done: Done) {
  return operatorCommand("status", "what a running node is, has and listens on")
    .addHelpText(
      "after",
      examples([
        "realmway status",
        "realmway status --cbdir /etc/realmway",
        "realmway status --socket /srv/chat/.realmway/management.sock --json | jq .uptime",
      ]),
    )
    .action(async (options) => done(await (await import("./status.ts")).status(options)));
}

function stopCommand(done: Done) {
  return operatorCommand("stop", "stop a running node, and wait until it has ended")
    .option(
      "--drain",
      "let it accept nobody any more and wait for calls in flight first, up to drain_timeout of its configuration",
    )
    .addHelpText("after", examples(["realmway stop", "realmway stop --drain"]))
    .action(async (options) => done(await (await import("./stop.ts")).stop(options)));
}

function reloadCommand(done: Done) {
  return operatorCommand(
    "reload",
    "have a running node read its configuration anew and change what differs, all or nothing",
  )
    .addHelpText(
      "after",
      `\nWithout a socket of the management API, SIGHUP does the same; the node's log then says what became of it.\n${
        examples(["realmway reload", "realmway check && realmway reload --json"])
      }`,
    )
    .action(async (options) => done(await (await import("./reload.ts")).reload(options)));
}

function topCommand(done: Done) {
  return routerCommand(
    "top",
    "live sessions, rates, slow consumers and memory, until SIGINT (Ctrl-C)",
  )
    .addOption(
      new Option("--interval <ms>", "between two looks").default(2000).argParser(milliseconds),
    )
    .option("-n, --count <looks>", "end after so many", natural)
    .addHelpText(
      "after",
      `\nOn a terminal it is one screen; elsewhere a line for each look, or a JSON value with --json.\n${
        examples([
          "realmway top",
          "realmway top --interval 10000 >> top.log",
          "realmway top --json --count 1 | jq .rates.received",
        ])
      }`,
    )
    .action(async (options) => done(await (await import("./top.ts")).top(options)));
}

function kindCommand(kind: Kind, done: Done): Command {
  const command = new Command(kind.name).description(kind.description)
    .addHelpText("after", examples(examplesOf(kind, "list")));
  const place = kind.isInRealm ? [REALM] : [];
  const id = ["<id>", `id of the ${kind.name}`] as const;
  const one = kind.name === "realm" ? REALM : id;
  command.addCommand(action(kind, "list", `list ${kind.description}`, place, done));
  command.addCommand(
    action(kind, "show", `print all about one, without secrets`, [...place, one], done),
  );
  const file = [
    "<file>",
    "its configuration in JSON or YAML; - for JSON on standard input",
  ] as const;
  const text = `start a ${kind.name}, until the node ends: nothing is written to its configuration`;
  command.addCommand(action(kind, "start", text, [...place, id, file], done));
  command.addCommand(action(kind, "stop", `stop a ${kind.name}`, [...place, one], done));
  if (kind.name === "realm") command.addCommand(killCommand(done));
  if (kind.name === "worker") command.addCommand(logCommand(done));
  return command;
}

type Verb = "list" | "show" | "start" | "stop";

function action(
  kind: Kind,
  verb: Verb,
  description: string,
  places: readonly (readonly [string, string])[],
  done: Done,
): Command {
  const runsIn = kind.name === "component" ? "router worker or container" : undefined;
  const command = kind.name === "worker"
    ? operatorCommand(verb, description)
    : routerCommand(verb, description, runsIn);
  for (const [place, text] of places) command.argument(place, text, name);
  command.addHelpText("after", examples(examplesOf(kind, verb)));
  command.action(async () => {
    const operate = await import("./operate.ts");
    done(await operate[verb](kind, command.args, command.opts()));
  });
  return command;
}

function examplesOf(kind: Kind, verb: Verb): string[] {
  const line = `realmway ${kind.name} ${verb}${kind.isInRealm ? " realm1" : ""}`;
  const id = `${kind.name}001`;
  switch (verb) {
    case "list":
      return [line, `${line} --json`];
    case "show":
      return [`${line} ${id}`, `${line} ${id} --json`];
    case "start":
      return [`${line} more ${kind.example}`, `${line} more - < ${kind.example}`];
    case "stop":
      return [`${line} ${id}`];
  }
}

function killCommand(done: Done) {
  const command = routerCommand("kill", "end the sessions of an authid")
    .argument(...REALM)
    .argument("<authid>", "whose sessions", name)
    .option("--reason <uri>", "that they are told", name, KILLED)
    .option("--message <text>", "for people")
    .addHelpText(
      "after",
      examples([
        "realmway realm kill realm1 joe",
        'realmway realm kill realm1 joe --message "Your account has ended"',
      ]),
    );
  command.action(async (realm, authid, options) => {
    done(await (await import("./operate.ts")).kill([realm, authid], options));
  });
  return command;
}

function logCommand(done: Done) {
  const command = operatorCommand("log", "print the latest lines of a worker's output")
    .argument("<id>", "id of the worker, one with a process of its own", name)
    .addOption(
      new Option("-n, --lines <count>", "at most so many").default(100).argParser(natural),
    )
    .addHelpText(
      "after",
      examples([
        "realmway worker log worker002",
        "realmway worker log worker002 --lines 1000 --json | jq -r .line",
      ]),
    );
  command.action(async (id, options) => {
    done(await (await import("./operate.ts")).log(id, options));
  });
  return command;
}
