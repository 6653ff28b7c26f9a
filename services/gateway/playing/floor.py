"""Who speaks in a session: what of the avatar's voice is played, and when it falls silent for the person. Pure.

Notes all that it is told, and at which tick, so that its decisions can be made again from the log: the playback facts
carry the notes (`bus.events.PlayoutTrace`).
"""

from __future__ import annotations

from cachetools import FIFOCache

from bus.events import (
    OPUS_FRAME,
    AudioOut,
    FrameBatch,
    PlayoutInput,
    PlayoutInputKind,
    PlayoutTrace,
    SpeechStarted,
)
from services.face_clips import FaceState
from services.gateway.playing.barge_in import BargeInDetector, Verdict
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.playout import Playout, PlayoutFinished, Tick
from services.gateway.playing.speech_queue import Voice

VERDICTS: tuple[Verdict, ...] = ("wait", "interrupt", "resume")
"""By their numbers in the trace."""
_MAX_NAMES = 1024
"""Speeches, replies and utterances whose numbers are remembered; an older one gets a new number."""
MAX_INPUTS = 5000
"""Notes that wait for a playback fact. Beyond, they are dropped: what follows in the session cannot be made again."""


class Floor:
    """The play-out of one session, and the barge-in detector of its conversation.

    Args:
        phase: frame of the idle loop to begin with, counted since 1970.
        seed: by which idle clips are chosen.
    """

    def __init__(self, phase: int = 0, seed: int = 0) -> None:
        self._playout = Playout(phase, seed)
        self._barge_in = BargeInDetector()
        self._ticks = 0
        self._names: FIFOCache[str, int] = FIFOCache(_MAX_NAMES)
        self._named = self._traces = 0
        self._new_names: list[str] = []
        self._inputs: list[PlayoutInput] = []

    # the conversation

    def add_speech(self, started: SpeechStarted) -> bool:
        """Queue a speech; returns whether the voice pauses, as the avatar does not talk over the person."""
        self._playout.add_speech(started)
        pauses = self._barge_in.pauses_voice
        if pauses:
            self._playout.pause()
        self._note("speech", started.speech, int(pauses))
        return pauses

    def start_utterance(self, utterance: str, turn: str | None, session: str = "") -> bool:
        """The person makes a sound in the microphone of a session; returns whether the voice pauses."""
        self._barge_in.start(utterance, turn, session)
        pauses = self._barge_in.pauses_voice and not self._playout.is_idle
        if pauses:
            self._playout.pause()
        self._note("utterance", utterance, int(pauses))
        return pauses

    def judge_partial(self, utterance: str, text: str) -> Verdict:
        """The verdict on a partial transcript of an utterance."""
        verdict = self._barge_in.judge_partial(utterance, text)
        self._note("partial", utterance, VERDICTS.index(verdict))
        return verdict

    def judge_final(self, utterance: str, text: str) -> Verdict:
        """The verdict on the final transcript of an utterance, empty where there were no words."""
        if not self._barge_in.awaits(utterance):
            return "wait"
        verdict = self._barge_in.judge_final(utterance, text)
        self._note("final", utterance, VERDICTS.index(verdict))
        return verdict

    def drop_utterance(self, utterance: str) -> Verdict:
        """The verdict on an utterance that another session has heard, too."""
        if not self._barge_in.awaits(utterance):
            return "wait"
        verdict = self._barge_in.drop(utterance)
        self._note("heard_twice", utterance, VERDICTS.index(verdict))
        return verdict

    def turn(self, utterance: str) -> str | None:
        """The turn that a pending utterance opens."""
        return self._barge_in.turn(utterance)

    def hold(self, held: bool) -> None:
        """Begin no further sentence, until told otherwise: another session is within one."""
        self._note("hold", count=int(held))
        self._playout.hold(held)

    def resume(self) -> None:
        """Go on where the voice was paused."""
        self._note("resume")
        self._playout.resume()

    def interrupt(self, reply: str) -> PlayoutFinished | None:
        """Stop a reply at once; reports how far its speech under way had come."""
        self._note("interrupt", reply)
        return self._playout.interrupt(reply)

    def has_reply(self, reply: str) -> bool:
        """Whether a speech of this reply is under way or queued."""
        return self._playout.has_reply(reply)

    def voice_of(self, speech: str) -> Voice | None:
        """The sound of a speech that is here, or was until a moment ago."""
        return self._playout.voice_of(speech)

    @property
    def is_speaking(self) -> bool:
        """Whether the avatar is within a sentence."""
        return self._playout.is_playing

    @property
    def is_free(self) -> bool:
        """Whether no sentence is to be said here, and nothing that the person said is still to be understood."""
        return self._playout.is_idle and not self._barge_in.is_pending

    # media

    def add_audio(self, chunk: AudioOut) -> None:
        """Add packets of a speech."""
        position = chunk.sample // OPUS_FRAME
        self._note("last_audio" if chunk.final else "audio", chunk.speech, len(chunk.packets), position)
        self._playout.add_audio(chunk)

    def add_frames(self, batch: FrameBatch) -> None:
        """Add frames of a speech."""
        self._note("frames", batch.speech, len(batch.units), batch.frame)
        self._playout.add_frames(batch)

    def fail_audio(self, speech: str) -> None:
        """No audio of this speech will arrive: leave it out."""
        self._note("no_audio", speech)
        self._playout.fail_audio(speech)

    def fail_frames(self, speech: str) -> None:
        """No more frames of this speech will arrive."""
        self._note("no_frames", speech)
        self._playout.fail_frames(speech)

    def set_idle_loop(self, loop: IdleLoop) -> None:
        """Show this loop between speeches from the next frame on."""
        self._note("idle_loop")
        self._playout.set_idle_loop(loop)

    def show_state(self, state: FaceState, *, nods: bool = False) -> None:
        """The state that a face that does not speak goes to. Follows from the facts, and decides nothing else."""
        self._playout.show_state(state, nods=nods)

    # output

    def tick(self) -> Tick:
        """Advance by 20 ms."""
        self._ticks += 1
        return self._playout.tick()

    @property
    def position(self) -> tuple[str, int]:
        """The speech under way, and its samples that have been sent; empty: none is under way."""
        return self._playout.position

    def stop(self) -> PlayoutFinished | None:
        """Stop for good; reports how far the speech under way had come."""
        self._note("stop")
        return self._playout.stop()

    def take_trace(self) -> PlayoutTrace:
        """All that was noted since the last call, for the playback fact that came about now."""
        trace = PlayoutTrace(
            number=self._traces, tick=self._ticks, names=tuple(self._new_names), inputs=tuple(self._inputs)
        )
        self._traces += 1
        self._new_names, self._inputs = [], []
        return trace

    def _note(self, kind: PlayoutInputKind, name: str = "", count: int = 0, position: int = 0) -> None:
        if len(self._inputs) >= MAX_INPUTS:
            self._new_names, self._inputs = [], []
            self._traces += 1  # the gap shows that something is missing
        self._inputs.append(PlayoutInput(self._ticks, kind, self._number(name), count, position))

    def _number(self, name: str) -> int:
        if not name:
            return -1
        if name not in self._names:
            self._names[name] = self._named
            self._named += 1
            self._new_names.append(name)
        return self._names[name]
