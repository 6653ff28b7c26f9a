"""`visavis top`: a live view of services, queues, turns in flight and latencies."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import msgspec
from rich.live import Live

from bus.log.event_log import connect
from bus.settings import Settings
from visavis.rich_console import rich_console
from visavis.watch.keys import pressed_keys
from visavis.watch.picture import ORDERS, View, picture
from visavis.watch.snapshot import Snapshot
from visavis.watch.watcher import Watcher

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the server."""
_FIRST_READ = 10.0
"""Seconds that reading the log of the last minutes may take before a picture is drawn without it."""
_BETWEEN_LOOKS = 0.5
"""Seconds between the two looks of `--once`: the use of the processor is known by the second."""
_PATIENCE = 1.0
"""Seconds that reading the log has to end."""


async def top(
    settings: Settings, *, once: bool, as_json: bool, color: bool, interval: float = 1.0, wait: float = CONNECT_TIMEOUT
) -> int:
    """Show the system; returns the exit status.

    Args:
        once: print one picture and end. Without a terminal that can redraw there is no live view, so then, too.
        as_json: one JSON object, with `once`, or one a line.
        interval: seconds between two looks.
        wait: seconds for the connection to the server.
    Raises:
        BusError: there is no server.
    """
    async with connect(settings, name="top", wait=wait, update_streams=False) as event_log:
        watcher = Watcher(event_log)
        async with _following(watcher):
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_READ):
                    await watcher.caught_up.wait()
            if once or not (as_json or _can_redraw()):
                await watcher.look()
                await asyncio.sleep(_BETWEEN_LOOKS)
                _print(await watcher.look(), as_json=as_json, color=color)
            elif as_json:
                while True:
                    _print(await watcher.look(), as_json=True, color=False)
                    await asyncio.sleep(interval)
            else:
                await _live(watcher, interval, color=color)
    return 0


def _can_redraw() -> bool:
    """Whether standard output is a terminal on which one picture takes the place of another."""
    return sys.stdout.isatty() and not rich_console(color=False).is_dumb_terminal


@asynccontextmanager
async def _following(watcher: Watcher) -> AsyncIterator[None]:
    following = asyncio.create_task(watcher.follow())
    try:
        yield
    finally:
        following.cancel()
        # Not for ever: a request to NATS may have swallowed it, and the connection is closed next.
        await asyncio.wait([following], timeout=_PATIENCE)


def _print(shot: Snapshot, *, as_json: bool, color: bool) -> None:
    if as_json:
        print(msgspec.json.encode(shot).decode(), flush=True)
        return
    console = rich_console(color=color)
    console.print(picture(shot, View(), width=console.width))


async def _live(watcher: Watcher, interval: float, *, color: bool) -> None:
    """Draw until the person presses q."""
    console = rich_console(color=color)
    logging.getLogger().addHandler(logging.NullHandler())  # a line in the middle of the picture
    view = View(keys=True)
    shot = await watcher.look()
    looked = time.monotonic()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        async with pressed_keys() as keys:
            while True:
                live.update(picture(shot, view, width=console.width, height=console.height), refresh=True)
                key = ""
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.05, looked + interval - time.monotonic())):
                        key = await keys.get()
                if key == "q":
                    return
                view = _changed(view, key)
                if not view.paused and time.monotonic() >= looked + interval:
                    looked = time.monotonic()
                    shot = await watcher.look()
                elif view.paused:
                    looked = time.monotonic()


def _changed(view: View, key: str) -> View:
    """What a key makes of the view."""
    match key:
        case "p":
            return replace(view, paused=not view.paused)
        case "left" | "right":
            step = 1 if key == "right" else -1
            return replace(view, order=ORDERS[(ORDERS.index(view.order) + step) % len(ORDERS)])
        case "up" | "down":
            return replace(view, first_turn=max(0, view.first_turn + (1 if key == "down" else -1)))
    return view
