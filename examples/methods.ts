// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Methods of an object as procedures and handlers of events, with named parts in their URIs. ECMAScript's own decorators: no flags. */
import { Component, register, run, subscribe } from "realmway";
import routerUrl from "./router_url.ts";

class Shop {
  readonly #prices = new Map([["bicycle", 900]]);

  @register("com.myapp.shop.<article>.price")
  price(_args: readonly unknown[], { article }: { article: string }): number | undefined {
    return this.#prices.get(article);
  }

  @subscribe("com.myapp.shop.<article>.changed")
  changed([price]: readonly [number], { article }: { article: string }): void {
    this.#prices.set(article, price);
    console.log(`${article} costs ${price} now`);
  }
}

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});
const shop = new Shop();

component.onJoin(async (session) => {
  await session.registerAll(shop);
  await session.subscribeAll(shop);
});
component.onReady(async (session) => {
  console.log(`price: ${await session.call("com.myapp.shop.bicycle.price")}`);
  const options = { excludeMe: false, acknowledge: true } as const;
  await session.publish("com.myapp.shop.bicycle.changed", [950], {}, options);
  setTimeout(() => session.leave(), 100);
});

await run(component);
