"""The idle loops of the characters, as the renderer drew them, and portraits taken from them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av

from bus.events import IdleBatch


@dataclass(frozen=True)
class IdleLoop:
    """A whole loop: H.264 access units, and which of them are key frames."""

    character: str
    version: str
    units: tuple[bytes, ...]
    keys: tuple[int, ...]

    def nearest_key(self, phase: int) -> int:
        """The key frame closest to a frame, going round the loop."""
        length = len(self.units)
        phase %= length
        return min(self.keys, key=lambda key: min((key - phase) % length, (phase - key) % length))

    def portrait(self) -> bytes:
        """The loop's first picture as JPEG."""
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
    """Collects loops as their batches come; a loop counts once its last batch is here."""

    def __init__(self) -> None:
        self._whole: dict[str, IdleLoop] = {}
        self._growing: dict[str, list[IdleBatch]] = {}

    def add(self, batch: IdleBatch) -> IdleLoop | None:
        """The whole loop, if this batch completes one."""
        growing = self._growing.setdefault(batch.character, [])
        if batch.index == 0:
            growing.clear()
        if batch.index != len(growing) or (growing and growing[0].version != batch.version):
            growing.clear()
            return None
        growing.append(batch)
        if not batch.final:
            return None
        loop = IdleLoop(
            character=batch.character,
            version=batch.version,
            units=tuple(unit for one in growing for unit in one.units),
            keys=tuple(one.frame for one in growing),
        )
        growing.clear()
        self._whole[batch.character] = loop
        return loop

    def forget(self, character: str) -> None:
        """Nobody is to see this character any more."""
        self._whole.pop(character, None)
        self._growing.pop(character, None)

    def get(self, character: str) -> IdleLoop | None:
        """The newest whole loop of a character."""
        return self._whole.get(character)
