"""The expressions of one speech, which a network makes of its whole sound."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import numpy as np

from bus.errors import VisavisError
from bus.events import SPEECH_RATE, AudioOut
from bus.ids import seed_of
from services.audio import OpusDecoder, Samples, resample
from services.render.engine import ExpressionNetwork, Expressions

log = logging.getLogger(__name__)

NETWORK_RATE = 16_000
FADE_FRAMES = 5
"""Frames in which the expression comes from the face at rest, and returns to it after the sound."""


class ExpressionTrack:
    """Collects the sound of a speech, and has it made into expressions once it is whole."""

    def __init__(self, network: ExpressionNetwork, speech: str) -> None:
        self.version = network.version
        self._network = network
        self._seed = seed_of(speech)
        self._packets: list[bytes] = []
        self._made: Expressions | None = None

    async def add(self, chunk: AudioOut) -> bool:
        """Append the next chunk; returns whether the speech is whole, so that its frames can be drawn."""
        self._packets += chunk.packets
        if chunk.final and self._packets:
            try:
                self._made = await asyncio.to_thread(self._make)
            except VisavisError as error:
                log.warning("visemes move the lips of a speech, the network failed", extra={"why": error.detail})
        return chunk.final

    def at(self, frames: Sequence[int]) -> Expressions | None:
        """The expressions of frames, which may lie behind the sound; None: visemes move the lips."""
        made = self._made
        if made is None:
            return None
        places = np.asarray(frames)
        share = np.clip((places + 1) / FADE_FRAMES, 0.0, 1.0)
        share *= np.clip((len(made) - 1 + FADE_FRAMES - places) / FADE_FRAMES, 0.0, 1.0)
        return np.asarray(made[np.minimum(places, len(made) - 1)] * share[:, None, None], np.float32)

    def _make(self) -> Expressions:
        decoder = OpusDecoder()
        sound: Samples = np.concatenate([decoder.decode(packet) for packet in self._packets])
        return self._network.expressions(resample(sound, SPEECH_RATE, NETWORK_RATE), self._seed)
