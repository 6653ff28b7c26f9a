"""What it costs to record the inputs of decisions, and to make the decisions again: bytes in a turn, processor time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from bench.machine import machine, table
from bus import codec
from bus.events import (
    OPUS_FRAME,
    AudioOut,
    Event,
    FrameBatch,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyStarted,
    SpeechStarted,
    UtteranceEnded,
)
from services.gateway.listening.endpointing import Endpointer
from services.gateway.listening.onset import SURE
from services.gateway.listening.recorded_endpointer import RecordedEndpointer
from services.gateway.playing.floor import Floor
from services.gateway.playing.playout import Playout
from visavis.carry.archive import load
from visavis.verify.verify import verify

EXAMPLE = Path(__file__).parents[1] / "examples" / "first-conversation.visavis"
WINDOWS, SPEECHES, PACKETS = 40_000, 200, 150
_REPEATS = 5


def trace_bytes(event: Event) -> int:
    """Bytes of a fact that are the trace."""
    body = event.body
    if isinstance(body, UtteranceEnded | PlaybackStarted | PlaybackProgress | PlaybackFinished):
        bare: Event = replace(event, body=replace(body, trace=None))
    elif isinstance(body, ReplyStarted):
        bare = replace(event, body=replace(body, history=""))
    else:
        return 0
    return len(codec.encode(event)) - len(codec.encode(bare))


def best(run: Callable[[], object]) -> float:
    """Seconds of processor time, the least of some runs."""
    found = []
    for _ in range(_REPEATS):
        begin = time.process_time()
        run()
        found.append(time.process_time() - begin)
    return min(found)


def endpointing(*, recorded: bool) -> float:
    """Microseconds a window: some 8 s of speech, then 2 s of silence, again and again."""
    chance = random.Random(1)
    levels = [(0.95 if number % 330 < 260 else 0.02) + chance.uniform(-0.02, 0.02) for number in range(WINDOWS)]

    def run() -> None:
        endpointer = Endpointer(500, onset=SURE)
        wrapped = RecordedEndpointer(endpointer)
        for level in levels:
            if not recorded:
                endpointer.push(level, level)
            elif wrapped.push(level, level) is not None and not endpointer.in_utterance:
                codec.encode(_ended(wrapped))

    return best(run) / WINDOWS * 1e6


def _ended(wrapped: RecordedEndpointer) -> Event:
    body = UtteranceEnded(utterance="u", samples=1, speech_ended=1, reason="silence", trace=wrapped.take_trace())
    return Event(id="e", at=0, conversation="c", body=body)


def playing(*, recorded: bool) -> float:
    """Microseconds a tick: speeches of 3 s one after the other, sound and pictures in pieces of 200 ms."""

    def run() -> None:
        for _ in range(SPEECHES // 20):
            floor: Floor | Playout = Floor() if recorded else Playout()
            for number in range(20):
                _speech(floor, f"s{number}")
                for _ in range(PACKETS + 6):
                    for _event in floor.tick().events:
                        if isinstance(floor, Floor):
                            floor.take_trace()

    return best(run) / (SPEECHES * (PACKETS + 6)) * 1e6


def _speech(floor: Floor | Playout, speech: str) -> None:
    floor.add_speech(SpeechStarted(speech=speech, reply="r", index=0, character="ada", voice="v", engine="e"))
    for first in range(0, PACKETS, 10):
        final = first + 10 == PACKETS
        floor.add_audio(
            AudioOut(
                conversation="c", speech=speech, index=first // 10, sample=first * OPUS_FRAME, packets=(b"p",) * 10,
                final=final,
            )
        )  # fmt: skip
        floor.add_frames(
            FrameBatch(
                conversation="c", speech=speech, index=first // 10, frame=first // 2, fps=25, phase=0,
                units=(b"f",) * 5,
            )
        )  # fmt: skip


def main() -> None:
    print(machine())
    with load(EXAMPLE) as archive:
        facts = [(seq, event) for seq, _, event in archive.events()]
        characters = archive.characters
        media = sum(archive.media.size_of(name) for name in archive.media.names() if "idle" not in name)
    turns = len({event.turn for _, event in facts if event.turn})
    whole = sum(len(codec.encode(event)) for _, event in facts)
    traces = sum(trace_bytes(event) for _, event in facts)
    utterances = [event for _, event in facts if isinstance(event.body, UtteranceEnded) and event.body.trace]
    seconds = sum(event.body.samples / 16_000 for event in utterances if isinstance(event.body, UtteranceEnded))
    heard = sum(map(trace_bytes, utterances))
    decisions = len(verify(facts, characters=characters))
    spent = best(lambda: verify(facts, characters=characters))
    heard_alone, heard_recorded = endpointing(recorded=False), endpointing(recorded=True)
    played_alone, played_recorded = playing(recorded=False), playing(recorded=True)
    rows = [
        ["facts of the example, bytes a turn", f"{whole / turns:,.0f}"],
        ["of them recorded for `verify`", f"{traces / turns:,.0f}"],
        ["share of all that is stored, sound and one speech's pictures included", f"{traces / (whole + media):.1%}"],
        ["trace of an utterance, bytes for a second of it", f"{heard / seconds:,.0f}"],
        ["endpointing, µs a window: alone, recorded", f"{heard_alone:.2f}, {heard_recorded:.2f}"],
        ["play-out, µs a tick: alone, recorded", f"{played_alone:.2f}, {played_recorded:.2f}"],
        ["decisions of the example made again", f"{decisions} in {spent * 1000:.0f} ms"],
    ]  # fmt: skip
    print(table(["measured", "result"], rows))


if __name__ == "__main__":
    main()
