"""Which channels are set up: what the processes that serve them tell of themselves by discovery."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from bus import clock
from bus.errors import NotFound
from bus.log.event_log import EventLog
from bus.process.discovery import ServiceInfo, discover

log = logging.getLogger(__name__)

METADATA = "channels"
"""The key of the metadata that lists channels, in JSON."""
_KNOWN_FOR = 5_000_000
"""Microseconds for which an answer of discovery counts."""
_TOKEN = "{token}"


class ConfiguredChannel(Struct, frozen=True):
    """A channel as its process tells it."""

    name: str
    account: str
    label: str = ""
    """The account as people know it."""
    link: str = ""
    """The address that opens the channel with a token, with `{token}` in its place; empty: there is none."""

    def address(self, token: str) -> str:
        """The address by which a person opens the channel with this token; empty: there is none."""
        return self.link.replace(_TOKEN, token)


class ConfiguredChannels:
    """Asks for the channels, and remembers the answer for some seconds."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._asking = asyncio.Lock()
        self._known: Sequence[ConfiguredChannel] = ()
        self._known_at = 0

    async def all(self) -> Sequence[ConfiguredChannel]:
        """The channels that are set up, by name; those known last while NATS is away."""
        async with self._asking:
            if self._event_log.connected and not 0 <= clock.now() - self._known_at < _KNOWN_FOR:
                self._known = channels_in(await discover(self._event_log))
                self._known_at = clock.now()
            return self._known

    async def named(self, name: str) -> ConfiguredChannel:
        """A channel by name.

        Raises:
            NotFound: it is not set up; the error lists those that are.
        """
        channels = await self.all()
        found = next((one for one in channels if one.name == name), None)
        if found is None:
            known = ", ".join(one.name for one in channels) or "none"
            raise NotFound(f"no channel {name[:64]!r} is set up; there are {known}")
        return found


def channels_in(services: Iterable[ServiceInfo]) -> list[ConfiguredChannel]:
    """The channels of all processes, each account once, by name."""
    found: dict[tuple[str, str], ConfiguredChannel] = {}
    for service in services:
        listed = service.metadata.get(METADATA)
        if not listed:
            continue
        try:
            channels = msgspec.json.decode(listed, type=list[ConfiguredChannel])
        except msgspec.DecodeError as error:
            log.warning("unreadable list of channels", extra={"service": service.name, "why": str(error)})
            continue
        found.update({(one.name, one.account): one for one in channels})
    return [found[key] for key in sorted(found)]
