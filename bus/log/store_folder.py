"""The folder of the embedded server, and how a stream that it cannot read is saved from it.

nats-server 2.15.1 leaves a stream out, and removes its files, where one compressed block of it is damaged: a flipped
bit costs the whole log. Streams are not compressed any more, but blocks of older versions stay as they are. So the
blocks are linked before each start, which takes no space, and let go once the server has the stream. While they are
there, nobody makes the stream anew.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from bus.settings import Settings

log = logging.getLogger(__name__)

STORE = "nats"
"""The folder of the embedded server in the data folder."""
_KEPT = "kept"


def keep_blocks(folder: Path, streams: Iterable[str]) -> None:
    """Link the blocks of streams, before the server starts.

    Args:
        folder: of the server.
    """
    for stream in streams:
        blocks = _blocks(folder / "jetstream" / "jetstream" / "$G" / "streams" / stream / "msgs")
        if not blocks:
            continue  # none yet; or the server has removed them, and what is kept is all there is
        place = folder / _KEPT / stream
        try:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            for block in blocks:
                os.link(block, place / block.name)
        except OSError as error:
            log.warning("blocks are not kept", extra={"stream": stream, "why": str(error)})


def let_blocks_go(folder: Path, stream: str) -> None:
    """Remove the links of a stream: the server has read it."""
    shutil.rmtree(folder / _KEPT / stream, ignore_errors=True)


def kept_blocks(settings: Settings, stream: str) -> Path | None:
    """The folder with blocks of a stream that the embedded server of this machine did not read when it started; None
    where it has read them, or there were none."""
    if settings.nats_url:
        return None
    place = settings.data_folder / STORE / _KEPT / stream
    return place if _blocks(place) else None


def _blocks(folder: Path) -> list[Path]:
    return [one for one in folder.glob("*.blk") if one.stat().st_size]
