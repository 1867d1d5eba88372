/** A program that uses the library as its users do. Run by `library_test.ts` on each runtime: `library_program.ts URL`. */
import process from "node:process";
import { CallResult, connect } from "realmway";

const session = await connect({
  url: process.argv[2] ?? "",
  realm: "realm1",
  serializers: ["msgpack", "json"],
});
const procedure = `com.example.twice.${session.id}`;
await session.register(
  procedure,
  (args: readonly unknown[], kwargs) => new CallResult([...args, ...args], kwargs),
);
const result = await session.call(procedure, [1], { "name": "Ada" });
const { reason } = await session.leave();
// deno-lint-ignore no-console -- its output is what the test reads
console.log(JSON.stringify([result, reason]));
