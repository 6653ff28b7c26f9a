"""Utterances while the graphics card is full, lost or absent. The card is a double that raises the libraries' own
errors, or CTranslate2 itself, asked for a card on a machine that has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from bus.errors import EngineError
from bus.settings import Settings
from services.gpu_faults import PAUSES, GpuFault, GpuUse
from services.models.deferred import Deferred
from services.stt import __main__ as stt
from services.stt.engine import Transcript, Transcription
from services.stt.gpu_engine import GpuEngine
from services.stt.streaming import DecodedWindow, Window
from tests.fakes import FakeTranscriber, FakeTranscription
from tests.services.stt.whisper.test_engine import speak
from tests.services.test_gpu_faults import Clock

FULL = RuntimeError("CUDA failed with error out of memory")
LOST = RuntimeError("CUDA failed with error an illegal memory access was encountered")
WORDS, BLOCKS = "word word word", [b"\x01\x00", b"\x00\x00", b"\x02\x00", b"\x03\x00"]


class Card(FakeTranscriber):
    """Fails at the call of that number: 0 opens, the last one finishes."""

    def __init__(self, error: Exception, call: int) -> None:
        super().__init__()
        self.error, self.call = error, call

    def step(self) -> None:
        self.call -= 1
        if self.call == -1:
            raise self.error

    def open(self, language: str, *rest: Any, **more: Any) -> FakeTranscription:
        self.step()
        super().open(language, *rest, **more)
        return CardTranscription(self)


class CardTranscription(FakeTranscription):
    _owner: Card

    def push(self, pcm: bytes) -> str | None:
        self._owner.step()
        return super().push(pcm)

    def finish(self) -> Transcript:
        self._owner.step()
        return super().finish()


def hear(engine: GpuEngine) -> tuple[Transcript, list[str | None]]:
    transcription: Transcription = engine.open("en")
    partial = [transcription.push(block) for block in BLOCKS]
    transcript = transcription.finish()
    transcription.close()
    return transcript, partial


@pytest.mark.parametrize(("error", "cause"), [(FULL, "full"), (LOST, "lost")])
@pytest.mark.parametrize("call", range(len(BLOCKS) + 2))
def test_the_whole_utterance_is_heard_wherever_the_card_fails(error: Exception, cause: str, call: int) -> None:
    clock = Clock()
    use = GpuUse(clock=clock)
    card, processor = Card(error, call), FakeTranscriber()
    engine = GpuEngine(Deferred.ready(card, "m"), processor, "moonshine", use)
    transcript, partial = hear(engine)
    assert transcript.text == WORDS
    # Nothing that a person has seen gets shorter.
    shown = [len(text) for text in partial if text is not None]
    assert shown == sorted(shown)
    assert processor.blocks == BLOCKS
    assert (use.cause, engine.serving, card.opened - card.closed) == (cause, "moonshine", 0)
    hear(engine)
    assert (card.opened, processor.opened) == (int(call > 0), 2)
    clock.now += PAUSES[0]
    assert hear(engine)[0].text == WORDS
    assert (use.cause, engine.serving) == ((None, "") if cause == "full" else ("lost", "moonshine"))


def test_a_decoding_that_fails_on_the_card_is_noticed_before_the_end() -> None:
    """The other engine then hears while the person still speaks, and not the whole utterance afterwards."""

    def broken(windows: Sequence[Window]) -> list[DecodedWindow]:
        raise GpuFault("full", cause="full")

    with pytest.raises(GpuFault, match="full"):
        speak(broken, (5000, 60))


def test_other_errors_are_no_faults_of_the_card() -> None:
    use = GpuUse()
    engine = GpuEngine(Deferred.ready(FakeTranscriber(), "m"), FakeTranscriber(), "moonshine", use)
    with pytest.raises(EngineError, match="expected en, got xx"):
        engine.open("xx")
    assert use.cause is None


def test_until_it_is_loaded_the_card_is_not_asked() -> None:
    use, processor = GpuUse(), FakeTranscriber()
    deferred: Deferred[Any] = Deferred(None, processor, "m", fallback_name="moonshine")
    engine = GpuEngine(deferred, processor, "moonshine", use)
    assert hear(engine)[0].text == WORDS
    assert (use.cause, engine.serving) == (None, "moonshine")


needs_no_card = pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="there is a graphics card here")


@needs_no_card
@pytest.mark.parametrize("has_gpu", [stt._ctranslate2_has_gpu, lambda: True])
def test_whisper_that_is_asked_for_on_a_card_that_is_not_there_leaves_the_processor_to_hear(
    counting_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_gpu: Callable[[], bool]
) -> None:
    """Whether that is seen at once, or CTranslate2 fails while it loads the model."""
    monkeypatch.setattr(stt, "_ctranslate2_has_gpu", has_gpu)
    model = str(counting_folder)
    settings = Settings(
        stt_engine="whisper", stt_device="cuda", stt_model=model, data=str(tmp_path), model_downloads="off"
    )
    built = stt.build(settings)
    assert (built.engine, built.serving(), built.metadata()) == ("whisper", "pocketsphinx", {"gpu_fault": "absent"})
    assert built.note().startswith("the graphics card cannot be used: ")


@needs_no_card
def test_auto_tells_that_the_card_that_the_settings_ask_for_is_not_there(tmp_path: Path) -> None:
    built = stt.build(Settings(stt_device="cuda", data=str(tmp_path), model_downloads="off"))
    assert built.engine in ("moonshine", "pocketsphinx")
    assert "VISAVIS_STT_DEVICE=cuda" in built.note()
