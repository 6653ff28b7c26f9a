"""Cuts the stream of an answer into segments, with the clock that its pauses need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from services.dialogue.segmenter import ReplySegmenter, Segment

PAUSE = 0.3
"""Seconds without a piece of the answer after which a sentence that seems to be over is taken to be."""


async def segment_stream(
    language: str, pieces: AsyncIterator[str], *, early: bool = False, pause: float = PAUSE
) -> AsyncIterator[Segment]:
    """The segments of an answer, each as soon as it is complete.

    Args:
        early: see `ReplySegmenter`.
        pause: seconds without a piece after which a sentence that seems to be over is taken to be.
    """
    segmenter = ReplySegmenter(language, early=early)
    async with aclosing(cast("Any", pieces)) as stream:
        while True:
            piece = asyncio.ensure_future(anext(stream, None))
            try:
                # A stream that pauses behind a sentence holds its voice back no longer.
                if not (await asyncio.wait((piece,), timeout=pause))[0]:
                    for segment in segmenter.pause():
                        yield segment
                if (text := await piece) is None:
                    break
            finally:
                await _cancelled(piece)
            for segment in segmenter.push(text):
                yield segment
    for segment in segmenter.flush():
        yield segment


async def _cancelled(piece: asyncio.Future[str | None]) -> None:
    """Stop waiting for a piece, so that its stream can be closed."""
    if not piece.done():
        piece.cancel()
        await asyncio.wait((piece,))
