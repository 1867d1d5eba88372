/**
 * The text of systemd units that run a node: `realmway service` writes them, and nothing else in the project says how a node is to be run.
 * systemd.service(5), systemd.exec(5), systemd.socket(5).
 */

export interface UnitOptions {
  /** Of the units, without ".service". */
  readonly name: string;
  /** The program and its first arguments. */
  readonly command: readonly string[];
  /** The node directory, absolute. */
  readonly directory: string;
  /** "system": for a system's manager, "user": for that of whoever is logged in. */
  readonly manager: "system" | "user";
  /** Whose process it is. Undefined: of a user that systemd makes up, or of the manager's own. */
  readonly runAs?: string | undefined;
  /** Ports below 1024 may be listened on. */
  readonly hasLowPorts: boolean;
  /** The socket unit of the same name holds the sockets. */
  readonly hasSockets: boolean;
  /** Where the runtime keeps what it has compiled, if it wants to. */
  readonly cacheVariable?: string | undefined;
}

/** Where systemd keeps directories of services whose user it makes up. */
export const STATE_ROOT = "/var/lib";
export const MARK = "# Written by realmway service install";

/** Descriptors that a node may open: systemd's own upper limit. */
const DESCRIPTORS = 524_288;

export function serviceUnit(options: UnitOptions): string {
  const isSystem = options.manager === "system";
  const socket = options.hasSockets ? `${options.name}.socket` : undefined;
  return sections([
    ["Unit", [
      "Description=Realmway, a WAMP router",
      ...(isSystem ? ["Wants=network-online.target", "After=network-online.target"] : []),
      ...(socket === undefined ? [] : [`Requires=${socket}`, `After=${socket}`]),
    ]],
    ["Service", [
      "Type=notify",
      "NotifyAccess=main",
      `ExecStart=${
        [...options.command, "start", "--cbdir", options.directory].map(quoted).join(" ")
      }`,
      // It reads its configuration anew; its log tells what became of it.
      "ExecReload=/bin/kill -HUP $MAINPID",
      // The node stops its own workers first; who is left is ended with it.
      "KillMode=mixed",
      "Restart=on-failure",
      "RestartSec=1",
      "WatchdogSec=30",
      `LimitNOFILE=${DESCRIPTORS}`,
      "UMask=0077",
      ...placeOf(options),
      ...hardening(options),
    ]],
    ["Install", [`WantedBy=${isSystem ? "multi-user.target" : "default.target"}`]],
  ]);
}

/** @param addresses what `ListenStream=` takes: a port, "127.0.0.1:8080", the path of a unix socket. */
export function socketUnit(name: string, addresses: readonly string[]): string {
  return sections([
    ["Unit", [`Description=Sockets of Realmway (${name}.service)`]],
    ["Socket", [
      ...addresses.map((address) => `ListenStream=${address}`),
      // What endpoints of type "inherited" may name.
      `FileDescriptorName=${name}`,
      "Backlog=511",
      "NoDelay=yes",
    ]],
    ["Install", ["WantedBy=sockets.target"]],
  ]);
}

/** Whose process it is, and what it may write. */
function placeOf({ manager, runAs, directory, name, cacheVariable }: UnitOptions): string[] {
  if (manager === "user") return [`WorkingDirectory=${escaped(directory)}`];
  const cache = cacheVariable === undefined
    ? []
    : [`CacheDirectory=${name}`, `Environment=${cacheVariable}=%C/${name}`];
  const user = runAs === undefined
    // Made up when it starts; the directory is its own then, whoever wrote it.
    ? ["DynamicUser=yes", `StateDirectory=${listed(directory.slice(STATE_ROOT.length + 1))}`]
    : [`User=${runAs}`, `ReadWritePaths=${listed(directory)}`];
  return [
    ...user,
    "StateDirectoryMode=0700",
    ...cache,
    `WorkingDirectory=${escaped(directory)}`,
  ];
}

/** MemoryDenyWriteExecute= is not there: both runtimes compile while they run. */
function hardening({ manager, directory, command, hasLowPorts }: UnitOptions): string[] {
  // What a user's manager may do without rights of its own.
  const own = [
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures=native",
  ];
  if (manager === "user") return own;
  const isInHome = [directory, ...command].some((path) => /^\/(home|root|run\/user)\//.test(path));
  const lowPorts = "CAP_NET_BIND_SERVICE";
  return [
    ...own,
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    "ProtectSystem=strict",
    `ProtectHome=${isInHome ? "read-only" : "yes"}`,
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "RestrictNamespaces=yes",
    "RemoveIPC=yes",
    `CapabilityBoundingSet=${hasLowPorts ? lowPorts : ""}`,
    `AmbientCapabilities=${hasLowPorts ? lowPorts : ""}`,
  ];
}

function sections(all: readonly (readonly [string, readonly string[]])[]): string {
  const texts = all.map(([title, lines]) => `[${title}]\n${lines.join("\n")}\n`);
  return `${MARK}; changes are lost when that runs again.\n${texts.join("\n")}`;
}

/** A word of a command line. */
function quoted(word: string): string {
  const text = escaped(word).replaceAll("$", "$$$$");
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** One of a list of paths, where quotes count and backslashes are as they are. */
function listed(path: string): string {
  const text = escaped(path);
  if (!/[\s"']/.test(text)) return text;
  return text.split(/('+)/).filter((part) => part !== "")
    .map((part) => part.startsWith("'") ? `"${part}"` : `'${part}'`).join("");
}

/** A percent sign begins a specifier. */
function escaped(text: string): string {
  return text.replaceAll("%", "%%");
}
