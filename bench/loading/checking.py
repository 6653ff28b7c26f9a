"""Looks up what the log has of each call when it is over: the steps of its turns, and the sound of its answers."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
import httpx2

from bench.loading.people import Person
from bench.loading.report import Checked


async def check(persons: Sequence[Person], since: float) -> Checked:
    """Compare what each person heard with what the log says that was for them.

    Args:
        since: seconds since 1970; steps of earlier turns are left out.
    """
    checked = Checked()
    on_log: dict[int, set[bytes]] = {}
    for person in persons:
        if person.peer.conversation and person.lines:
            try:
                on_log[person.number] = await _look_up(person, since, checked)
            except httpx2.HTTPError:
                checked.missing += 1
    compare({person.number: person.peer.sounds for person in persons if person.number in on_log}, on_log, checked)
    return checked


def compare(heard: dict[int, set[bytes]], on_log: dict[int, set[bytes]], checked: Checked) -> None:
    """Count the packets that a person heard and that the log has not for them."""
    for number, packets in heard.items():
        checked.sounds += len(packets)
        foreign = packets - on_log[number]
        others = set().union(*(known for other, known in on_log.items() if other != number))
        checked.foreign_sounds += len(foreign & others)
        checked.unknown_sounds += len(foreign - others)


async def _look_up(person: Person, since: float, checked: Checked) -> set[bytes]:
    """Add the steps of a person's turns; returns the packets of all answers."""
    client, path = person.peer.client, f"/api/replay/{person.peer.conversation}"
    answer = await client.get(path)
    answer.raise_for_status()
    replay = answer.json()
    for turn in replay["turns"]:
        if replay["start"] / 1e6 + turn["end"] / 1000 > since:
            for name, milliseconds in turn["measures"].items():
                checked.steps.setdefault(name, []).append(milliseconds)
    packets: set[bytes] = set()
    for clip in replay["clips"]:
        if clip["kind"] == "character" and clip["sound"]:
            sound = await client.get(f"{path}/sound/{clip['id']}.ogg")
            sound.raise_for_status()
            packets |= packets_of(sound.content)
    return packets


def packets_of(file: bytes) -> set[bytes]:
    """The packets of an Ogg Opus file."""
    with av.open(io.BytesIO(file), "r") as container:
        return {bytes(packet) for packet in container.demux(audio=0) if packet.size}
