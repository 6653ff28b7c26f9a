"""The idle loops of the characters and their further clips, assembled from the renderer's batches, and portraits."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import av

from bus.events import IdleBatch
from services.face_clips import CLIPS, MAIN


@dataclass(frozen=True)
class IdleLoop:
    """A whole idle loop, or another clip of a face that does not speak, as H.264."""

    character: str
    version: str
    units: tuple[bytes, ...]
    """One access unit a frame."""
    key_frames: tuple[int, ...]
    rests: frozenset[int] = frozenset()
    """The key frames at which another clip may follow, or this one another."""
    clips: Mapping[str, IdleLoop] = field(default_factory=dict, compare=False)
    """Of an idle loop: the further clips that go with it, by name; they are added as they arrive."""

    def joins(self, clip: str, frame: int) -> bool:
        """Whether a clip that goes with this loop is here and at rest in a frame. They count once all are here."""
        if len(self.clips) < len(CLIPS) - 1:
            return clip == MAIN
        one = self if clip == MAIN else self.clips[clip]
        return len(one.units) == len(self.units) and frame % len(one.units) in one.rests

    def unit(self, clip: str, frame: int) -> bytes:
        """The access unit of a frame of a clip, going round."""
        units = self.units if clip == MAIN else self.clips[clip].units
        return units[frame % len(units)]

    def nearest_key_frame(self, frame: int) -> int:
        """The frame closest to this one that is a key frame, the loop going round for ever."""
        length = len(self.units)
        return frame + min(((key - frame + length // 2) % length - length // 2 for key in self.key_frames), key=abs)

    def portrait(self) -> bytes:
        """The loop's first frame as JPEG."""
        decoder = av.CodecContext.create("h264", "r")
        frames = [*decoder.decode(av.Packet(self.units[0])), *decoder.decode(None)]
        frame = frames[0].reformat(format="yuvj420p")
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="image2pipe") as container:
            stream = container.add_stream("mjpeg", rate=1)
            stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
            stream.options = {"qscale": "3"}
            frame.pts = 0
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        return buffer.getvalue()


class IdleLoops:
    """The newest whole loop of each character; a loop replaces its predecessor once its last batch has arrived."""

    def __init__(self) -> None:
        self._loops: dict[str, IdleLoop] = {}
        self._clips: dict[str, dict[str, dict[str, IdleLoop]]] = {}
        """By character, version and name."""
        self._incomplete: dict[tuple[str, str, str], list[IdleBatch]] = {}
        """By character, clip and version."""

    def add(self, batch: IdleBatch) -> IdleLoop | None:
        """Add a batch; returns the loop or clip that it completes, if any.

        Two workers that start together draw the same loop, and their batches come mixed. They are the same in both, and
        each begins with a key frame: the first of each place is taken.
        """
        batches = self._incomplete.setdefault((batch.character, batch.clip, batch.version), [])
        if batch.index < len(batches):
            return None
        if batch.index > len(batches):
            batches.clear()
            return None
        batches.append(batch)
        if not batch.final:
            return None
        self._drop_incomplete(batch.character, batch.clip, batch.version)
        versions = self._clips.setdefault(batch.character, {})
        clips = versions.setdefault(batch.version, {})
        loop = IdleLoop(
            character=batch.character,
            version=batch.version,
            units=tuple(unit for earlier in batches for unit in earlier.units),
            key_frames=tuple(earlier.frame for earlier in batches),
            rests=frozenset(earlier.frame for earlier in batches if earlier.rests),
            clips=clips if batch.clip == MAIN else {},
        )
        if batch.clip == MAIN:
            self._loops[batch.character] = loop
            self._clips[batch.character] = {batch.version: clips}
        elif batch.clip in CLIPS:
            clips[batch.clip] = loop
        return loop

    def remove(self, character: str) -> None:
        """Remove the loop of a character that was removed."""
        self._loops.pop(character, None)
        self._clips.pop(character, None)
        self._drop_incomplete(character)

    def _drop_incomplete(self, character: str, clip: str | None = None, version: str | None = None) -> None:
        """Forget the batches of a character, or of one version of one of its clips."""
        for key in list(self._incomplete):
            if key[0] == character and clip in (None, key[1]) and version in (None, key[2]):
                del self._incomplete[key]

    def get(self, character: str) -> IdleLoop | None:
        """The newest whole loop of a character, if there is one."""
        return self._loops.get(character)


class ShownIdleLoop:
    """Which loop one session shows.

    Args:
        character: whose loop is shown.
    """

    def __init__(self, loops: IdleLoops, character: str) -> None:
        self._loops = loops
        self.character = character
        self._shown: tuple[str, str] | None = None
        """Character and version."""

    def next(self) -> IdleLoop | None:
        """The newest loop of the character; None where there is none, or it is shown already."""
        loop = self._loops.get(self.character)
        if loop is None or self._shown == (loop.character, loop.version):
            return None
        self._shown = loop.character, loop.version
        return loop
