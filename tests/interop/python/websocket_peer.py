"""Autobahn|Python's WebSocket without WAMP: `serve` echoes on a free port, `connect URL` sends and checks; see ../protocols_test.ts."""

import asyncio
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.websocket import (  # noqa: E402
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (  # noqa: E402
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)


class Echo(WebSocketServerProtocol):
    def onConnect(self, request):
        return (request.protocols[0] if request.protocols else None), {"X-Mine": "2"}

    def onMessage(self, payload, isBinary):
        self.beginMessage(isBinary, True)
        half = len(payload) // 2
        self.sendMessageFrame(payload[:half])
        self.beginMessageFrame(len(payload) - half)
        self.sendMessageFrameData(payload[half:])
        self.endMessage()


class Client(WebSocketClientProtocol):
    def onOpen(self):
        self.answers = []
        self.sendMessage("é".encode(), False)
        self.sendMessage(bytes(range(256)) * 300, True, fragmentSize=1000)
        self.beginMessage(False, True)
        self.beginMessageFrame(6)
        self.sendMessageFrameData(b"one")
        self.sendMessageFrameData(b"two")
        self.endMessage()
        self.sendPing(b"hi")

    def onMessage(self, payload, isBinary):
        self.answers.append((payload, isBinary))

    def onPong(self, payload):
        self.answers.append(payload)
        self.sendClose(3000, "enough")

    def onClose(self, wasClean, code, reason):
        expected = [("é".encode(), False), (bytes(range(256)) * 300, True), (b"onetwo", False), b"hi"]
        print("as expected" if self.answers == expected else repr(self.answers)[:500], wasClean, code, flush=True)
        asyncio.get_running_loop().stop()


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
if sys.argv[1] == "serve":
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.setProtocolOptions(
        perMessageCompressionAccept=lambda offers: next(
            (PerMessageDeflateOfferAccept(offer) for offer in offers if isinstance(offer, PerMessageDeflateOffer)), None
        )
    )
    server = loop.run_until_complete(loop.create_server(factory, "127.0.0.1", 0))
    print(server.sockets[0].getsockname()[1], flush=True)
else:
    factory = WebSocketClientFactory(sys.argv[2])
    factory.protocol = Client
    if "deflate" in sys.argv:
        factory.setProtocolOptions(
            perMessageCompressionOffers=[PerMessageDeflateOffer()],
            perMessageCompressionAccept=lambda response: PerMessageDeflateResponseAccept(response)
            if isinstance(response, PerMessageDeflateResponse)
            else None,
        )
    host, port = sys.argv[2].removeprefix("ws://").split(":")
    loop.run_until_complete(loop.create_connection(factory, host, int(port)))
loop.run_forever()
