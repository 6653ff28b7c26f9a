"""Barge-in: how soon the avatar falls silent when the person speaks over it, measured at a peer; part of `bench.turn`.

The onset is the time at which the first audible packet of the person's speech leaves the peer; silence is the last
audible packet that arrives before the answer to it. A backchannel, "okay", is said over the voice in the same way: the
voice pauses, and the reply has to be played to its end.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from bench.machine import percentiles, table
from bench.peer import Peer
from bus.events import (
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplyStarted,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from services.audio import resample
from services.backchannel import is_backchannel
from tests import voices

_TALKATIVE = "what can you do"
_SPOKEN = ("what_time_is_it_rms", "tell_me_something_about_yourself_slt", "what_is_your_name_rms", "hello_rms")
_INTO_THE_REPLY = 1.0
"""Seconds of the avatar's speech before the person speaks over it."""


async def measure(event_log: EventLog, peer: Peer, times: int) -> list[str]:
    """Speak over the avatar `times` times with words, and half as often with a backchannel; lines of Markdown."""
    measured = [await _speak_over(event_log, peer, _SPOKEN[number % len(_SPOKEN)]) for number in range(times)]
    rows = []
    for name in measured[0]:
        values = [one[name] for one in measured]
        median, high = percentiles(values, 50, 95)
        rows.append([name, f"{median:.0f}", f"{high:.0f}", f"{max(values):.0f}", str(times)])
    backchannels = times // 2
    whole = sum([await _backchannel(event_log, peer) for _ in range(backchannels)])
    return [
        table(["ms, when the person speaks over the avatar", "p50", "p95", "max", "times"], rows),
        "",
        f"A backchannel over the avatar's voice: {whole} of {backchannels} replies paused for it and were then played "
        "to their end.",
    ]


async def _speak_over(event_log: EventLog, peer: Peer, recording: str) -> dict[str, float]:
    """Milliseconds between the steps of one barge-in."""
    before = await _let_it_talk(event_log, peer)
    await peer.say(resample(voices.samples(recording), 16_000, 48_000))
    onset = peer.speech_began
    events = await until(event_log, peer.conversation, before, _is_answered)
    answered = [event for event in events if isinstance(event.body, ReplyStarted)][1]
    played_at = next(e.at for e in events if isinstance(e.body, PlaybackStarted) and e.turn == answered.turn) / 1e6
    silence = max((at for at in peer.arrivals.audible if at < played_at), default=onset)
    noticed = next(event.at for event in events if isinstance(event.body, UtteranceStarted)) / 1e6
    stopped = next(event.at for event in events if isinstance(event.body, ReplyInterrupted)) / 1e6
    await until(event_log, peer.conversation, before, all_played)
    return {
        "onset → the onset is certain": 1000 * (noticed - onset),
        "the onset is certain → **silence**": 1000 * max(0.0, silence - noticed),
        "onset → **silence**": 1000 * max(0.0, silence - onset),
        "onset → the reply is interrupted for good": 1000 * (stopped - onset),
    }


async def _backchannel(event_log: EventLog, peer: Peer) -> bool:
    """Whether the backchannel was heard over the reply, and that reply was played to its end."""
    before = await _let_it_talk(event_log, peer)
    await peer.say(resample(voices.samples("okay_rms"), 16_000, 48_000))
    await until(event_log, peer.conversation, before, lambda found: has(found, TranscriptFinal))
    events = await until(event_log, peer.conversation, before, all_played)
    # The message that made it talk interrupts what was left of the reply before, which is none of this one's faults.
    turn = next(event.turn for event in events if isinstance(event.body, MessageReceived))
    cut = any(isinstance(event.body, ReplyInterrupted) and event.turn == turn for event in events)
    heard = [event.body.text for event in events if isinstance(event.body, TranscriptFinal)]
    if cut or not all(map(is_backchannel, heard)):
        print(f"a backchannel was heard as {heard}{' and cut the reply' if cut else ''}", file=sys.stderr)
    return has(events, UtteranceStarted) and not cut


async def _let_it_talk(event_log: EventLog, peer: Peer) -> int:
    """Make the avatar give a long answer; returns in the middle of it, with the sequence before it."""
    before = max([sequence for sequence, _ in await event_log.facts(peer.conversation)])
    await peer.write(_TALKATIVE)
    await until(event_log, peer.conversation, before, lambda events: has(events, PlaybackStarted))
    await asyncio.sleep(_INTO_THE_REPLY)
    return before


async def until(
    event_log: EventLog, conversation: str, after: int, over: Callable[[list[Event]], bool]
) -> list[Event]:
    async with asyncio.timeout(90):
        while True:
            events = [event for _, event in await event_log.facts(conversation, after=after)]
            if over(events):
                return events
            await asyncio.sleep(0.05)


def has(events: list[Event], kind: type[object]) -> bool:
    return any(isinstance(event.body, kind) for event in events)


def _is_answered(events: list[Event]) -> bool:
    """Whether the answer to the speech over the avatar's voice is being played."""
    turns = {event.turn for event in events if isinstance(event.body, ReplyStarted)}
    return len(turns) > 1 and len({event.turn for event in events if isinstance(event.body, PlaybackStarted)}) > 1


def all_played(events: list[Event]) -> bool:
    """Whether every reply that was not interrupted has been played to its end."""
    cut = {event.turn for event in events if isinstance(event.body, ReplyInterrupted)}
    sentences = {event.turn: event.body.sentences for event in events if isinstance(event.body, ReplyEnded)}
    begun = {event.turn for event in events if isinstance(event.body, ReplyStarted)}
    played = [event.turn for event in events if isinstance(event.body, PlaybackFinished)]
    return all(turn in sentences and played.count(turn) >= sentences[turn] for turn in begun - cut)
