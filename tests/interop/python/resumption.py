"""Autobahn|Python asks for a session that can be resumed, loses its connection and tries to take the session up: one line of JSON.

Arguments: host, port, URL. Ends by itself.
"""

import asyncio
import json
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.wamp import ApplicationSession  # noqa: E402
from autobahn.asyncio.websocket import WampWebSocketClientFactory  # noqa: E402
from autobahn.wamp.message import Welcome  # noqa: E402

HOST, PORT, URL = sys.argv[1], int(sys.argv[2]), sys.argv[3]


async def open_session(make):
    """A session over a connection of its own."""
    made = []

    def factory():
        made.append(make())
        return made[0]

    loop = asyncio.get_running_loop()
    protocol_factory = WampWebSocketClientFactory(factory, url=URL)
    protocol_factory.loop = loop
    await loop.create_connection(protocol_factory, HOST, PORT)
    while not made:
        await asyncio.sleep(0.01)
    return made[0]


class Session(ApplicationSession):
    def __init__(self, **options):
        super().__init__()
        self.options = options
        self.joined = asyncio.get_running_loop().create_future()
        self.received = -1  # WELCOME does not count

    def onConnect(self):
        self.join("realm1", **self.options)

    def onMessage(self, message):
        self.received += 1
        if isinstance(message, Welcome):
            self.welcome = message  # its details leave out what is about resumption
        super().onMessage(message)

    def onJoin(self, details):
        self.joined.set_result(details)

    def onLeave(self, details):
        if not self.joined.done():
            self.joined.set_result(details)

    def onDisconnect(self):
        pass


async def main():
    first = await open_session(lambda: Session(resumable=True))
    await first.joined
    welcome = first.welcome
    await first.subscribe(lambda *args: None, "com.example.topic")
    outcome = {
        "session": welcome.session,
        "resumable": welcome.resumable,
        "resumed": welcome.resumed,
        "token": welcome.resume_token,
        "received": first.received,
    }
    first._transport.abort()
    second = await open_session(
        lambda: Session(
            resumable=True, resume_session=welcome.session, resume_token=welcome.resume_token
        )
    )
    outcome["refusal"] = (await second.joined).reason
    print(json.dumps(outcome), flush=True)


asyncio.run(asyncio.wait_for(main(), 30))
