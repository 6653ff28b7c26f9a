"""Writes a re-run back to the log as a copy, and collects the sounds of both for the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import structs

from bus import subjects
from bus.errors import StreamStalled
from bus.events import AudioIn, AudioOut, ConversationCopied, Event, SpeechStarted
from bus.ids import new_id
from bus.log.event_log import EventLog
from projections.replay.build import build_timeline, clip_end
from services.audio import OpusEncoder
from services.muxing.ogg import write_ogg_opus
from services.muxing.speech_media import read_packets
from services.muxing.voice import join_packets
from visavis.carry.archive import ArchivedFact, read_archive, write_archive
from visavis.rerun.private_system import PrivateSystem
from visavis.rerun.recording import Recording

Sounds = dict[tuple[str, str], bytes]
"""Ogg Opus by turn and side: said, before, after."""

_PAUSE = 500_000
"""Microseconds between an answer and the next turn, where turns are laid out."""
_STALLED = 1.0
"""Seconds after which a speech whose end is missing has none."""


async def write_back(main: EventLog, system: PrivateSystem, recording: Recording, *, laid_out: bool) -> str:
    """Append the re-run of a conversation to the main log as a copy of it, its own conversation; returns its id.

    Args:
        laid_out: move its turns after one another; see `lay_out`.
    Raises:
        BusError: the main log is away or full.
    """
    with await read_archive(system.event_log, recording.conversation) as archive:
        archive.character_facts = []  # they are on the main log, from which the private system has them
        if laid_out:
            stored = {seq: time for seq, time, _ in archive.events()}
            moved = lay_out(((seq, event) for seq, _, event in archive.events()), archive.conversation)
            archive.facts = [ArchivedFact.of(event, seq=seq, stored=stored[seq]) for seq, event in moved]
        copied = ConversationCopied(source=recording.conversation, how="rerun", engines=system.engines)
        written = await write_archive(
            main, archive, conversation=new_id("c"), person=recording.person, copied=copied
        )
        return written.conversation


def lay_out(facts: Iterable[tuple[int, Event]], conversation: str) -> list[tuple[int, Event]]:
    """The facts of a re-run as fast as it goes, each turn moved so that it begins after the one before was heard.

    Within a turn, all times stay: its latencies are as they were measured.
    """
    listed = list(facts)
    timeline = build_timeline(conversation, listed)
    turns = {turn.id: turn for turn in timeline.turns}
    ends = {turn.id: turn.end for turn in timeline.turns}
    for clip in timeline.clips:
        if clip.turn is not None:
            ends[clip.turn] = max(ends[clip.turn], clip_end(clip))
    moved: dict[str, int] = {}
    free_from = 0
    # In the order of the log: whole utterances are fed at once, as if they had begun before the answer before them.
    for name in dict.fromkeys(event.turn for _, event in listed if event.turn is not None):
        moved[name] = max(0, free_from - turns[name].start) if free_from else 0
        free_from = ends[name] + moved[name] + _PAUSE
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
