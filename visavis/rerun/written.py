"""Writes a re-run back to the log as a copy, and collects the sounds of both for the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import structs

from bus.events import AudioIn, Event, SpeechStarted
from bus.log.event_log import EventLog
from projections.replay.build import TimelineBuilder
from services.audio import OpusEncoder
from services.muxing.ogg import write_ogg_opus
from services.muxing.speech_media import read_packets
from services.muxing.voice import join_packets
from visavis.rerun.private_system import PrivateSystem
from visavis.rerun.recording import Recording

Sounds = dict[tuple[str, str], bytes]
"""Ogg Opus by turn and side: said, before, after."""

_PAUSE = 500_000
"""Microseconds between an answer and the next turn, where turns are laid out."""
_STALLED = 1.0
"""Seconds after which a speech whose end is missing has none."""


async def write_back(main: EventLog, system: PrivateSystem, recording: Recording, *, laid_out: bool) -> str:
    """Append the re-run to the main log as a copy; returns its id, empty where that is not possible yet."""
    return ""


def lay_out(facts: Iterable[tuple[int, Event]], conversation: str) -> list[tuple[int, Event]]:
    """The facts of a re-run as fast as it goes, each turn moved so that it begins after the one before was heard.

    Within a turn, all times stay: its latencies are as they were measured.
    """
    listed = list(facts)
    builder = TimelineBuilder(conversation)
    for seq, event in listed:
        builder.add(seq, event)
    timeline = builder.timeline()
    ends = {turn.id: turn.end for turn in timeline.turns}
    for clip in timeline.clips:
        if clip.turn is not None:
            rate = 16_000 if clip.kind == "person" else 48_000
            ends[clip.turn] = max(ends.get(clip.turn, 0), clip.start + clip.samples * 1_000_000 // rate)
    moved: dict[str, int] = {}
    free_from, shift = 0, 0
    for turn in timeline.turns:
        shift = max(0, free_from - turn.start) if free_from else 0
        moved[turn.id] = shift
        free_from = ends[turn.id] + shift + _PAUSE
    found: list[tuple[int, Event]] = []
    shift = 0
    for seq, event in listed:
        shift = moved.get(event.turn or "", shift)
        found.append((seq, structs.replace(event, at=event.at + shift)))
    return found


async def collect_sounds(
    main: EventLog, private: EventLog, recording: Recording, said: dict[str, list[AudioIn]]
) -> Sounds:
    """The sounds of a conversation: what the person said, and both replies; those that are not there are left out."""
    found: Sounds = {}
    for turn in recording.turns:
        if turn.utterance is not None and (chunks := said.get(turn.utterance.utterance)):
            found[turn.id, "said"] = _ogg_of_pcm(chunks)
    sides = (("before", main, recording.facts), ("after", private, await private.facts(recording.conversation)))
    for side, event_log, facts in sides:
        speeches: dict[str, list[str]] = {}
        for _, event in facts:
            if isinstance(event.body, SpeechStarted) and event.turn is not None:
                speeches.setdefault(event.turn, []).append(event.body.speech)
        for turn_id, names in speeches.items():
            spoken = [await _packets(event_log, recording.conversation, name) for name in dict.fromkeys(names)]
            if packets := join_packets([one for one in spoken if one]):
                found[turn_id, side] = write_ogg_opus(packets)
    return found


async def _packets(event_log: EventLog, conversation: str, speech: str) -> tuple[bytes, ...]:
    from bus import subjects
    from bus.errors import StreamStalled
    from bus.events import AudioOut

    last = await event_log.last_media(AudioOut, subjects.audio_out(conversation, speech))
    if last is None or not last.final:
        return ()  # interrupted, or expired
    try:
        return await read_packets(event_log, conversation, speech, timeout=_STALLED)
    except StreamStalled:
        return ()


def _ogg_of_pcm(chunks: Sequence[AudioIn]) -> bytes:
    encoder = OpusEncoder(16_000)
    pcm = b"".join(chunk.pcm for chunk in chunks)
    packets = encoder.push(np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2"))
    return write_ogg_opus([*packets, *encoder.flush()])
