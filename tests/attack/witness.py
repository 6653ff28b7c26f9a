"""A person who goes on talking, and measures how soon the answers come."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

WITNESS = "192.0.2.1"
"""The address of the witness, told by the proxy that this machine is."""


@dataclass
class Talk:
    """What the witness has seen since it was asked last."""

    waits: list[float] = field(default_factory=list)
    """Seconds from a message to the first word of its answer."""
    failures: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return sorted(self.waits)[len(self.waits) // 2] if self.waits else float("nan")

    @property
    def longest(self) -> float:
        return max(self.waits, default=float("nan"))


class Witness:
    """Writes a message, waits for the first word of the answer, and so on.

    Args:
        url: of the gateway.
        first_word: type of the fact that counts as such.
        pause: seconds between an answer and the next message.
        patience: seconds without an answer after which it counts as lost.
    """

    def __init__(
        self, url: str, *, first_word: str = "speech.started", pause: float = 1.5, patience: float = 60.0
    ) -> None:
        self._url, self._first_word, self._pause, self._patience = url, first_word, pause, patience
        self._talk = Talk()
        self._begun: dict[str, float] = {}
        self._answered: dict[str, asyncio.Event] = {}

    def take(self) -> Talk:
        """What was seen since the last time."""
        talk, self._talk = self._talk, Talk()
        return talk

    async def run(self) -> None:
        """Talk until cancelled."""
        headers = {"X-Forwarded-For": WITNESS}
        async with httpx2.AsyncClient(base_url=self._url, timeout=self._patience, headers=headers) as client:
            opened = await client.post("/api/conversations", json={})
            opened.raise_for_status()
            path = f"/api/conversations/{opened.json()['id']}"
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(client, path))
                for number in range(1_000_000):
                    await self._ask(client, path, f"Hello, this is message {number}.")
                    await asyncio.sleep(self._pause)

    async def _ask(self, client: httpx2.AsyncClient, path: str, text: str) -> None:
        began = time.monotonic()
        try:
            answer = await client.post(f"{path}/messages", json={"text": text})
        except httpx2.HTTPError as error:
            self._talk.failures.append(f"the message was not taken: {error!r}")
            return
        if answer.status_code != 202:
            self._talk.failures.append(f"the message was answered {answer.status_code} {answer.text[:200]}")
            return
        answered = self._answered.setdefault(answer.json()["turn"], asyncio.Event())
        try:
            async with asyncio.timeout(self._patience):
                await answered.wait()
            self._talk.waits.append(time.monotonic() - began)
        except TimeoutError:
            self._talk.failures.append(f"no first word after {self._patience:.0f} s")

    async def _listen(self, client: httpx2.AsyncClient, path: str) -> None:
        after = 0
        while True:
            with suppress(httpx2.HTTPError):
                async with client.stream("GET", f"{path}/events", params={"after": after}) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("id: "):
                            after = int(line[4:])
                        elif line.startswith('data: {"event"'):
                            self._see(json.loads(line[6:])["event"])
            await asyncio.sleep(0.5)

    def _see(self, event: dict[str, object]) -> None:
        body, turn = event["body"], event.get("turn")
        if isinstance(body, dict) and body.get("type") == self._first_word and isinstance(turn, str):
            self._answered.setdefault(turn, asyncio.Event()).set()
