/** A real notify socket, as a service manager has it. */
import { spawn } from "node:child_process";

/** The runtimes have no datagram unix sockets: Python listens. Prints each datagram in JSON. */
const LISTENER = `
import json, socket, sys
path = sys.argv[1]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind("\\0" + path[1:] if path.startswith("@") else path)
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(sock.recv(4096).decode()), flush=True)
`;

/** Listens at a path, or at an abstract name that begins with "@". */
export function listenTo(path: string) {
  const child = spawn("python3", ["-c", LISTENER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const seen: string[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    seen.push(...lines.map((line) => String(JSON.parse(line))));
    for (const look of waiting) look();
  });
  /** Waits for a datagram that matches. */
  const until = (pattern: RegExp, times = 1) =>
    new Promise<string>((resolve) => {
      const look = () => {
        const found = seen.filter((text) => pattern.test(text));
        if (found.length < times) return;
        waiting.delete(look);
        resolve(found[0] ?? "");
      };
      waiting.add(look);
      look();
    });
  const ended = new Promise((resolve) => child.on("close", resolve));
  return { seen, until, end: () => (child.kill("SIGKILL"), ended) };
}
