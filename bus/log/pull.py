"""A pull subscription that asks ahead, checks what it gets and survives a reconnect.

Ours, because nats-py's `fetch` waits out its time-out after a server restart and costs a task a call, and its ordered
consumer loses messages when the reader is slow (measured with nats-py 2.16.0).
"""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from types import TracebackType

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from bus.errors import BusError
from bus.log.connection import Connection

_HEARTBEAT = 2.0
_SILENCE = 3 * _HEARTBEAT
_EXPIRES = 30.0


class SubscriptionLost(BusError):
    """The consumer is gone or the server no longer answers for it; make a new one."""

    code = "pull_lost"


class PullSubscription:
    """Messages of one consumer, asked for ahead of need.

    Args:
        window: the most messages asked for and not yet taken.
        max_bytes: the most bytes asked for at once; the server cuts off clients that ask for too much.
    """

    def __init__(self, nc: Connection, stream: str, consumer: str, *, window: int, max_bytes: int = 0) -> None:
        self._nc = nc
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._window = window
        self._max_bytes = max_bytes
        self.outstanding = 0
        """Messages asked for and not here yet."""
        self._silent = 0.0
        """Seconds waited in vain since something came, while something was asked for."""
        # Bounded by what was asked for: the server sends no more than that.
        self._arrived: asyncio.Queue[Msg | BusError] = asyncio.Queue()
        self._watch = ExitStack()
        self._subscription: Subscription | None = None
        self._inbox = ""

    async def __aenter__(self) -> PullSubscription:
        self._watch.enter_context(self._nc.on_reconnect(self.lose))
        self._watch.enter_context(self._nc.on_permission_denied(self._subject, self._arrived.put_nowait))
        self._inbox = self._nc.new_inbox()
        self._subscription = await self._nc.subscribe(self._inbox, cb=self._on_message)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.close()
        if self._subscription is not None and not self._nc.is_closed:
            await self._subscription.unsubscribe()

    async def _on_message(self, msg: Msg) -> None:
        self._arrived.put_nowait(msg)

    def lose(self) -> None:
        """End with PullLost after what has arrived is taken."""
        self._arrived.put_nowait(SubscriptionLost(f"{self._subject}: the connection was away"))

    async def ask(self, count: int) -> None:
        """See to it that `count` messages are asked for and not yet here."""
        count -= self.outstanding
        if count <= 0:
            return
        request: dict[str, int] = {
            "batch": count,
            "expires": int(_EXPIRES * 1e9),
            "idle_heartbeat": int(_HEARTBEAT * 1e9),
        }
        if self._max_bytes:
            request["max_bytes"] = self._max_bytes
        self.outstanding += count
        await self._nc.publish(self._subject, json.dumps(request).encode(), reply=self._inbox)

    async def next(self, timeout: float | None = None) -> Msg | None:
        """The next message; None if there is none within `timeout` seconds, or if nothing is asked for any more.

        The server forgets a request after 30 s; what came before it is asked anew would have to wait.

        Raises:
            PullLost: nothing was heard from the server for three heartbeats, or the consumer was deleted.
            Forbidden: this user may not take from that consumer.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            if self._window and self.outstanding <= self._window // 2:
                await self.ask(self._window)
            if self._arrived.empty():
                left = _SILENCE - self._silent
                if deadline is not None:
                    left = max(0.0, min(left, deadline - loop.time()))
                try:
                    async with asyncio.timeout(left):
                        msg = await self._arrived.get()
                except TimeoutError:
                    self._waited_in_vain(left)
                    if deadline is not None and loop.time() >= deadline:
                        return None
                    continue
            else:
                msg = self._arrived.get_nowait()  # what is here needs no timer
            self._silent = 0.0
            if isinstance(msg, BusError):
                raise msg
            if self._take(msg):
                return msg
            if not self._window and not self.outstanding:
                return None

    def _waited_in_vain(self, seconds: float) -> None:
        # Counted in waits, not by the clock: a process that was frozen has yet to read what came meanwhile.
        self._silent = self._silent + seconds if self.outstanding else 0.0
        if self._silent >= _SILENCE:
            raise SubscriptionLost(f"no heartbeat on {self._subject} for {_SILENCE} s")

    def _take(self, msg: Msg) -> bool:
        """Whether it is a message; a status is counted and dropped."""
        status = (msg.headers or {}).get("Status") if msg.reply == "" or not msg.reply else None
        if status is None:
            self.outstanding = max(0, self.outstanding - 1)
            return True
        if status == "100":
            return False
        description = (msg.headers or {}).get("Description", "")
        if status == "503" or (status == "409" and ("Deleted" in description or "Leadership" in description)):
            raise SubscriptionLost(f"{self._subject}: {status} {description}")
        left = (msg.headers or {}).get("Nats-Pending-Messages")
        self.outstanding = max(0, self.outstanding - int(left)) if left else 0
        return False
