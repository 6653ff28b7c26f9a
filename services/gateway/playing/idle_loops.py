"""The idle loops of the characters, assembled from the renderer's batches, and portraits taken from them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av

from bus.events import IdleBatch


@dataclass(frozen=True)
class IdleLoop:
    """A whole idle loop as H.264."""

    character: str
    version: str
    units: tuple[bytes, ...]
    """One access unit a frame."""
    key_frames: tuple[int, ...]

    def nearest_key_frame(self, frame: int) -> int:
        """The key frame closest to a frame, going round the loop."""
        length = len(self.units)
        frame %= length
        return min(self.key_frames, key=lambda key: min((key - frame) % length, (frame - key) % length))

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
        self._incomplete: dict[tuple[str, str], list[IdleBatch]] = {}
        """By character and version."""

    def add(self, batch: IdleBatch) -> IdleLoop | None:
        """Add a batch; returns the loop that it completes, if any.

        Two workers that start together draw the same loop, and their batches come mixed. They are the same in both, and
        each begins with a key frame: the first of each place is taken.
        """
        batches = self._incomplete.setdefault((batch.character, batch.version), [])
        if batch.index < len(batches):
            return None
        if batch.index > len(batches):
            batches.clear()
            return None
        batches.append(batch)
        if not batch.final:
            return None
        loop = IdleLoop(
            character=batch.character,
            version=batch.version,
            units=tuple(unit for earlier in batches for unit in earlier.units),
            key_frames=tuple(earlier.frame for earlier in batches),
        )
        self._drop_incomplete(batch.character, batch.version)
        self._loops[batch.character] = loop
        return loop

    def remove(self, character: str) -> None:
        """Remove the loop of a character that was removed."""
        self._loops.pop(character, None)
        self._drop_incomplete(character)

    def _drop_incomplete(self, character: str, version: str | None = None) -> None:
        """Forget the batches of a character, or of one version of its loop."""
        for of_character, of_version in list(self._incomplete):
            if of_character == character and version in (None, of_version):
                del self._incomplete[of_character, of_version]

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
