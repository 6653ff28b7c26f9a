"""One message of every kind with all fields filled, for the golden files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from bus import events

Message = events.Event | events.CharacterEvent | events.LiveEvent | events.Media | events.DeadLetter


def samples() -> Iterator[tuple[str, Message]]:
    """The name of each kind, and a message of this kind."""
    for kind in get_args(events.Fact):
        yield events.tag_of(kind), _filled(events.Event, body=_filled(kind))
    for kind in get_args(events.CharacterFact):
        yield events.tag_of(kind), _filled(events.CharacterEvent, body=_filled(kind))
    for kind in get_args(events.Live):
        yield f"live.{kind.__struct_config__.tag}", _filled(events.LiveEvent, body=_filled(kind))
    for kind in get_args(events.Media):
        yield f"media.{kind.__struct_config__.tag}", _filled(kind)
    yield "dead_letter", _filled(events.DeadLetter)


def _filled(kind: Any, **given: Any) -> Any:
    hints = get_type_hints(kind)
    fields = [field.name for field in msgspec.structs.fields(kind) if field.name not in given]
    return kind(**given, **{name: _value(hints[name], name) for name in fields})


def _value(hint: Any, name: str) -> Any:
    """A value of a type that is no default."""
    if get_origin(hint) is Literal:
        return get_args(hint)[-1]
    if get_origin(hint) is tuple:
        return (_value(get_args(hint)[0], name),) * 2
    if get_origin(hint) is dict:
        key, value = get_args(hint)
        return {_value(key, name): _value(value, name)}
    options = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) is Union or type(hint).__name__ == "UnionType":
        return _value(options[0], name)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _positional(hint) if hint.__struct_config__.array_like else _filled(hint)
    plain: dict[Any, Any] = {str: f"some_{name}", int: 7, float: 0.25, bool: True, bytes: b"\x00\xff"}
    return plain[hint]


def _positional(kind: Any) -> Any:
    hints = get_type_hints(kind)
    return kind(*(_value(hints[field.name], field.name) for field in msgspec.structs.fields(kind)))
