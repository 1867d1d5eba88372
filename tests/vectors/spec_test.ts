/**
 * The specification's single-message vectors, read from where the specification's repository keeps them (CI has it beside the
 * project). Every sample is parsed from each of its byte strings, and written in every codec: the bytes must be among those listed.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Codec } from "../../wamp/codec/codec.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import type { Message } from "../../wamp/message.ts";
import { optionProblem } from "../../wamp/options.ts";
import { Payload } from "../../wamp/payload.ts";
import { ProtocolError } from "../../wamp/protocol_error.ts";
import { codecOf, fromHex, fromText, read, toHex, write } from "../kit/codec_oracle_io.ts";

const VECTORS = fileURLToPath(
  new URL("../../../shared/vectors/singlemessage/", import.meta.url).href,
);

interface Sample {
  readonly description: string;
  readonly serializers?: Readonly<Record<string, readonly { readonly "bytes_hex": string }[]>>;
  readonly "expected_attributes"?: Readonly<Record<string, unknown>>;
  readonly wmsg?: readonly unknown[];
  readonly "expected_error"?: { readonly contains: string };
}

if (existsSync(VECTORS)) {
  for (const folder of ["basic", "advanced"]) {
    for (const file of readdirSync(VECTORS + folder).toSorted()) {
      const vector = JSON.parse(readFileSync(`${VECTORS}${folder}/${file}`, "utf8"));
      const samples: readonly Sample[] = vector.samples;
      samples.forEach((sample, index) => {
        test(`Vector ${folder}/${file} ${index}: ${sample.description}`, () => {
          if (sample.wmsg === undefined) checkBytes(sample);
          else checkValidation(sample.wmsg, sample["expected_error"]?.contains);
        });
      });
    }
  }
} else {
  test("Vectors of the specification", { skip: `there is no ${VECTORS}` }, () => {});
}

function checkBytes(sample: Sample): void {
  for (const source of codecs) {
    for (const hex of listed(sample, source)) {
      const message = read(source, fromHex(hex));
      checkAttributes(message, sample["expected_attributes"] ?? {});
      for (const target of codecs) {
        const found = toHex(write(target, message));
        const known = listed(sample, target);
        assert.ok(known.includes(found), `${target.name}: ${found} is none of ${known.join()}`);
      }
    }
  }
}

function checkValidation(wmsg: readonly unknown[], problem: string | undefined): void {
  const bytes = fromText(JSON.stringify(wmsg));
  let found: string | undefined;
  try {
    const message = read(codecOf("json"), bytes);
    found = optionProblem(message);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    found = error.message;
  }
  if (problem === undefined) assert.equal(found, undefined);
  else assert.ok(found?.includes(problem), `${found} does not name ${problem}`);
}

/** The vectors' names for fields, where they are not ours. Roles stand inside details. */
const FIELDS: Readonly<Record<string, string>> = {
  "message_type": "type",
  "request_id": "request",
  "request_type": "requestType",
  "subscription_id": "subscription",
  "publication_id": "publication",
  "registration_id": "registration",
  "session_id": "session",
  method: "authmethod",
};

function checkAttributes(message: Message, expected: Readonly<Record<string, unknown>>): void {
  const fields: Record<string, unknown> = { ...message };
  const payload = fields["payload"] instanceof Payload ? fields["payload"].decode() : undefined;
  for (const [name, value] of Object.entries(expected)) {
    let found: unknown;
    if (name === "args") found = payload?.args.length === 0 ? null : payload?.args;
    else if (name === "kwargs") {
      found = Object.keys(payload?.kwargs ?? {}).length === 0 ? null : payload?.kwargs;
    } else if (name === "payload") found = payload?.opaque ? toHex(payload.opaque) : null;
    else if (name === "roles") found = (fields["details"] as Record<string, unknown>)["roles"];
    else found = fields[FIELDS[name] ?? name];
    assert.deepEqual(found, value, name);
  }
}

function listed(sample: Sample, codec: Codec): readonly string[] {
  return (sample.serializers?.[codec.name] ?? []).map((variant) => variant["bytes_hex"]);
}
