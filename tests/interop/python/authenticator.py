"""Autobahn|Python as a dynamic authenticator, as people wrote them for Crossbar.io, and as the peers that it lets in or not.

    authenticator.py URL
"""

import asyncio
import json
import sys

from autobahn.asyncio.component import Component
from autobahn.wamp.exception import ApplicationError

URL = sys.argv[1]
SECRET = "one secret for all"
asked = []


def authenticate(realm, authid, details):
    asked.append([realm, authid, details["authmethod"], sorted(details["transport"])[:1] != []])
    if authid == "banned":
        raise ApplicationError("com.example.banned", "not you")
    if authid == "joe":
        if details["authmethod"] == "wampcra":
            return {"secret": SECRET, "role": "anonymous", "extra": {"from": "python"}}
    raise ApplicationError("wamp.error.no_such_principal", "nobody knows them")


def component(authentication):
    return Component(
        transports=[{"url": URL, "max_retries": 0}], realm="realm1", authentication=authentication
    )


async def attempt(authid, secret):
    """The role and extra of who joined, or the reason of who did not."""
    done = asyncio.get_event_loop().create_future()
    peer = component({"wampcra": {"authid": authid, "secret": secret}})

    @peer.on_join
    async def joined(session, details):
        if not done.done():
            done.set_result([details.authrole, details.authprovider, details.authextra])
        session.leave()

    @peer.on_leave
    def left(session, details):
        if not done.done():
            done.set_result(details.reason)

    task = asyncio.ensure_future(peer.start())
    try:
        return await asyncio.wait_for(done, 20)
    finally:
        await peer.stop()
        await asyncio.gather(task, return_exceptions=True)


async def main():
    ready = asyncio.get_event_loop().create_future()
    authenticator = component({"ticket": {"authid": "authenticator", "ticket": "authenticator"}})

    @authenticator.on_join
    async def joined(session, details):
        await session.register(authenticate, "com.example.authenticate")
        ready.set_result(True)

    task = asyncio.ensure_future(authenticator.start())
    await asyncio.wait_for(ready, 20)
    outcome = {
        "joe": await attempt("joe", SECRET),
        "wrong": await attempt("joe", "another secret"),
        "nobody": await attempt("nobody", SECRET),
        "banned": await attempt("banned", SECRET),
    }
    print(json.dumps({"outcome": outcome, "asked": asked}), flush=True)
    await authenticator.stop()
    await asyncio.gather(task, return_exceptions=True)


asyncio.run(main())
