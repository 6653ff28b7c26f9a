"""Sends updates to a webhook as Telegram does: one in flight for each chat, again until it is taken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx2

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
WAITS = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds before each further attempt; the first one is made at once."""
LONGEST_RETRY_AFTER = 3600.0


class Webhook:
    """The webhook of one bot; no URL: there is none.

    Args:
        pace: seconds here for one second of Telegram's waits.
        delivered: called with the id of each update that was taken.
    """

    def __init__(self, pace: float, delivered: Callable[[int], None]) -> None:
        self.url = ""
        self.secret = ""
        self.last_error = ""
        self.attempts: list[tuple[int, int]] = []
        """Each request: the id of the update, and the status; 0: no answer."""
        self._pace = pace
        self._delivered = delivered
        self._lanes: dict[int, list[Mapping[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[int] = set()
        self._connections = asyncio.Semaphore(40)

    def set(self, url: str, secret: str, connections: int) -> None:
        self._stop()
        self.url, self.secret, self.last_error = url, secret, ""
        self._connections = asyncio.Semaphore(connections)

    def push(self, updates: Iterable[Mapping[str, Any]]) -> None:
        """Deliver those of the updates that are not yet under way."""
        if not self.url:
            return
        for update in updates:
            if update["update_id"] in self._known:
                continue
            self._known.add(update["update_id"])
            chat = _chat(update)
            if chat in self._lanes:
                self._lanes[chat].append(update)
                continue
            self._lanes[chat] = [update]
            task = asyncio.create_task(self._drain(chat))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = list(self._tasks)
        self._stop()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._lanes = {}
        self._known = set()

    async def _drain(self, chat: int) -> None:
        lane = self._lanes[chat]
        async with httpx2.AsyncClient(timeout=60.0, trust_env=False) as client:
            while lane:
                await self._deliver(client, lane[0])
                lane.pop(0)
        self._lanes.pop(chat, None)

    async def _deliver(self, client: httpx2.AsyncClient, update: Mapping[str, Any]) -> None:
        failures = 0
        while True:
            async with self._connections:
                status, after = await self._attempt(client, update)
            self.attempts.append((update["update_id"], status))
            if 200 <= status < 300:
                self._delivered(update["update_id"])
                return
            self.last_error = f"Wrong response from the webhook: {status}" if status else "Connection failed"
            wait = WAITS[min(failures, len(WAITS) - 1)] if after is None else min(after, LONGEST_RETRY_AFTER)
            failures += 1
            await asyncio.sleep(wait * self._pace)

    async def _attempt(self, client: httpx2.AsyncClient, update: Mapping[str, Any]) -> tuple[int, float | None]:
        headers = {SECRET_HEADER: self.secret} if self.secret else {}
        try:
            response = await client.post(self.url, json=dict(update), headers=headers)
        except httpx2.HTTPError:
            return 0, None
        after = response.headers.get("retry-after", "")
        return response.status_code, float(after) if after.isdecimal() else None


def _chat(update: Mapping[str, Any]) -> int:
    for value in update.values():
        if isinstance(value, Mapping) and "chat" in value:
            return int(value["chat"]["id"])
    return 0
