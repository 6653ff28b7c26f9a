"""Watches the streams while a process runs: makes missing ones again, and notices those that were replaced.

A stream can vanish under running services (in-memory `LIVE` with its server, any other by an operator), or be put back
from a copy. Positions and caches are then worth nothing: whoever has some begins anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus import clock
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, Forbidden, LogReplaced, VisavisError
from bus.log import streams
from bus.log.connection import Connection
from bus.log.stream_answers import StreamAnswer, decode, decode_list, differences, microseconds, size_of
from bus.log.stream_changes import Mark, StreamState, replacement
from bus.log.stream_size import StreamSize
from bus.settings import Settings

log = logging.getLogger(__name__)

INTERVAL = 2.0
"""Seconds between two looks at the streams."""
LOOKS = 4
"""How often a stream on a cluster is looked at, a second apart, before it counts as shorter than it was: a new leader
may not have all messages yet."""
_TIMEOUT = 2.0
_STUCK_FOR = 120.0
"""Seconds after the newest message that was not stored for which that counts as a problem."""
_KEPT = (streams.CONVERSATIONS, streams.CHARACTERS)
"""Streams that keep their messages for ever."""


class LogWatch:
    """The state of the streams, as one process has seen it.

    Args:
        nc: that the streams are looked at through.
        more: other connections to the same log.
        interval: seconds between two looks.
    """

    def __init__(
        self, nc: Connection, js: JetStreamContext, settings: Settings, *more: Connection, interval: float = INTERVAL
    ) -> None:
        self._nc = nc
        self._looked = dict.fromkeys((nc, *more), 0)
        """How often each connection had been made anew before the newest look that found no other log."""
        self._looks = 0
        """How often the streams were looked at."""
        self._is_run = False
        """Whether `run` was called, by somebody who begins anew on another log."""
        self._js = js
        self._settings = settings
        self._wanted = {str(config.name): config for config in streams.stream_configs(settings)}
        self._interval = interval
        self._most_bytes = settings.log_bytes
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self.sizes: dict[str, StreamSize] = {}
        """The size of each stream at the newest look."""
        self._before: dict[str, StreamState] = {}
        self._newest: dict[str, Mark] = {}
        self._replaced: dict[str, str] = {}
        """Streams that were found to be others, and why, until `check` has told it."""
        self._problems: dict[str, str] = {}
        self._tried: dict[str, tuple[str, str]] = {}
        """Configurations that could not be mended: created time and the differences."""
        self._may_list = settings.nats_replicas == 1
        self._unreachable = ""
        self._full = ""
        self._stuck = ("", 0.0)
        """Why nothing is stored, and until when that is believed, by the loop's clock."""
        self._bytes_when_full: tuple[int, int] | None = None

    @property
    def problem(self) -> str:
        """What is wrong with the log now, in one line; empty if nothing is."""
        why, until = self._stuck
        stuck = why if why and asyncio.get_running_loop().time() < until else ""
        return self._unreachable or next(iter(self._problems.values()), "") or self._full or stuck

    def check_room(self) -> None:
        """Make sure that something new may be begun on the log; what was begun is finished in any case.

        Raises:
            BusError: the conversations take as much space as they may, as of the newest look.
        """
        size = self.sizes.get(streams.CONVERSATIONS)
        if size is not None and size.bytes >= self._most_bytes:
            limit = f"{self._most_bytes / 1e9:.1f} GB"
            raise BusError(f"this server's log is full ({limit}); it takes nothing new for now", code="log_full")

    def see(self, stream: str, sequence: int, time: int) -> None:
        """Remember a message that was read; the stream is the same for as long as it has the newest of them.

        Args:
            time: when the server stored it, microseconds since 1970.
        """
        newest = self._newest.get(stream)
        if newest is None or sequence > newest.sequence:
            self._newest[stream] = Mark(sequence, time)

    def report_full(self, stream: str, why: str) -> None:
        """A message was refused for lack of space."""
        if stream == streams.CONVERSATIONS:
            self._full, self._bytes_when_full = why, None

    def report_stuck(self, why: str) -> None:
        """NATS is there and stores nothing. After a write error it does not until it is restarted."""
        self._stuck = (why, asyncio.get_running_loop().time() + _STUCK_FOR)

    def _forget_stuck(self) -> None:
        self._stuck = ("", 0.0)

    def report_stored(self, stream: str) -> None:
        """A message was stored."""
        if stream != streams.LIVE:
            self._forget_stuck()
        if self._full and stream == streams.CONVERSATIONS:
            self._full = ""

    def wake(self) -> None:
        """Look at the streams at once."""
        self._wake.set()

    async def run(self) -> None:
        """Look at the streams and mend them, until cancelled.

        Raises:
            LogReplaced: conversations are on another log than before.
        """
        self._is_run = True
        with self._nc.on_reconnect(self.wake), self._nc.on_reconnect(self._forget_stuck):
            while True:
                await self.raise_if_replaced()
                raise_if_cancelled()  # many requests, each of which may have swallowed it
                await self.wait()

    async def wait(self) -> None:
        """Wait until it is time to look again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await self._wake.wait()
        self._wake.clear()

    async def raise_if_replaced(self) -> None:
        """Look at the streams now.

        Raises:
            LogReplaced: conversations are on another log than before.
        """
        replaced = await self.check()
        if streams.CONVERSATIONS in replaced:
            raise LogReplaced(f"{replaced[streams.CONVERSATIONS]}; beginning anew")

    async def check(self) -> Mapping[str, str]:
        """Look at the streams now, and make missing ones again where this user may.

        Returns:
            The streams that are others than before, each with the reason in one line.
        """
        async with self._lock:
            await self._look()
            replaced, self._replaced = self._replaced, {}
            return replaced

    async def wait_until_known(self, nc: Connection) -> None:
        """Wait until the conversations were looked at since a connection was made anew.

        So that a worker, which begins anew on another log, adds nothing of what it was at.

        Raises:
            TimeoutError: NATS is away, or the log is another one than before, which `run` has not told yet.
        """
        if not self._is_run or nc.is_closed or self._is_known(nc):
            return
        async with asyncio.timeout(_TIMEOUT):
            back = asyncio.Event()
            with nc.on_reconnect(back.set):
                if not nc.is_connected:
                    await back.wait()
            looks = self._looks
            async with self._lock:
                if looks == self._looks and not self._is_known(nc):  # of all that wait, one looks
                    await self._look()
        if not self._is_known(nc):
            self.wake()
            raise TimeoutError("the log is another one, or could not be looked at")

    def _is_known(self, nc: Connection) -> bool:
        return nc.is_connected and self._looked[nc] == nc.stats["reconnects"]

    async def _look(self) -> None:
        """Look at the streams; what is found stays in `_replaced` until `check` tells it."""
        self._looks += 1
        connections = {one: one.stats["reconnects"] for one in self._looked}
        try:
            # Before any request: a message that is read while it is under way need not be in the answer.
            known = {name: (self._before.get(name), self._newest.get(name)) for name in self._wanted}
            listed = await self._list()
            for name in self._wanted:
                answer = listed.get(name)
                if answer is None:
                    known[name] = self._before.get(name), self._newest.get(name)
                    answer = await self._info(name)
                is_there = await self._check_stream(name, answer, *known[name])
                if name == streams.CONVERSATIONS and is_there and name not in self._replaced:
                    self._looked = connections
            if self._unreachable:
                self._forget_stuck()  # NATS as a whole did not answer
            self._unreachable = ""
        except (NatsError, TimeoutError, OSError) as error:
            # Whatever NATS answers while it restarts; what was found before stays.
            self._unreachable = f"the streams cannot be looked at: {str(error) or type(error).__name__}"

    async def _check_stream(
        self, name: str, answer: StreamAnswer | None, before: StreamState | None, newest: Mark | None
    ) -> bool:
        """Compare a stream with what was known of it; returns whether it is there."""
        if answer is None:
            answer = await self._make_again(name)
            if answer is None:
                return False
        await self._mend_configuration(name, answer)
        for _ in range(LOOKS):
            assert answer.state is not None
            found = answer.state
            now = StreamState(answer.created, found.first_seq, found.last_seq, microseconds(found.last_ts))
            why = replacement(name, before, newest, now, kept=name in _KEPT)
            made_again = before is not None and before.created != now.created
            if not why or made_again or answer.config.get("num_replicas") == 1:
                break
            await asyncio.sleep(1)
            again = await self._info(name)
            if again is None or again.state is None:
                return False
            answer = again
        # Only conversations are worth a request at each look, and only they may be read by all services.
        is_asked = name == streams.CONVERSATIONS and not why
        if is_asked and newest is not None and newest.sequence < now.last and await self._is_another(name, newest):
            why = f"message {newest.sequence} of stream {name} is another one than before"
        if why and (before is not None or newest is not None):
            if made_again and self._is_in_memory(name):
                log.info("stream in memory made again, as after every restart of NATS", extra={"stream": name})
            else:
                log.warning("the log is another one", extra={"stream": name, "why": why})
            self._replaced[name] = why
            self._newest.pop(name, None)
        self._before[name] = now
        self.sizes[name] = size_of(name, answer, found)
        if now.last and (name not in self._newest or now.last > self._newest[name].sequence):
            self._newest[name] = Mark(now.last, now.last_time)
        if name == streams.CONVERSATIONS and self._full:
            self._look_for_space(found.bytes, int(str(answer.config.get("max_bytes", -1))))
        return True

    def _look_for_space(self, size: int, limit: int) -> None:
        if self._bytes_when_full is None:
            self._bytes_when_full = (size, limit)
        elif self._bytes_when_full != (size, limit) or limit <= 0:
            self._full = ""  # the next message tells

    async def _list(self) -> dict[str, StreamAnswer]:
        """What the server tells of all streams in one answer, a tenth of the work; empty where each is to be asked for:
        a cluster would have to ask around, and a user may lack the permission."""
        if not self._may_list:
            return {}
        asked = clock.wall()
        try:
            reply = await self._nc.request("$JS.API.STREAM.LIST", b"", timeout=_TIMEOUT)
        except Forbidden:
            self._may_list = False
            return {}
        found = {str(one.config.get("name")): one for one in decode_list(reply.data).streams if one.state is not None}
        if (facts := found.get(streams.CONVERSATIONS)) is not None and facts.ts:
            self._learn_time(microseconds(facts.ts), asked)
        return found

    async def _info(self, name: str) -> StreamAnswer | None:
        """What the server tells of a stream; None if there is no such stream."""
        asked = clock.wall()
        reply = await self._nc.request(f"$JS.API.STREAM.INFO.{name}", b"", timeout=_TIMEOUT)
        answer = decode(reply.data)
        # Of one stream: its leader's clock is that by which facts are stored.
        if name == streams.CONVERSATIONS and answer.ts:
            self._learn_time(microseconds(answer.ts), asked)
        if answer.error is None:
            return answer
        error = APIError(**{key: answer.error.get(key) for key in ("code", "err_code", "description")})  # type: ignore[arg-type]
        if error.code == 404:
            return None
        raise error

    def _learn_time(self, server: int, asked: int) -> None:
        if not clock.learn(server, asked, clock.wall()):
            return
        if ahead := clock.ahead():
            difference = f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
            log.warning("the clock differs from that of the NATS server", extra={"difference": difference})
        else:
            log.info("the clock is that of the NATS server again")

    async def learn_time(self) -> None:
        """Ask the server for the time now, to go by it where this machine's clock is off."""
        with suppress(NatsError, TimeoutError, OSError, APIError):
            await self._info(streams.CONVERSATIONS)

    async def _make_again(self, name: str) -> StreamAnswer | None:
        """Create a missing stream; None, with a problem to show, if that cannot be done here."""
        tried = ("", "missing")
        if self._tried.get(name) != tried:
            # Nothing is lost with one in memory; that it was made again, every process says.
            level = logging.DEBUG if self._is_in_memory(name) else logging.WARNING
            log.log(level, "stream is not there", extra={"stream": name})
            try:
                await streams.ensure_stream(self._js, self._wanted[name], self._settings, update=True)
                log.log(level, "stream made again", extra={"stream": name})
            except VisavisError as error:
                self._problems[name] = error.detail
                if isinstance(error.__cause__, Forbidden):
                    self._tried[name] = tried  # the operator has to do it
                return None
        return await self._info(name)

    def _is_in_memory(self, name: str) -> bool:
        return self._wanted[name].storage == api.StorageType.MEMORY

    async def _mend_configuration(self, name: str, answer: StreamAnswer) -> None:
        """Change a stream that somebody made with a configuration that is of no use."""
        different = differences(self._wanted[name], answer.config)
        if not different:
            self._problems.pop(name, None)
            self._tried.pop(name, None)
            return
        tried = (answer.created, different)
        if self._tried.get(name) == tried:
            return
        self._tried[name] = tried
        self._problems[name] = f"stream {name} has {different}"
        try:
            await streams.ensure_stream(self._js, self._wanted[name], self._settings, update=True)
        except VisavisError as error:
            self._problems[name] = error.detail

    async def _is_another(self, name: str, newest: Mark) -> bool:
        try:
            found = await self._js.get_msg(name, seq=newest.sequence, direct=True)
        except NotFoundError:
            return False  # a replica that lags behind, or removed
        if found.time is None:
            return False
        return not newest.is_at(int(found.time.timestamp() * 1_000_000))
