"""Manages a node as its users did Crossbar.io's, on Autobahn|Python; what came of it is printed as one line of JSON.

Arguments: the management socket. Ends by itself.
"""

import asyncio
import json
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.component import Component  # noqa: E402
from autobahn.wamp.exception import ApplicationError  # noqa: E402

outcome = {}
events = []
done = asyncio.Event()
manager = Component(
    transports=[
        {
            "type": "rawsocket",
            "url": "rs://localhost",
            "serializer": "cbor",
            "endpoint": {"type": "unix", "path": sys.argv[1]},
        }
    ],
    realm="crossbar",
)


@manager.on_join
async def manage(session, details):
    async def call(name, *args, **kwargs):
        return await call_node("worker.worker001." + name, *args, **kwargs)

    async def call_node(name, *args, **kwargs):
        try:
            return await session.call("crossbar." + name, *args, **kwargs)
        except ApplicationError as error:
            return error.error

    await session.subscribe(lambda realm: events.append(realm), "crossbar.worker.worker001.on_realm_started")
    outcome["realms"] = await call("get_router_realms")
    roles = [{"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": {"call": True}}]}]
    started = await call("start_router_realm", "realm2", realm_config={"name": "other", "roles": roles})
    outcome["started"] = [started["id"], started["roles"]]
    outcome["by name"] = (await call("get_router_realm_by_name", realm_name="other"))["id"]
    outcome["twice"] = await call("start_router_realm", "realm2", {"name": "other"})
    outcome["wrong"] = await call("start_router_realm", "realm3", {"nam": "other"})
    outcome["role"] = (await call("stop_router_realm_role", "realm2", "role001"))["id"]
    endpoint = {"type": "tcp", "interface": "127.0.0.1", "port": 0}
    transport = await call("start_router_transport", "more", {"type": "websocket", "endpoint": endpoint})
    outcome["transport"] = [transport["id"], transport["state"]]
    outcome["stopped"] = (await call("stop_router_transport", "more"))["state"]
    outcome["detached"] = (await call("stop_router_realm", "realm2"))["detached_sessions"]
    outcome["gone"] = await call("get_router_realm", "realm2")
    outcome["events"] = events
    options = {"shutdown": "shutdown-manual"}
    box = await call_node("start_worker", "box", "container", worker_options=options)
    outcome["container"] = [box["id"], box["status"], await call_node("worker.box.get_components")]
    outcome["no component"] = await call_node("worker.box.restart_component", "tea")
    guest = {"executable": "echo", "arguments": ["hello"]}
    await call_node("start_worker", "guest", "guest", guest)
    lines = []
    while not lines:
        lines = [one["line"] for one in await call_node("get_worker_log", "guest", limit=10)]
    outcome["guest"] = lines
    outcome["stopped worker"] = (await call_node("stop_worker", "box"))["status"]
    outcome["no worker"] = await call_node("stop_worker", "box", kill=True)
    done.set()


async def main():
    # Autobahn takes the end of a RawSocket for a loss, and would connect again.
    running = manager.start(asyncio.get_running_loop())
    await asyncio.wait_for(done.wait(), 30)
    running.cancel()
    print(json.dumps(outcome))


asyncio.run(main())
