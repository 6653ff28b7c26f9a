"""What `visavis doctor` says of models: those in use that are here or missing, and what would be better."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import json
from msgspec.structs import replace

from bus.settings import Settings
from services.engine_speed import EngineSpeeds, Speed, this_processor
from services.improvements import Machine
from services.models.catalogue import FACE_LANDMARKS, KOKORO, LIVEPORTRAIT, MIND, MOONSHINE, SILERO, SMART_TURN, XTTS
from services.models.fetching import folder_of
from services.models.files import Model
from services.models.whisper import CTRANSLATE2, TRANSFORMERS
from visavis.doctor_models import better, models, models_in_use, speeds

ENGINES = {"stt": "pocketsphinx", "dialogue": "companion", "tts": "espeak", "render": "layered"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models=str(tmp_path), stt_device="cpu")


def put(model: Model, settings: Settings) -> None:
    """Files of the right names and sizes."""
    for file in model.files:
        path = folder_of(model, settings) / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as opened:
            opened.truncate(file.bytes)


def test_each_engine_has_its_models(settings: Settings) -> None:
    def of(service: str, engine: str, settings: Settings = settings) -> set[Model]:
        in_use = models_in_use({**ENGINES, service: engine}, settings)
        return set(in_use) - {SILERO, SMART_TURN, FACE_LANDMARKS}

    assert of("stt", "pocketsphinx") == set()
    assert MOONSHINE in of("stt", "moonshine")
    assert of("stt", "whisper") == {CTRANSLATE2["base"]}
    assert of("stt", "whisper-torch", replace(settings, stt_model="turbo")) == {TRANSFORMERS["turbo"]}
    assert of("stt", "whisper", replace(settings, stt_model="owner/name")) == set()
    assert of("tts", "hibari") == of("tts", "kokoro") == {KOKORO}
    assert of("tts", "kokoro", replace(settings, kokoro_model="/mine")) == set()
    assert of("tts", "xtts") == {XTTS}
    assert of("render", "liveportrait") == {LIVEPORTRAIT}
    assert of("dialogue", "local") == {MIND}
    assert of("dialogue", "") == set()


def test_models_that_are_here_share_a_line_and_each_missing_one_has_its_own(settings: Settings) -> None:
    engines = {**ENGINES, "tts": "hibari"}
    assert {result.state for result in models(engines, settings, Machine())} == {"warning", "hint"}
    put(SILERO, settings)
    put(SMART_TURN, settings)
    here, faces, kokoro = models(engines, settings, Machine())
    assert (here.state, here.message) == ("ok", "here: silero-vad, smart-turn (10 MB)")
    assert (faces.state, faces.message) == (
        "hint", "face-landmarks is missing (face landmarks, 5 MB); photos are refused until render has fetched it"
    )  # fmt: skip
    assert (kokoro.state, kokoro.message) == (
        "warning", "kokoro is missing (voice, 99 MB); it is fetched while a simpler engine serves"
    )  # fmt: skip
    assert kokoro.remedy == "`.venv/bin/visavis models fetch kokoro` fetches it now"


def test_with_downloads_off_a_missing_model_names_its_folder(settings: Settings, tmp_path: Path) -> None:
    results = list(models(ENGINES, replace(settings, model_downloads="off"), Machine()))
    assert [result.state for result in results] == ["warning"] * 3
    assert results[0].message == "silero-vad is missing (speech detection, 1 MB), and downloads are switched off"
    assert results[0].remedy == f"put its files into {tmp_path / 'silero-vad'}, or unset VISAVIS_MODEL_DOWNLOADS"


def test_what_would_be_better_is_named_with_its_cost_and_its_command(settings: Settings) -> None:
    plain = list(better(ENGINES, settings, Machine()))
    assert {result.state for result in plain} == {"hint"}
    assert any(result.remedy.startswith("`make mind`: 1.1 GB to download") for result in plain)
    best = {"stt": "whisper", "dialogue": "openai", "tts": "hibari", "render": "liveportrait"}
    assert list(better(best, settings, Machine())) == [], "the missing models of engines in use have lines of their own"
    assert list(better({**best, "tts": ""}, settings, Machine())) == []


def test_it_is_said_which_engines_keep_up(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, data=str(tmp_path / "data"))
    assert list(speeds(settings)) == []
    timed = EngineSpeeds.of(settings)
    timed.folder.mkdir(parents=True)
    for engine, factor in (("hibari", 0.01), ("kokoro", 1.4)):
        speed = Speed("tts", engine, "v1", this_processor(), factor, "2026-01-01")
        timed.path(engine).write_bytes(json.encode(speed))
    fast, slow = speeds(settings)
    assert (fast.state, fast.message) == ("ok", "for a second of speech: hibari 0.01 s; at most 0.8 s keeps up")
    assert slow.state == "hint"
    assert slow.message.startswith("kokoro does not keep up with speech on this machine: it takes 1.4 s")
    assert "VISAVIS_TTS_ENGINE" in slow.remedy
    assert "kokoro.json" in slow.remedy
    assert KOKORO not in models_in_use({**ENGINES, "tts": "hibari"}, settings)
    assert KOKORO in models_in_use({**ENGINES, "tts": "kokoro"}, settings)
