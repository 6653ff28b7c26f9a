"""Generates docs/events.md from the vocabulary: `python -m visavis.generate.events_page`; `--check` compares."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from bus import access_events, channel_events, events, subjects
from bus.log import streams
from visavis.generate.output import field_docstring, inline_literals, table_cell, write_or_check

TARGET = Path(__file__).parents[2] / "docs" / "events.md"

_INTRODUCTION = """\
# Events

Generated from `bus/events.py` and `bus/channel_events.py` by `python -m visavis.generate.events_page`. Do not edit.

Facts are JSON and kept; live events are JSON and shown only; media and dead letters are msgpack. The kind stands in the
field `type`. A new field has a default, a new meaning a new tag, and no tag is used again.
"""
_MARK = "X-"


def render_page() -> str:
    """The text of the page."""
    documented = _documentation()
    parts = [_INTRODUCTION, _envelopes(documented)]
    parts.append("## Facts\n\nThe `body` of an `Event`. The subject ends in the tag.\n")
    for domain, kinds in _by_domain(get_args(events.Fact)):
        parts.append(f"### {domain}\n\n{_table(kinds, documented)}")
    characters = _table(get_args(events.CharacterFact), documented)
    parts.append(f"## Characters\n\nThe `body` of a `CharacterEvent`.\n\n{characters}")
    links = _table(get_args(channel_events.LinkFact), documented)
    parts.append(f"## Links\n\nThe `body` of a `LinkEvent`.\n\n{links}")
    access = _table(get_args(access_events.AccessFact), documented)
    parts.append(f"## Access\n\nThe `body` of an `AccessEvent`.\n\n{access}")
    deliveries = _table(get_args(channel_events.DeliveryFact), documented)
    contents = _parts(get_args(channel_events.Content), documented)
    parts.append(f"## Deliveries\n\nThe `body` of a `DeliveryEvent`.\n\n{deliveries}\n{contents}")
    live = get_args(events.Live)
    parts.append(f"## Live\n\nThe `body` of a `LiveEvent`.\n\n{_table(live, documented)}")
    media = get_args(events.Media)
    parts.append(f"## Media\n\nEach is a message of its own.\n\n{_table(media, documented)}")
    return "\n".join(parts)


def subject_of(kind: type[msgspec.Struct]) -> str:
    """The subject of a kind of event, with placeholders for its ids, as `bus.subjects` makes it."""
    sample: Any = _sample(kind)
    if issubclass(kind, events.CharacterCreated | events.CharacterRemoved):
        subject = subjects.character(_sample(events.CharacterEvent, body=sample))
    elif issubclass(kind, events.Body):
        subject = subjects.fact(_sample(events.Event, body=sample))
    elif issubclass(kind, channel_events.LinkBody):
        subject = subjects.link(_sample(channel_events.LinkEvent, body=sample))
    elif issubclass(kind, access_events.AccessBody):
        subject = subjects.access(_sample(access_events.AccessEvent, body=sample))
    elif issubclass(kind, channel_events.DeliveryBody):
        subject = subjects.delivery_event(_sample(channel_events.DeliveryEvent, body=sample))
    elif issubclass(kind, events.LiveBody):
        subject = subjects.live(_sample(events.LiveEvent, body=sample))
    elif issubclass(kind, events.DeadLetter):
        subject = subjects.dead(sample.stream, sample.service)
    else:
        subject = subjects.media(sample)
    return re.sub(rf"{_MARK}(\w+)", r"<\1>", subject)


def _sample(kind: type[Any], **known: Any) -> Any:
    """An instance for making its subject only: the value of every required field is the field's marked name."""
    required = [field.name for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{name: _MARK + name for name in required} | known)


def _by_domain(kinds: Iterable[type[events.Body]]) -> list[tuple[str, list[type[events.Body]]]]:
    found: dict[str, list[type[events.Body]]] = {}
    for kind in kinds:
        found.setdefault(events.tag_of(kind).split(".")[0], []).append(kind)
    return list(found.items())


def _documentation() -> dict[str, dict[str, tuple[str, str]]]:
    """Annotation and docstring of each field of each structure, from the source."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for module in (events, channel_events, access_events):
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = {
                    field.target.id: (ast.unparse(inline_literals(field.annotation, module)), field_docstring(after))
                    for field, after in zip(node.body, [*node.body[1:], None], strict=True)
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                }
    return found


def _envelopes(documented: dict[str, dict[str, tuple[str, str]]]) -> str:
    kinds = (
        events.Event,
        events.CharacterEvent,
        channel_events.LinkEvent,
        access_events.AccessEvent,
        channel_events.DeliveryEvent,
        events.LiveEvent,
        events.Word,
        events.VisemeMark,
        events.Origin,
    )
    rows = [f"| `{kind.__name__}` | {table_cell(_docstring(kind))} | {_fields(kind, documented)} |" for kind in kinds]
    dead = events.DeadLetter
    meaning = f"{_docstring(dead)} On `{subject_of(dead)}`."
    rows.append(f"| `DeadLetter` | {table_cell(meaning)} | {_fields(dead, documented)} |")
    return "\n".join(["## Envelopes and parts\n", "| structure | what it is | fields |", "|---|---|---|", *rows, ""])


def _parts(kinds: Sequence[type[msgspec.Struct]], documented: dict[str, dict[str, tuple[str, str]]]) -> str:
    """What stands in a field, one of several structures."""
    rows = ["| type | what it is | fields |", "|---|---|---|"]
    for kind in kinds:
        tag = kind.__struct_config__.tag
        rows.append(f"| `{tag}` | {table_cell(_docstring(kind))} | {_fields(kind, documented)} |")
    return "\n".join([*rows, ""])


def _table(kinds: Sequence[type[msgspec.Struct]], documented: dict[str, dict[str, tuple[str, str]]]) -> str:
    rows = ["| tag | subject | stream | what happened | fields |", "|---|---|---|---|---|"]
    for kind in kinds:
        subject = subject_of(kind)
        meaning = table_cell(_docstring(kind))
        stream = streams.stream_of(subject)
        tag = kind.__struct_config__.tag
        rows.append(f"| `{tag}` | `{subject}` | {stream} | {meaning} | {_fields(kind, documented)} |")
    return "\n".join([*rows, ""])


def _fields(kind: type[msgspec.Struct], documented: dict[str, dict[str, tuple[str, str]]]) -> str:
    parts: list[str] = []
    for field in msgspec.structs.fields(kind):
        annotation, meaning = documented[kind.__name__][field.name]
        default = "" if field.default is msgspec.NODEFAULT else f" = {_json(field.default)}"
        text = f"`{field.name}: {annotation}{default}`"
        parts.append(f"{text} {meaning}" if meaning else text)
    return "<br>".join(map(table_cell, parts))


def _docstring(kind: type[msgspec.Struct]) -> str:
    """Its own docstring, not an inherited one."""
    return str(vars(kind).get("__doc__") or "")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def main(arguments: Sequence[str] | None = None, *, target: Path = TARGET) -> int:
    """Write the page, or compare it with the one on disk; returns the exit status."""
    return write_or_check("visavis.generate.events_page", target, render_page(), arguments)


if __name__ == "__main__":
    sys.exit(main())
