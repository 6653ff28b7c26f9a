"""`python -m tests.golden.make` writes golden files of this version's messages. It never overwrites a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bus import codec
from bus.events import CharacterEvent, Event, LiveEvent
from bus.process.discovery import VERSION
from tests.golden.samples import Message, samples

FOLDER = Path(__file__).parent / "events"


def on_file(name: str) -> list[Path]:
    """All golden files of a kind, of all versions; a second shape in the same version has a number."""
    pattern = f"v*/{name}"
    return sorted([*FOLDER.glob(f"{pattern}.json"), *FOLDER.glob(f"{pattern}.msgpack"), *FOLDER.glob(f"{pattern}@*")])


def raw(path: Path) -> Any:
    """The data in a file, independent of this version's types."""
    decode = msgspec.json.decode if path.suffix == ".json" else msgspec.msgpack.decode
    return decode(path.read_bytes())


def missing() -> Iterator[tuple[Path, Message]]:
    """The files that this version has to add, each with its message."""
    for name, message in samples():
        files = on_file(name)
        if all(shape(raw(path)) != shape(plain(message)) for path in files):
            ending = "json" if isinstance(message, Event | CharacterEvent | LiveEvent) else "msgpack"
            number = f"@{len(files) + 1}" if files else ""
            yield FOLDER / f"v{VERSION}" / f"{name}{number}.{ending}", message


def plain(message: Message) -> Any:
    """The data that the codec writes for a message."""
    json = isinstance(message, Event | CharacterEvent | LiveEvent)
    return (msgspec.json.decode if json else msgspec.msgpack.decode)(codec.encode(message))


def shape(value: Any) -> Any:
    """Field names and types without values, except for the tag."""
    if isinstance(value, dict):
        return {name: one if name == "type" else shape(one) for name, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


def main() -> int:
    for target, message in list(missing()):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(codec.encode(message))
        print(target.relative_to(FOLDER))
    return 0


if __name__ == "__main__":
    sys.exit(main())
