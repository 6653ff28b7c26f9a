"""How long space lasts: the disk's, and that of streams which refuse what comes when they are full. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bus.log.stream_size import StreamSize

Level: TypeAlias = Literal[0, 1, 2]
"""0: enough, 1: getting scarce, 2: nearly none."""

DISK = "disk"
FULL_SHARES = (0.8, 0.95)
"""Shares of a stream's limit at which it gets scarce, and is nearly full."""
_WINDOW = 3600.0
"""Seconds over which a rate is measured."""
_LEAST_WINDOW = 600.0
"""Seconds from which a rate says something: a start writes much at once."""
_EVERY = 60.0
"""Seconds between two samples that are kept."""


@dataclass(frozen=True)
class Store:
    """Something that fills up."""

    name: str
    """`DISK`, or of a stream."""
    used: int
    """Bytes."""
    limit: int
    """Bytes that can be used."""

    @property
    def free(self) -> int:
        return max(0, self.limit - self.used)


def refusing(sizes: Iterable[StreamSize]) -> list[Store]:
    """The streams that take nothing more at their limit; the others drop their oldest messages, as they should."""
    return [Store(one.name, one.bytes, one.limit) for one in sizes if one.refuses and one.limit > 0]


def level_of(store: Store, least_free: int) -> Level:
    """How scarce space is now.

    Args:
        least_free: bytes of a disk below which it gets scarce; a quarter of it is nearly none.
    """
    if store.name == DISK:
        scarce, least = store.free < least_free, store.free < least_free / 4
    else:
        scarce, least = (store.used >= share * store.limit for share in FULL_SHARES)
    return 2 if least else 1 if scarce else 0


class SpaceWatch:
    """Sees stores again and again, and tells which ones get full.

    Args:
        least_free: see `level_of`.
        warn_for: seconds; a store that is full sooner than that at the present rate gets scarce, too.
    """

    def __init__(self, *, least_free: int, warn_for: float) -> None:
        self._least_free, self._warn_for = least_free, warn_for
        self._stores: dict[str, Store] = {}
        self._samples: dict[str, deque[tuple[float, int]]] = {}
        self._told: dict[str, Level] = {}

    def see(self, now: float, stores: Iterable[Store]) -> list[str]:
        """Take what stores hold now; returns the warnings that are new, each once for each level that is reached.

        Args:
            now: seconds of a clock that never goes back.
        """
        new: list[str] = []
        for store in stores:
            samples = self._samples.setdefault(store.name, deque())
            if not samples or now - samples[-1][0] >= _EVERY:
                samples.append((now, store.used))
            while samples[0][0] < now - _WINDOW:
                samples.popleft()
            self._stores[store.name] = store
            level, told = self.level(store.name), self._told.get(store.name, 0)
            if level > told:
                new.append(self._warning(store))
            if level > told or level == 0:
                self._told[store.name] = level
        return new

    def seconds_left(self, name: str) -> float | None:
        """Seconds until a store is full at the rate of the last hour; None: it does not grow, or that is not known."""
        samples, store = self._samples.get(name), self._stores.get(name)
        if not samples or store is None or samples[-1][0] - samples[0][0] < _LEAST_WINDOW:
            return None
        grown = samples[-1][1] - samples[0][1]
        return store.free * (samples[-1][0] - samples[0][0]) / grown if grown > 0 else None

    def level(self, name: str) -> Level:
        """How scarce a store's space is."""
        store = self._stores[name]
        level, left = level_of(store, self._least_free), self.seconds_left(name)
        return max(level, 1) if left is not None and left < self._warn_for else level

    @property
    def stores(self) -> Mapping[str, Store]:
        """What was seen last, by name."""
        return self._stores

    @property
    def warnings(self) -> list[str]:
        """What gets scarce now, in one line each."""
        return [self._warning(one) for name, one in self._stores.items() if self.level(name)]

    def _warning(self, store: Store) -> str:
        left = self.seconds_left(store.name)
        lasts = f"; at the present rate that lasts {_length(left)}" if left is not None else ""
        return f"{state_of(store)}{lasts}"


def state_of(store: Store) -> str:
    """What is left of a store, in a few words."""
    free = f"{store.free / 1e9:.1f} GB" if store.free >= 1e9 else f"{store.free / 1e6:.0f} MB"
    if store.name == DISK:
        return f"the disk has {free} free"
    return f"stream {store.name} is {100 * store.used / store.limit:.0f} % full, {free} are left"


def _length(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
