/** Components: code of users that a worker runs, under Crossbar.io's keys. Part of `schema.ts`. */
import { z } from "zod";
import { anyValue, id, kinds, none, section, text } from "./fields.ts";
import { realmName } from "./schema_names.ts";

const reference = (doc: string) =>
  text(
    `${doc}: "folder.file.Name", searched in "modulepath" and then in the node directory, or "./folder/file.ts:Name" from there`,
  );

export const callbacks = section(
  "Functions of user modules, each at its time in the life of a session",
  () => ({
    "connect": reference("When the connection is there; called with the component").optional(),
    "join": reference("When the realm is joined; called with (session, details, component)"),
    "leave": reference("When the session has ended; called with (session, details, component)")
      .optional(),
    "disconnect": reference(
      "After that; called with (session, wasClean, component)",
    ).optional(),
  }),
);

export const componentShape = () => ({
  "id": id(
    "Id of the component, unique in its worker (default: component1, ... by its place in the list)",
  ),
  "realm": realmName.describe("Realm that it joins"),
  "extra": anyValue.optional().describe("What the component is given as its `extra`"),
} as const);

export const REFERENCES =
  "database connections are not planned; give the component what it needs as extra";

const inside = () => ({
  ...componentShape(),
  "role": text("Role that it has").default("anonymous"),
  "references": none(REFERENCES),
} as const);

export const classname = reference(
  "Class with a method onJoin, called with (session, details); its constructor is given the component",
);

export const routerComponent = kinds(
  "Code of yours that runs in the router's process",
  [
    section("A class", () => ({ ...inside(), "type": z.literal("class"), classname })),
    section("Functions", () => ({ ...inside(), "type": z.literal("function"), callbacks })),
  ],
  ["class", "function"],
  { "wamplet": 'write "class"' },
);

/** Where user modules are searched: Crossbar.io's name for it, and ours. */
export const modulePaths = () => ({
  "modulepath": z.array(text("A folder, relative to the node directory")).optional()
    .describe("Where modules of components are searched, before the node directory"),
  "pythonpath": z.array(text("A folder, relative to the node directory")).optional()
    .describe('Another name of "modulepath": Crossbar.io\'s'),
});

export type RouterComponentConfig = z.output<typeof routerComponent>;
