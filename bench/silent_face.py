"""What the further clips of a silent face cost: once to draw, on the log and in a gateway's memory, and at each tick.

`python -m bench.silent_face` prints one row for each built-in character, and the processor time of a gateway's ticks
with clips that follow from facts and with one loop. Nothing is asserted.
"""

from __future__ import annotations

import time

import cv2

from bench.machine import machine, table
from bus.events import FRAMES_PER_SECOND
from bus.settings import Settings
from services.face_clips import CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN
from services.face_script import FaceScript
from services.gateway.playing.floor import Floor
from services.gateway.playing.idle_loops import IdleLoop
from services.h264_levels import IDLE_LOOP_BITRATE
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.encoder import H264Encoder
from services.render.face_motion import face_motion
from services.render.layered.renderer import LayeredRenderer

_CRF = 25
_TICKS = 30_000
_TICKS_PER_SECOND = 50


def drawn(character: str, look: str, size: int) -> tuple[int, int, float]:
    """Bytes of the idle loop and of the further clips, and seconds of the processor for these."""
    face, motion = LayeredRenderer(size).face(look), face_motion(character)
    sizes: dict[str, int] = {}
    spent = 0.0
    for clip in CLIPS:
        encoder = H264Encoder(size, size, FRAMES_PER_SECOND, bitrate=IDLE_LOOP_BITRATE, crf=_CRF)
        began = time.process_time()
        sizes[clip] = sum(
            len(encoder.encode(face.render([motion.pose(clip, frame)]), key=frame % KEY_FRAME_INTERVAL == 0)[0])
            for frame in range(LOOP_FRAMES)
        )
        spent += (clip != MAIN) * (time.process_time() - began)
    return sizes.pop(MAIN), sum(sizes.values()), spent


def tick(clips: bool) -> float:
    """Seconds of the processor for one tick, the best of five."""
    keys = tuple(range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL))
    units = tuple(b"%d" % frame for frame in range(LOOP_FRAMES))
    further = {clip: IdleLoop("", "", units, keys, frozenset(keys)) for clip in CLIPS if clip != MAIN and clips}
    floor, script = Floor(1000, 7), FaceScript()
    floor.set_idle_loop(IdleLoop("", "", units, keys, frozenset(keys), further))
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(_TICKS):
            if clips:
                now = time.time_ns() // 1000
                floor.show_state(script.state(now), nods=script.nods(now))
            floor.tick()
        best = min(best, (time.process_time() - began) / _TICKS)
    return best


def main() -> None:
    cv2.setNumThreads(1)
    size = Settings().video_size
    rows = []
    for name, character in BUILTIN_CHARACTERS.items():
        loop, further, seconds = drawn(name, character.look, size)
        rows.append([name, f"{loop / 1e6:.2f}", f"{further / 1e6:.2f}", f"{seconds:.1f}"])
    print(f"\n{machine()}\n")
    print(table(["face", "idle loop, MB", "further clips, MB", "drawing these, s of a core"], rows))
    before, after = tick(clips=False), tick(clips=True)
    shares = [f"{100 * _TICKS_PER_SECOND * one:.4f}" for one in (before, after)]
    print(f"\nA tick of a session: {1e6 * before:.2f} µs with one loop, {1e6 * after:.2f} µs with clips by facts; "
          f"{shares[0]} and {shares[1]} % of a core.")  # fmt: skip


if __name__ == "__main__":
    main()
