"""A dynamic authorizer on Autobahn|Python, written as its users would for Crossbar.io; and what its sessions then do, as one line of JSON.

Arguments: URL, ticket of the authorizer, ticket of a guest. Ends by itself.
"""

import asyncio
import json
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.component import Component  # noqa: E402
from autobahn.wamp.exception import ApplicationError  # noqa: E402
from autobahn.wamp.types import PublishOptions, SubscribeOptions  # noqa: E402

URL, AUTHORIZER, GUEST = sys.argv[1:4]
asked = []
received = []
outcome = {}


def component(ticket):
    return Component(
        transports=[{"type": "websocket", "url": URL}],
        realm="realm1",
        authentication={"ticket": {"authid": ticket, "ticket": ticket}},
    )


async def attempt(name, awaitable):
    try:
        outcome[name] = await awaitable
        if not isinstance(outcome[name], (int, str, type(None))):
            outcome[name] = "done"
    except ApplicationError as error:
        outcome[name] = error.error


async def main():
    authorizer, guest = component(AUTHORIZER), component(GUEST)
    ready, done = asyncio.Event(), asyncio.Event()

    @authorizer.on_join
    async def serve(session, details):
        async def authorize(details, uri, action, options):
            asked.append([details["authid"], action, uri, options.get("match")])
            await asyncio.sleep(0)
            if uri.endswith(".broken"):
                raise RuntimeError("the authorizer is broken")
            if uri.endswith(".nonsense"):
                return {"allow": True, "for": "ever"}
            if uri.endswith(".cached"):
                return {"allow": True, "cache": True}
            if uri.endswith(".disclosed"):
                return {"allow": True, "disclose": True}
            return ".secret" not in uri

        await session.register(authorize, "com.example.authorize")
        await session.register(lambda x: x + 1, "com.example.public")
        await session.register(lambda: "cached", "com.example.cached")
        ready.set()
        await done.wait()
        session.leave()

    @guest.on_join
    async def use(session, details):
        await attempt("public", session.call("com.example.public", 1))
        await attempt("secret", session.call("com.example.secret"))
        await attempt("broken", session.call("com.example.broken"))
        await attempt("nonsense", session.call("com.example.nonsense"))
        await attempt("cached", session.call("com.example.cached"))
        await attempt("cached again", session.call("com.example.cached"))
        await attempt("register", session.register(lambda: 1, "com.guest.secret"))
        await attempt(
            "subscribe",
            session.subscribe(
                lambda value: received.append(value), "com.events.", SubscribeOptions(match="prefix")
            ),
        )
        acknowledged = PublishOptions(acknowledge=True, exclude_me=False)
        for number in range(10):
            await attempt("publish", session.publish("com.events.numbers", number, options=acknowledged))
        await attempt("publish secret", session.publish("com.events.secret", 0, options=acknowledged))
        # Events may still be on their way behind the last answer
        await session.call("com.example.public", 1)
        done.set()
        session.leave()

    async def start_guest():
        await ready.wait()
        await guest.start(asyncio.get_running_loop())

    await asyncio.wait_for(
        asyncio.gather(authorizer.start(asyncio.get_running_loop()), start_guest()), 30
    )
    print(json.dumps({"outcome": outcome, "asked": asked, "received": received}))


asyncio.run(main())
