"""Autobahn|Python on asyncio as a peer that the tests drive: see ../README.md for the lines it reads and writes."""

import asyncio
import json
import platform
import sys

import autobahn
import txaio

txaio.use_asyncio()

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory  # noqa: E402
from autobahn.asyncio.wamp import ApplicationSession  # noqa: E402
from autobahn.asyncio.websocket import WampWebSocketClientFactory  # noqa: E402
from autobahn.wamp.auth import create_authenticator  # noqa: E402
from autobahn.wamp.cryptobox import Key, KeyRing  # noqa: E402
from autobahn.wamp.exception import ApplicationError  # noqa: E402
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer  # noqa: E402
from autobahn.wamp.types import (  # noqa: E402
    CallOptions,
    CallResult,
    ComponentConfig,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
EXACT = 2**53 - 1
CREDENTIALS = {"ticket": "ticket", "wampcra": "secret", "cryptosign": "privkey", "scram": "password"}


def write(line):
    sys.stdout.write(json.dumps(line, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def untag(value):
    """From a line's tagged values to Python's."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if isinstance(value, dict):
        if "$int" in value:
            return int(value["$int"])
        if "$float" in value:
            return float(value["$float"])
        if "$bytes" in value:
            return bytes.fromhex(value["$bytes"])
        if "$unserializable" in value:
            return object()
        return {key: untag(item) for key, item in value.items()}
    return value


def tag(value):
    """From Python's values to those of a line."""
    if isinstance(value, (list, tuple)):
        return [tag(item) for item in value]
    if isinstance(value, dict):
        return {str(key): tag(item) for key, item in value.items()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": bytes(value).hex()}
    if isinstance(value, float) and value.is_integer():
        return {"$float": repr(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return {"$int": str(value)}
    return value


class Session(ApplicationSession):
    """One session; what it hears of its own accord becomes a note."""

    def __init__(self, name, realm, auth):
        super().__init__(ComponentConfig(realm=realm))
        self.name = name
        self.auth = auth
        self.authenticator = None
        self.joined = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self.held = {}
        self.handles = {}
        self.reason = None

    def onConnect(self):
        if self.auth is None:
            return super().onConnect()
        method, authid = self.auth["method"], self.auth["authid"]
        credentials = {CREDENTIALS[method]: self.auth["secret"]}
        self.authenticator = create_authenticator(method, authid=authid, **credentials)
        self.join(self.config.realm, [method], authid, authextra=self.authenticator.authextra)

    def onChallenge(self, challenge):
        return self.authenticator.on_challenge(self, challenge)

    def onWelcome(self, welcome):
        if self.authenticator is not None:
            return self.authenticator.on_welcome(self, welcome.authextra)

    def onJoin(self, details):
        self.joined.set_result(details)

    def onLeave(self, details):
        self.reason = details.reason
        if not self.joined.done():
            self.joined.set_exception(ApplicationError(details.reason, details.message))
        self.disconnect()

    def onDisconnect(self):
        write({"note": "closed", "session": self.name, "reason": self.reason})
        if not self.joined.done():
            self.joined.set_exception(Exception("connection closed"))
        self.ended.set_result(None)

    def onUserError(self, fail, msg):
        pass

    def behaviour(self, procedure, kind):
        """The endpoint that a procedure is registered with."""

        def details_of(details):
            return {
                "procedure": details.procedure,
                "caller": details.caller,
                "caller_authid": details.caller_authid,
                "caller_authrole": details.caller_authrole,
            }

        def echo(*args, _details=None, **kwargs):
            return CallResult(*args, **kwargs)

        def details(*args, _details=None, **kwargs):
            return details_of(_details)

        def fail(uri, *args, _details=None, **kwargs):
            raise ApplicationError(uri, *args, **kwargs)

        def throw(*args, _details=None, **kwargs):
            raise RuntimeError("thrown on purpose")

        def progress(count, *args, _details=None, **kwargs):
            if _details.progress is None:
                return "no progress wanted"
            for number in range(count):
                _details.progress(number, step=number)
            return "done"

        async def hang(*args, _details=None, **kwargs):
            released = asyncio.get_running_loop().create_future()
            self.held[procedure] = released
            write({"note": "invoked", "session": self.name, "procedure": procedure})
            try:
                return await released
            except asyncio.CancelledError:
                write({"note": "interrupted", "session": self.name, "procedure": procedure})
                raise

        return locals()[kind]


class Peer:
    def __init__(self):
        self.sessions = {}
        self.calls = {}

    async def join(self, r):
        loop = asyncio.get_running_loop()
        session = Session(r["session"], r["realm"], r.get("auth"))
        name, _, batched = r["serializer"].partition(".")
        serializer = SERIALIZERS[name](batched=True) if batched else SERIALIZERS[name]()
        if r["transport"].startswith("websocket"):
            url = "ws://%s:%d%s" % (r["host"], r["port"], r["path"])
            factory = WampWebSocketClientFactory(lambda: session, url=url, serializers=[serializer])
        else:
            factory = WampRawSocketClientFactory(lambda: session, serializer=serializer)
        if r["transport"].endswith("-unix"):
            await loop.create_unix_connection(factory, r["socket"])
        else:
            await loop.create_connection(factory, r["host"], r["port"])
        details = await session.joined
        self.sessions[r["session"]] = session
        return {
            "id": details.session,
            "authid": details.authid,
            "authrole": details.authrole,
            "serializer": details.serializer,
        }

    async def keyring(self, r):
        keyring = KeyRing()
        for uri, key in r["keys"].items():
            keyring.set_key(uri, Key(**key))
        self.sessions[r["session"]].set_payload_codec(keyring)
        return {}

    async def leave(self, r):
        session = self.sessions.pop(r["session"])
        session.leave()
        await session.ended
        return {"reason": session.reason}

    async def register(self, r):
        session = self.sessions[r["session"]]
        options = r.get("options", {})
        registration = await session.register(
            session.behaviour(r["procedure"], r["behaviour"]),
            r["procedure"],
            RegisterOptions(details_arg="_details", **options),
        )
        session.handles[r["procedure"]] = registration
        return {"registration": registration.id}

    async def unregister(self, r):
        await self.sessions[r["session"]].handles.pop(r["procedure"]).unregister()
        return {}

    async def release(self, r):
        self.sessions[r["session"]].held.pop(r["procedure"]).set_result("late")
        return {}

    async def call(self, r):
        options = dict(r.get("options", {}))
        if options.pop("receive_progress", False):

            def on_progress(*args, **kwargs):
                write({"note": "progress", "call": r["id"], "args": tag(args), "kwargs": tag(kwargs)})

            options["on_progress"] = on_progress
        future = self.sessions[r["session"]].call(
            r["procedure"],
            *untag(r.get("args", [])),
            options=CallOptions(**options),
            **untag(r.get("kwargs", {})),
        )
        self.calls[r["id"]] = future
        try:
            result = await future
        except asyncio.CancelledError:
            raise ApplicationError("wamp.error.canceled")
        finally:
            del self.calls[r["id"]]
        if isinstance(result, CallResult):
            return {"args": tag(result.results), "kwargs": tag(result.kwresults)}
        return {"args": [] if result is None else [tag(result)], "kwargs": {}}

    async def cancel(self, r):
        self.calls[r["call"]].cancel()
        return {}

    async def subscribe(self, r):
        session = self.sessions[r["session"]]

        def on_event(*args, _details=None, **kwargs):
            write(
                {
                    "note": "event",
                    "session": r["session"],
                    "handler": r["topic"],
                    "args": tag(args),
                    "kwargs": tag(kwargs),
                    "topic": _details.topic,
                    "publication": _details.publication,
                    "publisher": _details.publisher,
                    "publisher_authid": _details.publisher_authid,
                    "publisher_authrole": _details.publisher_authrole,
                }
            )

        subscription = await session.subscribe(
            on_event, r["topic"], SubscribeOptions(details_arg="_details", **r.get("options", {}))
        )
        session.handles[r["topic"]] = subscription
        return {"subscription": subscription.id}

    async def unsubscribe(self, r):
        await self.sessions[r["session"]].handles.pop(r["topic"]).unsubscribe()
        return {}

    async def publish(self, r):
        answer = self.sessions[r["session"]].publish(
            r["topic"],
            *untag(r.get("args", [])),
            options=PublishOptions(**r.get("options", {})),
            **untag(r.get("kwargs", {})),
        )
        if answer is None:
            return {}
        return {"publication": (await answer).id}

    async def burst(self, r):
        session = self.sessions[r["session"]]
        for number in range(r["count"]):
            session.publish(r["topic"], number)
        return {}

    async def stampede(self, r):
        session = self.sessions[r["session"]]
        await asyncio.gather(*(session.call(r["procedure"], number) for number in range(r["count"])))
        return {}

    async def handle(self, r):
        try:
            result = await getattr(self, r["do"])(r)
            write({"id": r["id"], "result": result})
        except ApplicationError as error:
            write(
                {
                    "id": r["id"],
                    "error": {
                        "uri": error.error,
                        "args": tag(error.args),
                        "kwargs": tag(error.kwargs),
                    },
                }
            )
        except Exception as error:
            write({"id": r["id"], "failed": "%s: %s" % (type(error).__name__, error)})


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    write(
        {
            "note": "ready",
            "versions": "autobahn %s, CPython %s" % (autobahn.__version__, platform.python_version()),
        }
    )
    peer = Peer()
    running = set()
    while line := await lines.readline():
        task = asyncio.ensure_future(peer.handle(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
