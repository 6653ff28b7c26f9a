"""Of many sentences that begin at once, the first chunk of each is made before the second of any other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator

import pytest

from bus.events import OPUS_FRAME, AudioOut
from bus.work.slots import Owner
from services.tts.chunker import SpeechChunker
from services.tts.sentence_audio import SentenceAudio, SynthesisThreads

PACKETS = 10


class Chunker(SpeechChunker):
    """Counts what it has given away, as the real one does."""

    made = 0

    @property
    def samples(self) -> int:
        return self.made * PACKETS * OPUS_FRAME


class Sentences:
    """Sentences of three chunks each, and the order in which the chunks were made."""

    def __init__(self, steps: int) -> None:
        self.made: list[tuple[str, int]] = []
        self.closed: list[str] = []
        self.threads = SynthesisThreads(steps, clock=lambda: 0.0)

    def start(
        self, name: str, needed_after: float = 0.0, blocked: threading.Event | None = None, person: str = ""
    ) -> SentenceAudio:
        chunker = Chunker("c", name)

        async def owner(is_wanted: bool) -> Owner:
            return Owner(person if person and is_wanted else name)

        return self.threads.start(chunker, self._chunks(chunker, name, blocked), needed_after, owner)

    def _chunks(
        self, chunker: Chunker, name: str, blocked: threading.Event | None
    ) -> Generator[AudioOut, None, None]:
        try:
            for index in range(3):
                if blocked is not None:
                    blocked.wait(20)
                self.made.append((name, index))
                chunker.made += 1
                yield AudioOut(
                    conversation="c", speech=name, index=index, sample=0, packets=(b"x",) * PACKETS, final=index == 2
                )
        finally:
            self.closed.append(name)


async def read(audio: SentenceAudio) -> list[int]:
    found: list[int] = []
    while not found or found[-1] != 2:
        found.append((await audio.next()).index)
    audio.close()
    return found


async def test_all_first_chunks_come_first_then_all_second_ones() -> None:
    sentences, names = Sentences(1), "abcdef"
    audios = [sentences.start(name) for name in names]
    assert await asyncio.gather(*map(read, audios)) == [[0, 1, 2]] * len(names)
    assert sentences.made == [(name, index) for index in range(3) for name in names]


async def test_the_first_sentence_of_a_reply_is_made_before_a_later_one_that_came_earlier() -> None:
    sentences, gate = Sentences(1), threading.Event()
    first = sentences.start("running", blocked=gate)
    await asyncio.sleep(0.01)
    later, urgent = sentences.start("second sentence", 2.0), sentences.start("first sentence", 0.0)
    await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(*map(read, (first, later, urgent)))
    assert sentences.made.index(("first sentence", 2)) < sentences.made.index(("second sentence", 0))


async def test_who_has_many_conversations_makes_nobody_wait() -> None:
    sentences = Sentences(1)
    many = [sentences.start(f"of many {number}", person="many") for number in range(12)]
    await asyncio.sleep(0)
    one = sentences.start("of one", person="one")
    await asyncio.gather(*map(read, (*many, one)))
    assert sentences.made.index(("of one", 2)) < 12  # the others have 36 chunks


async def test_the_running_step_of_a_closed_sentence_holds_nobody_up() -> None:
    sentences, gate = Sentences(1), threading.Event()
    interrupted = sentences.start("interrupted", blocked=gate)
    await asyncio.sleep(0.01)
    interrupted.close()
    assert await asyncio.wait_for(read(sentences.start("next")), 20) == [0, 1, 2]
    assert "interrupted" not in sentences.closed
    gate.set()
    while "interrupted" not in sentences.closed:
        await asyncio.sleep(0.01)
    assert [index for name, index in sentences.made if name == "interrupted"] == [0]


async def test_a_sentence_that_is_closed_while_it_waits_is_never_made() -> None:
    sentences, gate = Sentences(1), threading.Event()
    running, waiting = sentences.start("running", blocked=gate), sentences.start("waiting")
    await asyncio.sleep(0.01)
    waiting.close()
    gate.set()
    await read(running)
    assert {name for name, _ in sentences.made} == {"running"}


async def test_what_fails_fails_the_caller_and_after_the_end_nobody(caplog: pytest.LogCaptureFixture) -> None:
    threads = SynthesisThreads(1)

    def broken() -> Generator[AudioOut, None, None]:
        raise OSError("out of tones")
        yield

    async def owner(is_wanted: bool) -> Owner:
        return Owner("p")

    with pytest.raises(OSError, match="out of tones"):
        await threads.start(SpeechChunker("c", "s"), broken(), 0.0, owner).next()
    threads.start(SpeechChunker("c", "s"), broken(), 0.0, owner).close()
    await asyncio.sleep(0.05)
    assert caplog.records == []
