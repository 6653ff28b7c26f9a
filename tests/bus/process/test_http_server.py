"""The socket that services listen on."""

from __future__ import annotations

import asyncio
import socket

from bus.process.http_server import bind


async def test_what_is_sent_on_it_does_not_wait_for_the_receipt_of_what_was_sent_before() -> None:
    found: asyncio.Queue[int] = asyncio.Queue()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        found.put_nowait(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()
        await writer.wait_closed()

    listener = bind("127.0.0.1", 0, "VISAVIS_PORT")
    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        async with asyncio.timeout(20):
            assert await found.get() != 0
        writer.close()
        await writer.wait_closed()
