"""The limits on what one person, and one address, may ask of a gateway: rates, and how much at once. No I/O.

A person is free to be somebody else with the next request, by leaving the cookie out: the limits on an address, which
are those on a person a number of times over, bound that.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from bus.errors import Exhausted, TooMany
from bus.settings import Settings

_REMEMBERED = 100_000
"""Persons and addresses whose rates are known; of more, those not seen for longest are forgotten."""
_OTHER_FILES = 100
_FILES_OF_A_SESSION = 4
"""A socket for each address of this machine."""
_PAUSE = 5.0
"""Seconds after which somebody with too much at once may ask again."""


class Rate(NamedTuple):
    """How often something may be done: `burst` times at once, and then `per_second`."""

    burst: float
    per_second: float
    words: str
    """What there was too much of, for the person."""


class Share(NamedTuple):
    """How much of something one person, and all of them together, may have at once."""

    per_person: int
    in_all: int
    words: str


class Client(NamedTuple):
    """Who sends a request."""

    person: str
    address: str
    """As `network_of` gives it; "": a trusted proxy that does not say for whom it asks."""

    @property
    def keys(self) -> Iterator[tuple[str, bool]]:
        """Each name under which it is counted, and whether that is an address."""
        yield f"p {self.person}", False
        if self.address:
            yield f"a {self.address}", True


class Rates:
    """Token buckets by kind and key.

    Args:
        per_address: how many times the rate of a person an address has.
        clock: seconds that never go back.
    """

    def __init__(
        self, rates: Mapping[str, Rate], *, per_address: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates, self._per_address, self._clock = rates, per_address, clock
        self._spent: LRUCache[tuple[str, str], tuple[float, float]] = LRUCache(_REMEMBERED)
        """Tokens that are gone, and when that was so."""

    def take(self, kind: str, client: Client) -> None:
        """Count one more of a kind; nothing is counted where it is refused.

        Raises:
            TooMany: the person, or the address, has had too many.
        """
        rate, now = self._rates[kind], self._clock()
        taken: list[tuple[tuple[str, str], float]] = []
        for key, is_address in client.keys:
            factor = self._per_address if is_address else 1
            spent, since = self._spent.get((kind, key), (0.0, now))
            spent = max(0.0, spent - (now - since) * rate.per_second * factor)
            excess = spent + 1 - rate.burst * factor
            if excess > 0:
                whose = "from your network" if is_address else "from you"
                raise TooMany(f"too many {rate.words} {whose}", wait=excess / (rate.per_second * factor))
            taken.append(((kind, key), spent + 1))
        for place, spent in taken:
            self._spent[place] = (spent, now)


class Shares:
    """Counts what persons and addresses have at once.

    Args:
        per_address: how many times the share of a person an address has.
    """

    def __init__(self, shares: Mapping[str, Share], *, per_address: int) -> None:
        self._shares, self._per_address = shares, per_address
        self._held: Counter[tuple[str, str]] = Counter()

    def taken(self, kind: str) -> int:
        """How much of a kind all have together."""
        return self._held[kind, ""]

    def take(self, kind: str, client: Client) -> Callable[[], None]:
        """Take one; returns what gives it back, once however often that is called.

        Raises:
            TooMany: the person, or the address, has its share.
            Exhausted: there is no more for anybody.
        """
        share = self._shares[kind]
        for key, is_address in client.keys:
            most = share.per_person * (self._per_address if is_address else 1)
            if self._held[kind, key] >= most:
                whose = "from your network" if is_address else "of yours"
                raise TooMany(f"{most} {share.words} {whose} at once are the most", wait=_PAUSE)
        if self._held[kind, ""] >= share.in_all:
            raise Exhausted(f"all {share.in_all} places for {share.words} are taken; try again in a moment")
        places = [(kind, ""), *((kind, key) for key, _ in client.keys)]
        self._held.update(places)

        def give_back() -> None:
            for place in places:
                self._held[place] -= 1
                if not self._held[place]:
                    del self._held[place]
            places.clear()

        return give_back

    @contextmanager
    def having(self, kind: str, client: Client) -> Iterator[None]:
        """Have one while the context lasts; see `take`."""
        give_back = self.take(kind, client)
        try:
            yield
        finally:
            give_back()


@dataclass(frozen=True)
class Rule:
    """What requests of one kind count as, beside as requests."""

    methods: tuple[str, ...]
    path: re.Pattern[str]
    rates: tuple[str, ...] = ()
    share: str = "requests"


def _rule(method: str, path: str, *rates: str, share: str = "requests") -> Rule:
    pattern = re.sub(r"\{\w+\}", "[^/]+", path)
    return Rule((method,), re.compile(f"/api{pattern}/?"), rates, share)


RULES = (
    _rule("POST", "/conversations", "conversations"),
    _rule("POST", "/conversations/{conversation}/messages", "messages", "messages of a day"),
    _rule("POST", "/conversations/{conversation}/characters", "uploads", share="uploads"),
    _rule("POST", "/conversations/{conversation}/rtc", "offers"),
    _rule("GET", "/conversations/{conversation}/events", share="event streams"),
    _rule("GET", "/rtc/ice", "credentials"),
)
_UNLIMITED = ("/healthz", "/readyz", "/openz", "/metrics")
"""Asked by what keeps the gateway running."""


def rule_of(method: str, path: str) -> Rule | None:
    """What a request counts as; None: as nothing, it is not limited."""
    if path in _UNLIMITED:
        return None
    return next((one for one in RULES if method in one.methods and one.path.fullmatch(path)), _ANY)


_ANY = Rule((), re.compile(""))


class Limits:
    """The limits of one gateway.

    Args:
        sessions: that this process can have; those of the settings may be more.
    """

    def __init__(
        self, settings: Settings, *, sessions: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.proxies = trusted_networks(trusted_proxies(settings))
        self.rates = Rates(_rates_of(settings), per_address=settings.people_per_address, clock=clock)
        self.shares = Shares(_shares_of(settings, sessions), per_address=settings.people_per_address)

    def client(self, person: str, host: str) -> Client:
        """Who sends a request from this address."""
        return Client(person, "" if is_in(host, self.proxies) else network_of(host))


def _rates_of(settings: Settings) -> dict[str, Rate]:
    def per_minute(count: int, words: str) -> Rate:
        return Rate(count, count / 60, words)

    return {
        "requests": Rate(10 * settings.requests_per_second, settings.requests_per_second, "requests"),
        "messages": per_minute(settings.messages_per_minute, "messages"),
        "messages of a day": Rate(settings.messages_per_day, settings.messages_per_day / 86_400, "messages today"),
        "conversations": per_minute(settings.conversations_per_minute, "new conversations"),
        "uploads": Rate(settings.uploads_per_hour, settings.uploads_per_hour / 3600, "photos"),
        "offers": per_minute(settings.offers_per_minute, "calls"),
        "credentials": per_minute(settings.offers_per_minute, "calls"),
    }


def _shares_of(settings: Settings, sessions: int | None) -> dict[str, Share]:
    most = settings.sessions if sessions is None else min(settings.sessions, sessions)
    return {
        "requests": Share(settings.requests_at_once, 1 << 30, "requests"),
        "answers": Share(settings.answers_at_once, 1 << 30, "unanswered messages"),
        "event streams": Share(settings.event_streams_per_person, settings.event_streams, "open pages"),
        "uploads": Share(max(1, settings.uploads_at_once // 2), settings.uploads_at_once, "photos"),
        "sessions": Share(settings.sessions_per_person, most, "calls"),
    }


@dataclass(frozen=True)
class Room:
    """What fits into the files that a process may open, some of which are for the log and the models."""

    connections: int
    sessions: int

    @classmethod
    def of(cls, settings: Settings, files: int) -> Room:
        """Half of the files for connections, the rest for calls, but for some."""
        return cls(
            min(settings.connections, files // 2),
            min(settings.sessions, max(1, (files // 2 - _OTHER_FILES) // _FILES_OF_A_SESSION)),
        )


def retry_after(error: TooMany) -> str:
    """The header `Retry-After`: whole seconds, at least one."""
    return str(max(1, math.ceil(error.wait)))


def trusted_proxies(settings: Settings) -> str:
    """The setting, or what uvicorn would read from the environment."""
    return settings.trusted_proxies or os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"


IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(host: str) -> str:
    """What counts as one address: an IPv4 address, or the 64 bits of an IPv6 one that a household is given."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def trusted_networks(setting: str) -> tuple[IpNetwork, ...]:
    """The addresses and networks of a comma-separated list, of which what is no number (a socket) is left out."""
    found: list[IpNetwork] = []
    for part in setting.split(","):
        if part.strip() == "*":
            found += [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
            continue
        try:
            found.append(ipaddress.ip_network(part.strip(), strict=False))
        except ValueError:
            continue
    return tuple(found)


def is_in(host: str, networks: tuple[IpNetwork, ...]) -> bool:
    """Whether an address is in one of these networks."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return True  # a socket of this machine
    return any(address in one for one in networks)
