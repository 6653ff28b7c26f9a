"""The attacks. Each is a coroutine that attacks a gateway for a while and counts how it was answered."""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

ATTACKER = "127.0.0.2"
"""An address of this machine that no proxy of ours has."""
_AT_ONCE = 64
OFFER = (Path(__file__).parents[1] / "services" / "gateway" / "web" / "offers" / "chromium.sdp").read_bytes()
_HOST = b"Host: 127.0.0.1\r\n"


@dataclass
class Outcome:
    """How a gateway has answered an attack."""

    answers: Counter[str] = field(default_factory=Counter)
    """By status, or what else became of a request."""
    wrong: list[str] = field(default_factory=list)
    """Answers that are not as the API is described."""

    @property
    def refused(self) -> int:
        """How often the gateway has said that it was too much, or closed the connection."""
        return sum(self.answers[one] for one in ("429", "503", "408", "409", "closed"))

    @property
    def broken(self) -> int:
        """Answers that a gateway should never give."""
        return sum(count for status, count in self.answers.items() if status in ("500", "501", "502", "504"))


Attack: TypeAlias = Callable[[str, float], Awaitable[Outcome]]
"""Attacks the gateway at a URL for so many seconds, of which 8 are a whole attack."""


@asynccontextmanager
async def visitor(url: str, *, at_once: int = _AT_ONCE) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client at the attacker's address, with one cookie."""
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    transport = httpx2.AsyncHTTPTransport(local_address=ATTACKER, limits=limits)
    async with httpx2.AsyncClient(base_url=url, timeout=30, transport=transport) as client:
        yield client


async def _send(outcome: Outcome, request: Awaitable[httpx2.Response]) -> httpx2.Response | None:
    try:
        answer = await request
    except httpx2.TimeoutException:
        outcome.answers["no answer"] += 1
        return None
    except httpx2.HTTPError:
        outcome.answers["closed"] += 1
        return None
    outcome.answers[str(answer.status_code)] += 1
    return answer


async def _send_later(outcome: Outcome, client: httpx2.AsyncClient, path: str, **content: Any) -> None:
    await _send(outcome, client.post(path, **content))


def _cycled(paths: list[str], count: int) -> Iterable[str]:
    """So many paths, each again and again; none where no conversation was to be had."""
    return itertools.islice(itertools.cycle(paths), count)


async def _all(requests: Iterable[Callable[[], Awaitable[object]]], at_once: int = _AT_ONCE) -> None:
    slots = asyncio.Semaphore(at_once)

    async def one(request: Callable[[], Awaitable[object]]) -> None:
        async with slots:
            await request()

    async with asyncio.TaskGroup() as tasks:
        for request in requests:
            tasks.create_task(one(request))


async def _conversations(client: httpx2.AsyncClient, count: int, outcome: Outcome) -> list[str]:
    paths: list[str] = []
    for _ in range(count):
        answer = await _send(outcome, client.post("/api/conversations", json={}))
        if answer is not None and answer.status_code == 201:
            paths.append(f"/api/conversations/{answer.json()['id']}")
    return paths


async def _raw(outcome: Outcome, url: str, parts: Iterable[bytes], pause: float, wait: float) -> None:
    """Send bytes, slowly, and wait for what comes."""
    at = httpx2.URL(url)
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(at.host, at.port, local_addr=(ATTACKER, 0))
    except (OSError, TimeoutError):
        outcome.answers["no connection"] += 1
        return
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(wait):
            first = await reader.readline()
        outcome.answers[first.split()[1].decode() if first.startswith(b"HTTP/1.1 ") else "closed"] += 1
    except TimeoutError:
        outcome.answers["held open"] += 1
    except OSError:
        outcome.answers["closed"] += 1
    finally:
        writer.close()


async def slow_headers(url: str, seconds: float) -> Outcome:
    """300 requests whose header comes a byte at a time and never ends."""
    outcome, count = Outcome(), round(300 * min(1, seconds / 8))
    parts = [b"GET / HTTP/1.1\r\n", *[b"a"] * round(4 * seconds)]
    await asyncio.gather(*(_raw(outcome, url, parts, 0.25, 20) for _ in range(count)))
    return outcome


async def slow_bodies(url: str, seconds: float) -> Outcome:
    """100 messages whose body never ends."""
    outcome, count = Outcome(), round(100 * min(1, seconds / 8))
    head = b"POST /api/conversations HTTP/1.1\r\n" + _HOST + b"Content-Length: 60000\r\n\r\n"
    await asyncio.gather(*(_raw(outcome, url, [head, *[b"{"] * round(seconds)], 1, 1) for _ in range(count)))
    return outcome


async def idle_connections(url: str, seconds: float) -> Outcome:
    """1,100 connections that say nothing."""
    outcome, count = Outcome(), round(1100 * min(1, seconds / 8))
    await asyncio.gather(*(_raw(outcome, url, (), 0, seconds) for _ in range(count)))
    return outcome


