/**
 * `realmway completion bash|zsh|fish`: a script for the shell that knows all commands and their options. It is made of the commands
 * themselves, so it can name nothing that there is not. All three do the same: commands; of a command its options; behind an option, or
 * for an argument, its choices; file names elsewhere.
 */
import type { CommandUnknownOpts as Command, Option } from "@commander-js/extra-typings";
import type { Shell } from "./shells.ts";

/** What a script needs to know of a command. */
interface Words {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Of its first argument, which may be a command of its own. */
  readonly choices: readonly string[];
}

export function completion(shell: Shell, commands: readonly Command[]): string {
  const all = commands.map((command): Words => ({
    name: command.name(),
    description: command.description(),
    options: optionsOf(command),
    choices: command.registeredArguments[0]?.argChoices ??
      command.commands.map((one) => one.name()),
  }));
  const scripts = { bash, zsh, fish };
  return scripts[shell](all);
}

/** Of the command and those below it, each once. */
function optionsOf(command: Command): readonly Option[] {
  const all = [command, ...command.commands].flatMap((one) => one.createHelp().visibleOptions(one));
  return [...new Map(all.map((option) => [option.flags, option])).values()];
}

function flagsOf({ short, long }: Option): readonly string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

/** A case of bash and zsh for each option that has choices: "call --cancel-mode". */
function choiceCases(all: readonly Words[], act: (choices: string) => string): string {
  return all.flatMap(({ name, options }) =>
    options.filter(({ argChoices }) => argChoices !== undefined).map((option) => {
      const patterns = flagsOf(option).map((flag) => `"${name} ${flag}"`).join("|");
      return `    ${patterns}) ${act(option.argChoices?.join(" ") ?? "")} ;;`;
    })
  ).join("\n");
}

/** In single quotes, for all three. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bash(all: readonly Words[]): string {
  const cases = all.map(({ name, options, choices }) => {
    const flags = options.flatMap((option) => flagsOf(option));
    return `      ${name}) words="${[...flags, ...choices].join(" ")}" ;;`;
  });
  const names = all.map(({ name }) => name).join(" ");
  return `# bash completion of realmway: source <(realmway completion bash)
_realmway() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${choiceCases(all, (choices) => `words="${choices}"`)}
  esac
  if [ -z "$words" ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _realmway realmway
`;
}

function zsh(all: readonly Words[]): string {
  // _describe splits at the first colon.
  const commands = all.map(({ name, description }) => quoted(`${name}:${description}`));
  const cases = all.map(({ name, options, choices }) => {
    const flags = options.flatMap((option) =>
      flagsOf(option).map((flag) => quoted(`${flag}:${option.description}`))
    );
    return `    ${name}) found=(${[...flags, ...choices.map(quoted)].join(" ")}) ;;`;
  });
  return `#compdef realmway
# zsh completion of realmway: realmway completion zsh > "\${fpath[1]}/_realmway"
_realmway() {
  local command="$words[2]" before="$words[CURRENT-1]"
  local -a found
  if (( CURRENT == 2 )); then
    found=(${commands.join(" ")})
    _describe command found
    return
  fi
  case "$command $before" in
${choiceCases(all, (choices) => `compadd -- ${choices}; return`)}
  esac
  case "$command" in
${cases.join("\n")}
  esac
  _describe option found
  [[ "$PREFIX" == -* ]] || _files
}
if [ "$funcstack[1]" = "_realmway" ]; then _realmway "$@"; else compdef _realmway realmway; fi
`;
}

function fish(all: readonly Words[]): string {
  const lines = all.flatMap(({ name, description, options, choices }) => [
    `complete -c realmway -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
    ...options.map((option) => fishOption(name, option)),
    ...choices.length === 0 ? [] : [
      `complete -c realmway -n '__fish_seen_subcommand_from ${name}' -f -a ${
        quoted(choices.join(" "))
      }`,
    ],
  ]);
  return `# fish completion of realmway: realmway completion fish > ~/.config/fish/completions/realmway.fish
${lines.join("\n")}
`;
}

function fishOption(command: string, option: Option): string {
  const { short, long, argChoices, description, required } = option;
  return [
    `complete -c realmway -n '__fish_seen_subcommand_from ${command}'`,
    ...short === undefined ? [] : [`-s ${short.slice(1)}`],
    ...long === undefined ? [] : [`-l ${long.slice(2)}`],
    ...required ? ["-r"] : [],
    ...argChoices === undefined ? [] : [`-f -a ${quoted(argChoices.join(" "))}`],
    `-d ${quoted(description)}`,
  ].join(" ");
}
