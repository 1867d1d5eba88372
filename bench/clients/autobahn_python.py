"""Autobahn|Python on asyncio under load: autobahn_python.py URL SECONDS. Does what load.ts does."""

import asyncio
import json
import sys
import time

from autobahn.asyncio.component import Component, run

URL, SECONDS = sys.argv[1], float(sys.argv[2])
IN_FLIGHT, BURST, TEXT = 64, 500, "x" * 100
component = Component(transports=URL, realm="realm1")


async def during(seconds, work):
    end = time.monotonic() + seconds
    started, cpu, count = time.monotonic(), time.process_time(), 0
    while True:
        count += await work(lambda: time.monotonic() >= end)
        if time.monotonic() >= end:
            break
    used, wall = time.process_time() - cpu, time.monotonic() - started
    return {"count": count, "cpuMicros": used * 1e6, "wallMillis": wall * 1e3}


@component.on_join
async def joined(session, _details):
    async def calls(is_over):
        async def line():
            count = 0
            while not is_over():
                assert await session.call("com.bench.echo", TEXT) == TEXT
                count += 1
            return count

        return sum(await asyncio.gather(*(line() for _ in range(IN_FLIGHT))))

    await during(SECONDS / 3, calls)
    called = await during(SECONDS, calls)
    state = {"received": 0, "whole": None}

    def on_event(_text):
        state["received"] += 1
        if state["received"] % BURST == 0:
            state["whole"].set_result(None)

    await session.subscribe(on_event, "com.bench.topic")

    async def burst(_is_over):
        state["whole"] = asyncio.get_running_loop().create_future()
        await session.call("com.bench.burst", BURST)
        await state["whole"]
        return BURST

    await during(SECONDS / 3, burst)
    events = await during(SECONDS, burst)
    print(json.dumps({"called": called, "events": events}), flush=True)
    session.leave()


run([component], log_level="error")
