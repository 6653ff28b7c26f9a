"""The status in words, its downloads and its suggestions, without NATS."""

from __future__ import annotations

from dataclasses import replace

from bus.process.discovery import ServiceInfo
from services.dialogue.__main__ import ENGINES as DIALOGUE
from services.gateway.web.answers import ModelDownload, ServiceRow
from services.gateway.web.engine_words import downloads_in, engine_words
from services.gateway.web.status_route import status
from services.improvements import Machine
from services.models.catalogue import CATALOGUE
from services.models.progress import Download
from services.render.__main__ import ENGINES as RENDER
from services.stt.__main__ import ENGINES as STT
from services.tts.__main__ import ENGINES as TTS

COMPLETE = Machine(models=frozenset(model.name for model in CATALOGUE))


def running(name: str, engine: str, note: str = "") -> ServiceInfo:
    return ServiceInfo(name, "1", "0.1.0", {"engine": engine, "note": note})


def test_every_engine_has_words() -> None:
    engines = {
        "stt": [option.name for option in STT],
        "dialogue": [option.name for option in DIALOGUE],
        "tts": [option.name for option in TTS],
        "render": [option.name for option in RENDER],
    }
    for service, names in engines.items():
        assert [name for name in names if engine_words(service, name, COMPLETE) == name] == []
    assert engine_words("tts", "a new one", COMPLETE) == "a new one"


def test_an_engine_that_is_not_loaded_is_described_by_what_serves_instead() -> None:
    assert engine_words("stt", "moonshine", COMPLETE) == "Moonshine, English, on this machine"
    # Its files may be here, and it is loading, or they may be damaged.
    for machine in (COMPLETE, Machine()):
        assert engine_words("stt", "moonshine", machine, "pocketsphinx").startswith("PocketSphinx")
    assert engine_words("stt", "whisper", COMPLETE, "moonshine") == engine_words("stt", "moonshine", COMPLETE)
    assert engine_words("dialogue", "local", COMPLETE, "companion") == engine_words("dialogue", "companion", COMPLETE)
    both = Machine(packages=frozenset({"faster_whisper"}), models=COMPLETE.models)
    assert "Whisper" in engine_words("stt", "moonshine", both)
    assert "until Kokoro is here" in engine_words("tts", "hibari", Machine())


def test_an_engine_that_does_not_keep_up_is_described_by_what_serves_instead() -> None:
    slow = Machine(models=COMPLETE.models, too_slow=frozenset({"moonshine", "kokoro"}))
    assert engine_words("stt", "moonshine", slow).startswith("PocketSphinx")
    assert "Kokoro is too slow for this machine" in engine_words("tts", "hibari", slow)
    by_name = replace(slow, chosen=frozenset({"stt"}))
    assert engine_words("stt", "moonshine", by_name) == engine_words("stt", "moonshine", COMPLETE)


def test_the_row_of_a_service_names_who_serves() -> None:
    info = ServiceInfo("stt", "1", "0.1.0", {"engine": "moonshine", "serving": "pocketsphinx"})
    assert info.engine_in_use == "pocketsphinx, in place of moonshine"
    assert status({"stt": info}, COMPLETE)[0][0].words.startswith("PocketSphinx")
    assert running("stt", "moonshine").engine_in_use == "moonshine"


def test_an_engine_whose_card_cannot_be_used_is_described_by_what_serves_instead_and_not_as_awaited() -> None:
    metadata = {"engine": "liveportrait", "serving": "layered", "gpu_fault": "full", "note": "the card is full"}
    row = status({"render": ServiceInfo("render", "1", "0.1.0", metadata)}, COMPLETE)[0][3]
    assert (row.words, row.gpu_fault) == ("Drawn characters; photos are warped by the processor", "full")
    assert row.note == "the card is full"


def test_downloads_are_read_from_the_note_as_the_services_word_it() -> None:
    downloads = [Download("kokoro", 40, 100), Download("whisper-base", 0, 0), Download("mind", 7, 7)]
    assert downloads_in("; ".join(map(str, downloads))) == (
        ModelDownload("kokoro", 40), ModelDownload("whisper-base", None), ModelDownload("mind", 100)
    )  # fmt: skip
    assert downloads_in("") == downloads_in("not running") == ()


def test_a_service_that_does_not_run_is_told_and_nothing_is_proposed_for_it() -> None:
    rows, suggestions = status({"stt": running("stt", "whisper")}, COMPLETE)
    assert rows[1] == ServiceRow(
        name="dialogue", engine="", words="", up=False, note="not running", downloads=(), gpu_fault=""
    )
    assert suggestions == ()


def test_what_a_service_is_fetching_is_not_proposed() -> None:
    def commands(note: str) -> list[str]:
        return [one.command for one in status({"tts": running("tts", "kokoro", note)}, Machine())[1]]

    assert commands("") == [".venv/bin/visavis models fetch kokoro"]
    assert commands("fetching kokoro, 40 %") == []
