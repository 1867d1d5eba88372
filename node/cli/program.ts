/**
 * The commands and their options, in Crossbar.io's words. A command's code is loaded when it runs: "--help" and "version" load none of the router.
 */
import {
  Argument,
  Command,
  CommanderError,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { VERSION } from "../../wamp/version.ts";
import { EXIT_CODES, EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from "./exit_codes.ts";
import { SHELLS } from "./shells.ts";
import { complain, print, styled } from "./output.ts";
import { CONFIG_FILE, examples, name, NODE_DIRECTORY } from "./option_values.ts";
import type { StopSignals } from "./process_events.ts";
import { TEMPLATES } from "./template_names.ts";

/**
 * Runs one command line. Resolves to the exit code; rejects only when there is a bug.
 * @param signals for "start", when they are watched already.
 */
export async function run(args: readonly string[], signals?: StopSignals): Promise<number> {
  let code = EXIT_OK;
  // All that a node's start needs not is left out: it is the one that should be quick.
  const groups = args[0] === "start" ? [] : await commandGroups();
  const program = commands((result) => code = result, groups, signals);
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (cause) {
    if (!(cause instanceof CommanderError)) return failure(cause);
    // commander has printed what is wrong.
    return cause.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  }
}

/** Says why a command failed: a mistake of the user's in words, anything else with its stack. */
export async function failure(cause: unknown): Promise<number> {
  const { ConfigError } = await import("../config/problems.ts");
  if (cause instanceof ConfigError) {
    complain(cause.message);
    return EXIT_USAGE;
  }
  const { StartError } = await import("../start_error.ts");
  const { ListenError } = await import("../../transports/endpoint.ts");
  const { UsageError } = await import("./usage_error.ts");
  if (cause instanceof UsageError) {
    complain(cause.message);
    return EXIT_USAGE;
  }
  if (cause instanceof StartError || cause instanceof ListenError) complain(cause.message);
  else complain(cause instanceof Error ? cause.stack ?? cause.message : String(cause));
  return EXIT_FAILURE;
}

type AddCommands = (program: Command, done: (code: number) => void) => void;

async function commandGroups(): Promise<readonly AddCommands[]> {
  const [client, operator, service, capture] = await Promise.all([
    import("./client_commands.ts"),
    import("./operator_commands.ts"),
    import("./service_commands.ts"),
    import("./capture_commands.ts"),
  ]);
  return [
    client.addClientCommands,
    operator.addOperatorCommands,
    service.addServiceCommands,
    capture.addCaptureCommands,
  ];
}

function commands(
  done: (code: number) => void,
  groups: readonly AddCommands[],
  signals: StopSignals | undefined,
) {
  const program = new Command("realmway")
    .description("WAMP router for Deno and Bun")
    .configureHelp({ styleTitle: (title) => styled("bold", title), showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError('(see "realmway --help")')
    .addHelpText("after", examples(["realmway init", "realmway start", "realmway call --help"]))
    .addHelpText("after", exitCodes());
  program.version(VERSION, "-V, --version", "print the version");

  program.command("start")
    .description(
      "start the node and run it until SIGTERM or SIGINT (Ctrl-C); SIGHUP has it read its configuration anew, SIGUSR2 wait for calls in flight before it stops",
    )
    .option("--cbdir <directory>", NODE_DIRECTORY, name)
    .option("--config <file>", CONFIG_FILE, name)
    .addOption(
      new Option("--loglevel <level>", "least important log lines to print")
        .choices(["none", "critical", "error", "warn", "info", "debug", "trace"]).default("info"),
    )
    .addOption(
      new Option(
        "--logformat <format>",
        "form of log lines (default: color on a terminal, else json)",
      )
        .choices(["color", "nocolor", "syslogd", "json"]),
    )
    .option("--pid-file <file>", "file that has the process's number while it runs", name)
    .option(
      "--replace",
      'take the place of the node that runs in the directory: listen beside it ("shared" endpoints), then have it drain and end',
    )
    .addHelpText(
      "after",
      examples([
        "realmway start",
        "realmway start --replace",
        "realmway start --cbdir /etc/realmway --loglevel warn",
        "realmway start --config production.yaml --logformat json",
      ]),
    )
    .action(async (options) => done(await (await import("./start.ts")).start(options, signals)));

  program.command("check")
    .description("check a configuration and name everything that is wrong with it")
    .option("--cbdir <directory>", NODE_DIRECTORY, name)
    .option("--config <file>", CONFIG_FILE, name)
    .option("--json", "print one JSON value, for programs")
    .addHelpText(
      "after",
      examples([
        "realmway check",
        "realmway check --cbdir /etc/realmway",
        "realmway check --json | jq '.problems[].text'",
      ]),
    )
    .action(async (options) => done(await (await import("./check.ts")).check(options)));

  const config = program.command("config").description("what a configuration amounts to")
    .addHelpText("after", examples(["realmway config show"]));
  config.command("show")
    .description(
      "print the configuration with its includes, variables and all defaults, without secrets",
    )
    .option("--cbdir <directory>", NODE_DIRECTORY, name)
    .option("--config <file>", CONFIG_FILE, name)
    .option("--json", "as JSON instead of YAML")
    .addHelpText("after", examples(["realmway config show", "realmway config show --json"]))
    .action(async (options) => done(await (await import("./config.ts")).show(options)));

  program.command("schema")
    .description("print the JSON Schema of configurations, which editors complete and check by")
    .addOption(
      new Option("--format <format>", "json, or markdown for the reference page")
        .choices(["json", "markdown"]).default("json"),
    )
    .addHelpText("after", examples(["realmway schema > realmway.schema.json"]))
    .action(async (options) => done((await import("./schema.ts")).schema(options)));

  program.command("init")
    .description(
      "write a node directory with a configuration to begin with; existing files stay as they are",
    )
    .addArgument(
      new Argument("[directory]", "where to make the node directory (default: here)")
        .argParser(name),
    )
    .option("--appdir <directory>", "the same, in Crossbar.io's way", name)
    .option("--cbdir <directory>", "the node directory itself, in place of a folder for it", name)
    .addOption(
      new Option("--port <port>", "port to listen on").default(8080).argParser(port),
    )
    .addOption(
      new Option(
        "--template <name>",
        "minimal: one open realm on this machine; tls: with a certificate made for it; authenticated: who joins proves by a key who it is; " +
          "container: with a component in a process of its own",
      )
        .choices(TEMPLATES).default("minimal" as const),
    )
    .addHelpText(
      "after",
      examples([
        "realmway init",
        "realmway init chat",
        "realmway init --template authenticated --port 9000",
        "realmway init --template tls --cbdir /var/lib/realmway",
      ]),
    )
    .action(async (directory, options) =>
      done(await (await import("./init.ts")).init({ ...options, directory }))
    );

  program.command("keygen")
    .description("make a key pair for cryptosign; existing files stay as they are")
    .argument("<file>", "file of the private key; the public one goes to the same name with .pub")
    .addHelpText("after", examples(["realmway keygen .realmway/joe.priv"]))
    .action(async (file) => done(await (await import("./keygen.ts")).keygen(file)));

  program.command("keys")
    .description("print the public key of a private one, for authorized_keys of a configuration")
    .argument("<file>", "key file of realmway, Crossbar.io or OpenSSH (without a passphrase)")
    .addHelpText(
      "after",
      examples(["realmway keys .realmway/joe.priv", "realmway keys ~/.ssh/id_ed25519"]),
    )
    .action(async (file) => done(await (await import("./keygen.ts")).keys(file)));

  program.command("hash")
    .description(
      "print what a configuration keeps instead of a secret, which is read from standard input",
    )
    .addArgument(
      new Argument("<method>", "whose principal it is for").choices(["scram", "wampcra"]),
    )
    .addOption(
      new Option("--kdf <kdf>", "of scram (default: argon2id13); Autobahn|Python takes argon2id-13")
        .choices(["argon2id13", "argon2id-13", "pbkdf2"]),
    )
    .addOption(
      new Option("--iterations <count>", "default: 2 of Argon2, 600000 of PBKDF2").argParser(count),
    )
    .addOption(
      new Option("--memory <KiB>", "memory of Argon2 (default: 19456)").argParser(count),
    )
    .addHelpText(
      "after",
      examples([
        "realmway hash scram",
        "realmway hash wampcra --iterations 100000 < secret.txt",
      ]),
    )
    .action(async (method, options) => {
      done(await (await import("./hash.ts")).hash(method, options));
    });

  // For nodes alone, which start their containers so.
  program.command("run-worker", { hidden: true })
    .action(async () => done(await (await import("./worker.ts")).worker()));

  program.command("version")
    .description("print the version of this program and of what it runs on")
    .addHelpText("after", examples(["realmway version"]))
    .action(async () => print((await import("./version.ts")).versionText()));

  for (const add of groups) add(program, done);

  program.command("completion")
    .description("print a script by which a shell completes commands and options")
    .addArgument(
      new Argument("<shell>", "or markdown, for the page of all commands")
        .choices([...SHELLS, "markdown"]),
    )
    .addHelpText(
      "after",
      examples([
        'realmway completion zsh > "${fpath[1]}/_realmway"',
        "realmway completion fish > ~/.config/fish/completions/realmway.fish",
        "source <(realmway completion bash)",
      ]),
    )
    .action(async (shell) => {
      const { completion } = await import("./completion.ts");
      const { reference } = await import("./reference.ts");
      // Not those that the program runs for itself.
      const visible = program.createHelp().visibleCommands(program);
      const commands = program.commands.filter((one) => visible.some((two) => two === one));
      print(shell === "markdown" ? reference(commands) : completion(shell, commands));
    });

  // What `exitOverride` and the rest say of the program holds for its commands too.
  for (const command of program.commands) {
    for (const one of [command, ...command.commands]) one.copyInheritedSettings(program);
  }
  return program;
}

function exitCodes(): string {
  const lines = EXIT_CODES.map(([code, text]) => `  ${String(code).padEnd(4)}${text}`);
  return `\n${styled("bold", "Exit codes:")}\n${lines.join("\n")}`;
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65535) return number;
  throw new InvalidArgumentError("Expected a port from 0 to 65535.");
}

function count(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number <= 1e9) return number;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}
