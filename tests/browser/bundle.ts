/** Programs bundled for browsers, as their users would, in a folder with a page that runs one of them. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";

/** Where a page runs a program: the program is a module of its own, or that of a worker. */
export type Thread = "main thread" | "worker";
export const THREADS: readonly Thread[] = ["main thread", "worker"];

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>A program</title>
<script type="module">
  const parameters = new URLSearchParams(location.search);
  const url = new URL(parameters.get("file") + ".js" + location.search, location);
  if (parameters.get("thread") === "worker") {
    const worker = new Worker(url, { type: "module" });
    worker.onerror = (event) => console.error("worker: " + event.message);
  } else await import(url);
</script>
`;

/** Where the files are in the folder of a node that serves them. */
export const SITE = "site";

/** Bundles `entries` into `SITE` of a folder of their own. @param entries paths of TypeScript files. */
export async function bundle(
  entries: readonly string[],
): Promise<{ folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "realmway-bundle-"));
  const site = join(folder, SITE);
  const options = [
    "--target=browser",
    "--splitting",
    "--entry-naming=[name].[ext]",
    `--outdir=${site}`,
  ];
  await promisify(execFile)("bun", ["build", ...entries, ...options]);
  writeFileSync(join(site, "program.html"), PAGE);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** A program in a page of its own. */
export class BrowserProgram {
  #output = "";
  readonly #page: Page;
  #look = () => {};

  private constructor(page: Page) {
    this.#page = page;
    page.on("console", (message) => this.#take(message.text()));
    page.on("pageerror", (error) => this.#take(`page: ${error}`));
  }

  /** @param site where the folder is served. @param router what the program finds as `?router=`. */
  static async start(
    browser: Browser,
    site: string,
    program: { readonly file: string; readonly thread: Thread; readonly router: string },
  ): Promise<BrowserProgram> {
    const page = await browser.newPage();
    const started = new BrowserProgram(page);
    const url = new URL("/program.html", site);
    for (const [name, value] of Object.entries(program)) url.searchParams.set(name, value);
    await page.goto(url.href);
    return started;
  }

  /** Resolves once its console has had all of them. */
  async printed(prints: readonly RegExp[], limitMs = 30_000): Promise<void> {
    const missing = () => prints.filter((one) => !one.test(this.#output));
    const text = () => `Missing ${missing().join(" ")} in:\n${this.#output}`;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(text())), limitMs);
      this.#look = () => {
        if (missing().length > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.#look();
    });
  }

  async close(): Promise<void> {
    await this.#page.close();
  }

  #take(text: string): void {
    this.#output += `${text}\n`;
    this.#look();
  }
}
