/**
 * What becomes of joined sessions when their role is stopped, started again or given other permissions: they stay connected, go on under
 * the new rules at once, and keep of their subscriptions and registrations what those allow. Called by `realm.ts`.
 */
import { DynamicRole } from "./dynamic_role.ts";
import type { Realm } from "./realm.ts";
import type { Role } from "./permission.ts";
import type { Session } from "./session.ts";

const REASON = "The permissions of the role have changed";

export function changeRole(realm: Realm, session: Session, role: Role): void {
  session.assume(role);
  // An authorizer is asked when something is asked for; what it allowed stays, as with answers that it lets be kept.
  if (session.role instanceof DynamicRole) return;
  for (const subscription of [...session.subscriptions ?? []]) {
    const { topic, match } = subscription;
    if (!role.rule(topic).allow.subscribe) realm.broker.revoke(session, subscription, REASON);
    else if (role.mayReachBeyond(match, topic)) subscription.isNarrowed = true;
  }
  for (const registration of [...session.registrations?.values() ?? []]) {
    const { procedure, match } = registration;
    if (!role.rule(procedure).allow.register || role.registersBeyond(match, procedure)) {
      realm.dealer.revoke(session, registration, REASON);
    }
  }
}
