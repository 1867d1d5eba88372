/** `realmway service install` and `uninstall`, with their options. */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { examples, name } from "./option_values.ts";

type Done = (code: number) => void;

/** @param done is told the exit code. */
export function addServiceCommands(program: Command, done: Done): void {
  const service = new Command("service")
    .description("run a node by systemd")
    .addHelpText("after", examples(["realmway service install --print"]));
  service.addCommand(installCommand(done));
  service.addCommand(uninstallCommand(done));
  program.addCommand(service);
}

function serviceCommand(title: string, description: string) {
  return new Command(title)
    .description(description)
    .option("--name <name>", "of the unit", unitName, "realmway")
    .option("--user", "of your own manager (systemctl --user), not of the system's")
    .option(
      "--unit-directory <directory>",
      "where the units go, without a word to systemd (default: where it looks)",
      name,
    );
}

function installCommand(done: Done) {
  return serviceCommand("install", "write the unit by which systemd runs a node")
    .option(
      "--cbdir <directory>",
      "node directory (default: /var/lib and the unit's name; with --user: the one here)",
      name,
    )
    .option(
      "--run-as <user>",
      "whose process it is (default: a user that systemd makes up, to whom it gives the directory)",
      name,
    )
    .option("--low-ports", "let it listen on ports below 1024")
    .option(
      "--listen <addresses...>",
      'also write a socket unit, for endpoints of type "inherited": ports, addresses or paths',
    )
    .option("--print", "print the units, and write nothing")
    .addHelpText(
      "after",
      examples([
        "realmway service install --print",
        "realmway init --cbdir /var/lib/realmway && realmway service install",
        "realmway service install --run-as joe --cbdir /srv/chat/.realmway --name chat",
        "realmway service install --listen 443 --listen 127.0.0.1:8080",
        "realmway service install --user",
      ]),
    )
    .action(async (options) => done(await (await import("./service.ts")).install(options)));
}

function uninstallCommand(done: Done) {
  return serviceCommand("uninstall", "stop the service, and remove its units")
    .addHelpText(
      "after",
      examples(["realmway service uninstall", "realmway service uninstall --user --name chat"]),
    )
    .action(async (options) => done(await (await import("./service.ts")).uninstall(options)));
}

function unitName(text: string): string {
  if (/^[\w:.-]{1,200}$/.test(text) && !/\.(service|socket)$/.test(text)) return text;
  throw new InvalidArgumentError("Expected the name of a unit, without .service.");
}
