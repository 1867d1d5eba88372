// The npm package's types, as its users' compilers see them. Checked by .ci/run, lane "package".
import { connect, type ConnectOptions, type Session } from "realmway";
import type { Node, startNode } from "realmway/node";
import { WebSocketServerProtocol } from "realmway/protocols";
import type { Router } from "realmway/router";

export function open(options: ConnectOptions): Promise<Session> {
  return connect(options);
}
export const add = async (session: Session): Promise<number> =>
  await session.call<number>("x", [1]);
export class Echo extends WebSocketServerProtocol {
  override onMessage(payload: Uint8Array): void {
    this.sendMessage(payload);
  }
}
export type Both = [Node, Router, typeof startNode];
// @ts-expect-error a URL is missing
export const wrong: Promise<Session> = connect({ realm: "realm1" });
