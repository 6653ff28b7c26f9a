"""A worker that leaks everything that a soak looks for, twenty times a second."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading

import nats
from nats.js import api

from bus.settings import read_settings

_FOR_EVER = 600.0


async def leak(url: str) -> None:
    """Leak memory, files, sockets, threads and consumers, leave a queue unread, and tell more and more of it."""
    client = await nats.connect(url)
    js = client.jetstream()
    await js.add_consumer("CHARACTERS", api.ConsumerConfig(durable_name="leaking", ack_policy=api.AckPolicy.EXPLICIT))
    hoard: list[object] = []
    never = threading.Event()
    while True:
        config = api.ConsumerConfig(ack_policy=api.AckPolicy.NONE, inactive_threshold=_FOR_EVER)
        hoard += [bytearray(1 << 18), os.open(os.devnull, os.O_RDONLY), socket.socket()]
        await js.add_consumer("LIVE", config)
        threading.Thread(target=never.wait, daemon=True).start()
        print("leaked " * len(hoard), flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    sys.exit(asyncio.run(leak(read_settings(os.environ).nats_url)))
