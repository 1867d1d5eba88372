/**
 * Roles of the simulator whose authorizers answer what their own static rules say: the model, which knows nothing of authorizers, must
 * still foretell all that happens.
 */
import type { Authorize } from "../../router/authorizer.ts";
import { matchOf } from "../../router/broker.ts";
import { type Permission, Role, type RoleOptions } from "../../router/permission.ts";
import type { FakeRandom } from "./fake_random.ts";

const DYNAMIC: readonly string[] = ["open", "limited"];

/** Rules without what no answer can say: refusals to disclose, and trust levels of their own. */
export function sayable(roles: readonly RoleOptions[]): readonly RoleOptions[] {
  return roles.map((role) => ({ ...role, permissions: role.permissions?.map(plain) ?? [] }));
}

function plain({ uri, match, allow, disclose }: Permission): Permission {
  const says = (value: boolean | undefined) => value === true ? true : undefined;
  const both = { caller: says(disclose.caller), publisher: says(disclose.publisher) };
  return { uri, match, allow, disclose: both };
}

/** The same roles, some of them with authorizers. @param waits the answers come later. */
export function asked(
  roles: readonly RoleOptions[],
  random: FakeRandom,
  waits: boolean,
): readonly RoleOptions[] {
  return roles.map((role) => {
    if (!DYNAMIC.includes(role.name)) return role;
    const { name, trustlevel } = role;
    const authorize = answersOf(new Role(role), random);
    const authorizer = {
      authorize: waits
        ? (...question: Parameters<Authorize>) => Promise.resolve(authorize(...question))
        : authorize,
    };
    return { name, authorizer, ...(trustlevel !== undefined && { trustlevel }) };
  });
}

function answersOf(role: Role, random: FakeRandom): Authorize {
  return (_session, uri, action, options) => {
    const { allow, disclose } = role.rule(uri);
    const isBeyond = action === "register" && role.registersBeyond(matchOf(options), uri);
    const discloses = action === "call" ? disclose.caller : disclose.publisher;
    return {
      "allow": allow[action] && !isBeyond,
      "disclose": discloses === true,
      "cache": random.oneIn(2),
    };
  };
}
