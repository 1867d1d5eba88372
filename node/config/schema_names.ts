/** Names that several parts of the schema share. */
import { z } from "zod";

/** A realm name as Crossbar.io allows it. */
export const REALM_NAME = /^[A-Za-z][A-Za-z\d_\-@.]{2,254}$/;

export const realmName = z.string().regex(
  REALM_NAME,
  "3 to 255 letters, digits and _ - @ . , a letter first",
);