async def messages(url: str, seconds: float) -> Outcome:
    """One person with 8 conversations and 1,150 messages."""
    outcome, count = Outcome(), round(1150 * min(1, seconds / 8))
    async with visitor(url) as client:
        paths = await _conversations(client, 8, outcome)
        text = "Please tell me a long story about the sea, and then another one about the mountains."
        await _all(
            partial(_send_later, outcome, client, f"{path}/messages", json={"text": text})
            for path in _cycled(paths, count)
        )
    return outcome


async def many_persons(url: str, seconds: float) -> Outcome:
    """300 persons at one address, with a conversation and a message each."""
    outcome = Outcome()

    async def talk() -> None:
        async with visitor(url, at_once=1) as client:
            for path in await _conversations(client, 1, outcome):
                await _send(outcome, client.post(f"{path}/messages", json={"text": "Tell me a story."}))

    await _all((talk for _ in range(round(300 * min(1, seconds / 8)))), 16)
    return outcome


async def event_streams(url: str, seconds: float) -> Outcome:
    """300 streams of events of one conversation."""
    outcome = Outcome()
    async with visitor(url, at_once=400) as client:
        paths = await _conversations(client, 1, outcome)

        async def follow(path: str) -> None:
            try:
                async with asyncio.timeout(seconds), client.stream("GET", f"{path}/events") as stream:
                    outcome.answers[str(stream.status_code)] += 1
                    async for _ in stream.aiter_raw():
                        pass
            except TimeoutError:
                pass
            except httpx2.HTTPError:
                outcome.answers["closed"] += 1

        await asyncio.gather(*(follow(path) for path in paths * round(300 * min(1, seconds / 8))))
    return outcome


async def offers(url: str, seconds: float) -> Outcome:
    """339 offers of calls, none of which is taken up."""
    outcome = Outcome()
    async with visitor(url) as client:
        paths = await _conversations(client, 4, outcome)
        headers = {"Content-Type": "application/sdp"}
        await _all(
            (
                partial(_send_later, outcome, client, f"{path}/rtc", content=OFFER, headers=headers)
                for path in _cycled(paths, round(339 * min(1, seconds / 8)))
            ),
            16,
        )
        for _ in range(20):
            await _send(outcome, client.get("/api/rtc/ice"))
    return outcome


async def photos(url: str, seconds: float) -> Outcome:
    """14 files at once that say they are photos, again and again."""
    outcome, data = Outcome(), hostile_pictures()
    async with visitor(url) as client:
        paths = await _conversations(client, 2, outcome)

        def send(number: int, path: str) -> Callable[[], Awaitable[object]]:
            form = {"name": (None, f"Face {number}"), "photo": ("me.jpg", data[number % len(data)], "image/jpeg")}
            return partial(_send_later, outcome, client, f"{path}/characters", files=form)

        await _all(itertools.starmap(send, enumerate(_cycled(paths, round(42 * min(1, seconds / 8))))), 14)
    return outcome


async def nonsense(url: str, seconds: float) -> Outcome:
    """Requests that are none, or ask for odd things; the same ones each time."""
    outcome, chance = Outcome(), random.Random(1)
    lines = [
        b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET " + b"/a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, b"POST /api/conversations HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/conversations HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ]  # fmt: skip
    await asyncio.gather(*(_raw(outcome, url, [line], 0, 20) for line in lines))
    async with visitor(url) as client:
        places = ["", "%00", "..%2f..", "c1", "\u00b2", "a" * 300, "%0a", "-1", "null"]
        tails = ["", "/events?after=\u00b2", "/events?after=-1", "/messages", "/rtc", "/characters", "/interrupt"]
        bodies = [b"", b"{", b"[]", b"null", b'{"text":1}', b'{"text":"\\ud800"}', b"\xff\xfe", b"[" * 50_000]
        types = ["application/json", "application/sdp", "multipart/form-data; boundary=x", "text/plain", ""]
        for _ in range(round(40 * seconds)):
            target = f"/api/conversations/{chance.choice(places)}{chance.choice(tails)}"
            method = chance.choice(["GET", "POST", "PUT", "PATCH", "DELETE"])
            headers = {"Content-Type": chance.choice(types), "Cookie": "visavis_person=" + chance.choice(places[3:4])}
            request = client.request(method, target, content=chance.choice(bodies), headers=headers)
            await _send(outcome, request)
    return outcome


ATTACKS: tuple[Attack, ...] = (
    slow_headers, slow_bodies, idle_connections, messages, many_persons, event_streams, offers, photos, nonsense,
)  # fmt: skip


def hostile_pictures() -> list[bytes]:
    """Files that are no photos, or that ask for more than a photo may."""

    def png(width: int, height: int, depth: int, data: bytes) -> bytes:
        def chunk(kind: bytes, content: bytes) -> bytes:
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")

    session = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n"
    return [
        session, playlist, b"", b"GIF89a", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40,
        png(60_000, 60_000, 8, b""), png(9000, 9000, 16, bytes(1 << 20)), png(64, 64, 8, bytes(64 * 193)),
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/hostname'/></svg>",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ]  # fmt: skip


async def survives(url: str) -> bool:
    """Whether a gateway answers a health check."""
    with suppress(httpx2.HTTPError):
        async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
            return (await client.get("/readyz")).status_code == 200
    return False
