"""A conversation on the log with its media: spoken, answered by two sentences, the second interrupted."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from bus.events import AudioIn, AudioOut, FrameBatch
from bus.log.event_log import EventLog
from services.audio import OpusEncoder
from services.render.encoder import H264Encoder
from tests.projections.replay.conversations import facts, interruption, spoken_turn

SIZE = 128
PCM = (3000 * np.sin(np.arange(32_000) / 8)).astype(np.int16)
"""What the person said: two seconds."""
TURN = "t1"


async def record(event_log: EventLog, conversation: str) -> None:
    """Append the facts of the turn, and publish its media: the sound of all, the pictures of the first sentence."""
    for _, event in facts(TURN, spoken_turn(), interruption()):
        await event_log.append(replace(event, conversation=conversation))
    for index in range(2):
        chunk = AudioIn(
            conversation=conversation, utterance="u1", index=index, sample=16_000 * index,
            pcm=PCM[16_000 * index : 16_000 * (index + 1)].tobytes(), final=index == 1,
        )  # fmt: skip
        await event_log.publish_media(chunk, f"{conversation}-u1-{index}")
    for speech, seconds in (("s1a", 1), ("s1b", 2)):
        await _speak(event_log, conversation, speech, seconds)
    units = H264Encoder(SIZE, SIZE, 25, bitrate=300_000).encode(
        [np.full((SIZE * 3 // 2, SIZE), grey, np.uint8) for grey in range(60, 90)]
    )
    for index in range(2):
        batch = FrameBatch(
            conversation=conversation, speech="s1a", index=index, frame=15 * index, fps=25, phase=0,
            units=units[15 * index : 15 * (index + 1)], final=index == 1,
        )  # fmt: skip
        await event_log.publish_media(batch, f"{conversation}-f-{index}")


async def _speak(event_log: EventLog, conversation: str, speech: str, seconds: int) -> None:
    sound = (8000 * np.sin(np.arange(48_000 * seconds) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    encoder = OpusEncoder()
    packets = (*encoder.push(sound), *encoder.flush())
    for index in range(2):
        half = len(packets) // 2
        chunk = AudioOut(
            conversation=conversation, speech=speech, index=index, sample=960 * half * index,
            packets=packets[half * index : half * (index + 1)], final=index == 1,
        )  # fmt: skip
        await event_log.publish_media(chunk, f"{conversation}-{speech}-{index}")
