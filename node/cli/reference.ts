/** `docs/cli.md`: every command with its help, and the exit codes, made of the program. `realmway completion markdown` prints it; a test compares. */
import type { CommandUnknownOpts as Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "./exit_codes.ts";

export function reference(commands: readonly Command[]): string {
  const sections = commands.flatMap((command) => sectionsOf(command, "realmway"));
  const codes = EXIT_CODES.map(([code, text]) => `- \`${code}\`: ${text}`).join("\n");
  return `# The command line

<!-- Made by "deno task realmway completion markdown > docs/cli.md"; a test compares. -->

Results go to standard output, complaints and progress notes to standard error. With \`--json\` results are JSON, one value a line. Colours are
shown on a terminal only, and never where \`NO_COLOR\` is set.

Scripts for shells: \`realmway completion bash\`, \`zsh\` or \`fish\`; each says in its first line where it goes.

## Exit codes

${codes}

${sections.join("\n")}`;
}

/** Of a command, or of the commands below it. */
function sectionsOf(command: Command, parent: string): readonly string[] {
  const title = `${parent} ${command.name()}`;
  if (command.commands.length > 0) {
    return command.commands.flatMap((one) => sectionsOf(one, title));
  }
  let help = "";
  command.configureOutput({ writeOut: (text) => help += text, getOutHelpWidth: () => 100 });
  command.outputHelp();
  return [`## ${title}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`];
}
