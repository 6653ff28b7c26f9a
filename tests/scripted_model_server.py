"""A language model's server that sends the bytes a test scripts, no more and no less, over a plain socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

from msgspec import Struct


class Wait(Struct):
    """A step of a script: nothing is sent until the event is set."""

    until: asyncio.Event


class Pause(Struct):
    """A step of a script: seconds of silence."""

    seconds: float


class Tear:
    """A step of a script: the connection is reset, in the middle of whatever was being sent."""


Step: TypeAlias = bytes | Wait | Pause | Tear
Script: TypeAlias = Sequence[Step]


class Asked(Struct):
    """One request that the server got."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any
    """Its JSON; None where it has none."""


def response(body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str) -> Script:
    """A whole answer with its length; underscores in names of headers stand for hyphens."""
    named = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return [_head(status, named | _header_names(headers)), body]


def json_response(value: object, *, status: str = "200 OK", **headers: str) -> Script:
    """A whole answer in JSON."""
    return response(json.dumps(value).encode(), status=status, **headers)


def stream(
    *parts: bytes | Wait | Pause | Tear, content_type: str = "text/event-stream", regular_end: bool = True
) -> Script:
    """A streamed answer, one HTTP chunk for each part; without the regular end the body is torn off."""
    steps: list[Step] = [_head("200 OK", {"Content-Type": content_type, "Transfer-Encoding": "chunked"})]
    for part in parts:
        steps.append(b"%x\r\n%b\r\n" % (len(part), part) if isinstance(part, bytes) else part)
    return [*steps, b"0\r\n\r\n" if regular_end else Tear()]


def stream_until_close(*parts: bytes | Wait | Pause | Tear) -> Script:
    """A streamed answer without length or chunks, as old servers send it: the end of the connection ends it."""
    return [_head("200 OK", {"Content-Type": "text/event-stream"}), *parts]


def data(value: object) -> bytes:
    """One event of a stream, with JSON."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(content: object = None, *, finish: str | None = None, **fields: object) -> bytes:
    """One chunk of an answer, as OpenAI sends it; further fields go beside the content."""
    inside = dict(fields) if content is None else {"content": content, **fields}
    choice = {"index": 0, "delta": inside, "finish_reason": finish}
    return data({"id": "x", "object": "chat.completion.chunk", "choices": [choice]})


DONE = b"data: [DONE]\n\n"


def _head(status: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class ScriptedModelServer:
    """Answers the requests for a chat with its scripts in turn, the last one again and again.

    Attributes:
        scripts: each a script, or a function from a request to one.
        models: the answer to a request for the list of models.
        chats: the requests for a chat so far, whole and in order.
    """

    def __init__(self, *scripts: Script | Callable[[Asked], Script]) -> None:
        self.scripts = list(scripts)
        self.models: Script = json_response({"object": "list", "data": [{"id": "llama3"}]})
        self.chats: list[Asked] = []
        self.lists = 0
        self.url = ""

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1].split("/")[0])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection; never raises."""
        try:
            for step in self._script(await _read_request(reader)):
                await _take(step, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _script(self, asked: Asked) -> Script:
        if asked.method == "GET":
            self.lists += 1
            return self.models
        self.chats.append(asked)
        made = self.scripts[min(len(self.chats), len(self.scripts)) - 1]
        return made(asked) if callable(made) else made


async def _take(step: Step, writer: asyncio.StreamWriter) -> None:
    match step:
        case bytes():
            writer.write(step)
            await writer.drain()
        case Wait(until=until):
            await until.wait()
        case Pause(seconds=seconds):
            await asyncio.sleep(seconds)
        case Tear():
            writer.transport.abort()
            raise ConnectionResetError


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method=method, target=target, headers=headers, body=json.loads(body) if body else None)


@asynccontextmanager
async def serving(*scripts: Script | Callable[[Asked], Script]) -> AsyncIterator[ScriptedModelServer]:
    """A scripted server that listens on loopback for as long as the context lasts."""
    scripted = ScriptedModelServer(*scripts)
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(scripted.handle(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield scripted
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
