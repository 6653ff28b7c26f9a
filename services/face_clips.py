"""The clips of a face that does not speak, and the order in which they are shown. Pure.

Every clip has LOOP_FRAMES frames and a key frame every KEY_FRAME_INTERVAL, and all of a character move on one base, so
that at a key frame where both are at rest one clip can follow another. Which one does is decided by the time, a seed
and the state of the conversation alone: every page shows the same, and so does a replay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from bus.events import FRAMES_PER_SECOND
from bus.ids import seed_of

FaceState: TypeAlias = Literal["idle", "listening", "thinking"]

LOOP_FRAMES = 8 * FRAMES_PER_SECOND
"""Frames in a clip; a multiple of WINDOW_FRAMES."""
KEY_FRAME_INTERVAL = 10
"""Frames from one key frame to the next; playback can start at each of them."""
WINDOW_FRAMES = 4 * KEY_FRAME_INTERVAL
"""Frames after which another one of the idle clips may follow."""

MAIN = "idle"
"""The clip that is always there, and on which speeches begin and end."""
NOD = "nod"
"""A nod while listening, from each key frame to the next."""
IDLE_CLIPS = (MAIN, "idle-2", "idle-3")
_TRANSITIONS: dict[tuple[FaceState, FaceState], str] = {
    ("idle", "listening"): "attend",
    ("listening", "thinking"): "ponder",
    ("thinking", "idle"): "relax",
    ("listening", "idle"): "release",
}
"""Clips that lead from one state to another, from each key frame to the next."""
_VIA: dict[tuple[FaceState, FaceState], FaceState] = {
    ("idle", "thinking"): "listening",
    ("thinking", "listening"): "idle",
}
"""Ways that take two transitions, by the state in between."""
TRANSITIONS = {clip: ends for ends, clip in _TRANSITIONS.items()}
"""By clip, the states that it leads from and to."""
_STATES: dict[str, FaceState] = {
    **dict.fromkeys(IDLE_CLIPS, "idle"), "listening": "listening", NOD: "listening", "thinking": "thinking",
}  # fmt: skip
CLIPS = (*_STATES, *TRANSITIONS)
"""All clips, in the order in which they are drawn."""


def state_after(clip: str) -> FaceState:
    """The state that a clip shows, or leads to."""
    return TRANSITIONS[clip][1] if clip in TRANSITIONS else _STATES[clip]


def idle_clip(seed: int, frame: int) -> str:
    """The idle clip of a window.

    Args:
        seed: of the conversation.
        frame: of the window, since 1970.
    """
    return IDLE_CLIPS[seed_of(f"{seed} {frame // WINDOW_FRAMES}") % len(IDLE_CLIPS)]


class FaceDirector:
    """Chooses the clip at each key frame.

    Args:
        seed: of the conversation.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self.clip = MAIN
        """The clip that is shown."""

    def restart(self) -> None:
        """The face is where the main clip has it: after a speech, or with another face."""
        self.clip = MAIN

    def choose(
        self, frame: int, joins: Callable[[str, int], bool], wanted: FaceState = "idle", *, nods: bool = False
    ) -> str:
        """The clip from this key frame on.

        Args:
            frame: since 1970, a key frame.
            joins: whether a clip, by its name, is there and at rest in a frame.
            wanted: the state that the face is to be in.
            nods: whether a nod is due.
        """
        if joins(self.clip, frame) or self.clip in TRANSITIONS:
            self.clip = next((one for one in self._wanted(frame, wanted, nods) if joins(one, frame)), self.clip)
        return self.clip

    def _wanted(self, frame: int, wanted: FaceState, nods: bool) -> tuple[str, ...]:
        """The clips that may follow, the best first."""
        state = state_after(self.clip)
        if state != wanted:
            return _TRANSITIONS[state, _VIA.get((state, wanted), wanted)], state
        if state != "idle":
            return (NOD, state) if nods and state == "listening" else (state,)
        if frame % WINDOW_FRAMES == 0:
            return idle_clip(self._seed, frame), MAIN
        return (self.clip,) if self.clip in IDLE_CLIPS else (MAIN,)
