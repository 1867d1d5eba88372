/** Guests: programs of any kind that the node starts, under Crossbar.io's keys. Part of `schema.ts`. */
import { z } from "zod";
import { anyValue, id, kinds, refused, section, text } from "./fields.ts";
import { disabled, processEnv, restart } from "./schema_process.ts";

const output = (name: string) =>
  z.enum(["log", "drop", "close"]).default("log").describe(
    `Where ${name} goes: line by line to the node's log, nowhere, or it is closed`,
  );

const stdin = z.union([
  z.literal("close"),
  kinds(
    "A value that it is given",
    [
      section("A value as JSON, on one line", () => ({
        "type": z.literal("json"),
        "value": anyValue.describe("The value"),
        "close": z.boolean().default(true).describe(
          "Whether standard input ends after it; when false it ends with the node, which the program can notice",
        ),
      })),
    ],
    ["json"],
    { "msgpack": 'write "json"' },
  ),
]).default("close").describe('Standard input: closed ("close"), or a value');

const options = section("How the program runs", () => ({
  "workdir": text("Working directory, relative to the node directory").default("."),
  "env": processEnv.prefault({}),
  "stdin": stdin,
  "stdout": output("standard output"),
  "stderr": output("standard error"),
  ...restart(),
  "disabled": disabled,
  "watch": refused(
    "start the program under a watcher of its own, such as watchexec; remove the key",
  ),
}));

export const guest = section("Any program, which the node starts and ends", () => ({
  "id": id("Id of the worker (default: worker001, ... by its place in the list)"),
  "type": z.literal("guest"),
  "executable": text(
    "The program: a path relative to the node directory if there is a slash in it, else a name to look for in PATH",
  ),
  "arguments": z.array(z.string()).default([]).describe("Its arguments"),
  "options": options.prefault({}),
}));

export type GuestConfig = z.output<typeof guest>;
