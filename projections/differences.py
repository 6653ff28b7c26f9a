"""What differs between two states of a projection, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

_KEYS = ("id", "index", "character")
"""Fields that name an item of a list, the first that all items have."""

_EMPTY: tuple[Any, ...] = (None, "", [], (), {}, 0)


class Difference(Struct, frozen=True, kw_only=True):
    """One field that is another one than before."""

    path: tuple[str, ...]
    """From the outside in: names of fields, and in lists what names the item, such as `turns`, `t1`, `reply`."""
    before: Any = None
    after: Any = None
    kind: str = "changed"
    """changed, added or removed."""


def differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[Difference]:
    """The differences between two values of dicts, lists and scalars, in the order of the fields."""
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        key = _key_of([*before, *after])
        before, after = _by_key(before, key), _by_key(after, key)
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield Difference(path=path, before=before, after=after)
        return
    for name in dict.fromkeys([*before, *after]):
        inner = (*path, str(name))
        if name not in after:
            yield Difference(path=inner, before=before[name], kind="removed")
        elif name not in before:
            yield Difference(path=inner, after=after[name], kind="added")
        else:
            yield from differences(before[name], after[name], inner)


def _key_of(items: Sequence[Any]) -> str | None:
    if not all(isinstance(item, dict) for item in items):
        return None
    return next((key for key in _KEYS if all(key in item for item in items)), None)


def _by_key(items: Sequence[Any], key: str | None) -> dict[Any, Any]:
    return dict(enumerate(items)) if key is None else {item[key]: item for item in items}


def readable(found: list[Difference]) -> Iterator[str]:
    """The differences as lines, under the turn, link or the like to which they belong."""
    heading: tuple[str, ...] = ()
    for one in found:
        parts = 2 if one.path[0] == "turns" and len(one.path) > 2 else 0
        if one.path[:parts] != heading:
            heading = one.path[:parts]
            if heading:
                yield " ".join(("turn", *heading[1:]))
        name = ".".join(one.path[parts:])
        indent = "  " if heading else ""
        match one.kind:
            case "added":
                yield f"{indent}+ {name}: {short(one.after)}"
            case "removed":
                yield f"{indent}- {name}: {short(one.before)}"
            case _:
                yield f"{indent}~ {name}: {short(one.before)} → {short(one.after)}"


def short(value: Any) -> str:
    """A value in one line: of a nested one, the scalars that say most."""
    if isinstance(value, dict):
        texts = (f"{name} {short(inner)}" for name, inner in value.items() if inner not in _EMPTY)
        return "{" + ", ".join(texts) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(short, value))}]"
    return repr(value)
