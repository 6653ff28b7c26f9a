"""Which engines a re-run uses, and what it says before anything starts."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from msgspec import structs

from bus.errors import VisavisError
from bus.settings import Settings
from visavis.__main__ import main
from visavis.rerun.engines import Kept, choose, parse_engine

needs_whisper = pytest.mark.skipif(
    find_spec("faster_whisper") is None or find_spec("ctranslate2") is None, reason="the extra whisper is not installed"
)
NOW = datetime.fromisoformat("2026-11-28T12:00:00+00:00")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a machine without any model."""
    return Settings(models=str(tmp_path), tools="tools.json", stt_model="base")


def test_engines_and_models_become_settings_of_the_services(settings: Settings) -> None:
    assert parse_engine("stt=whisper:small") == ("stt", {"stt_engine": "whisper", "stt_model": "small"})
    assert parse_engine("dialogue=local:/a:b")[1] == {"dialogue_engine": "local", "llm_file": "/a:b"}
    engines = choose(settings, ["stt=pocketsphinx", "dialogue=companion"], ["tts"])
    assert engines.services == ("stt", "dialogue")
    assert engines.environment == {
        "VISAVIS_STT_ENGINE": "pocketsphinx", "VISAVIS_STT_MODEL": "", "VISAVIS_DIALOGUE_ENGINE": "companion",
        "VISAVIS_TOOLS": "", "VISAVIS_MODEL_DOWNLOADS": "off",
    }  # fmt: skip
    assert engines.settings.stt_model == ""
    assert choose(settings, ["dialogue=companion"], ["stt", "tts"], tools=True).settings.tools == "tools.json"


def test_an_engine_that_nobody_named_may_lack_its_model_as_in_the_running_system(settings: Settings) -> None:
    engines = choose(structs.replace(settings, tts_engine="hibari"), [], ["stt", "dialogue"])
    assert engines.services == ("tts",)
    assert sorted(engines.incomplete) == ["tts"]  # Kokoro, for men
    assert engines.environment["VISAVIS_TTS_ENGINE"] == "hibari"


@pytest.mark.parametrize(
    ("wanted", "kept", "why"),
    [
        (["stt"], [], "SERVICE=ENGINE"),
        (["ears=whisper"], [], "one of stt, dialogue, tts, render"),
        (["stt=moonshine:tiny"], [], "moonshine takes no model"),
        (["stt=parrot"], [], "must be auto or one of whisper"),
        pytest.param(
            ["stt=whisper:small"], ["dialogue", "tts"], "visavis models fetch whisper-small silero-vad",
            marks=needs_whisper,
        ),
        pytest.param(
            ["stt=whisper:/nope"], ["dialogue", "tts"], "must be a folder, owner/name or one of", marks=needs_whisper
        ),
        (["dialogue=openai:gpt"], ["stt", "tts"], "VISAVIS_LLM_URL is not set"),
        (["stt=pocketsphinx", "stt=moonshine"], [], "names stt twice"),
        (["tts=flite"], ["tts"], "not both"),
        (["render=layered"], ["tts"], "--with render=… cannot go with --keep tts"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_told_in_one_line(settings: Settings, wanted: list[str], kept: list[Kept], why: str) -> None:
    with pytest.raises(VisavisError) as raised:
        choose(settings, wanted, kept)
    assert why in raised.value.detail
    assert "\n" not in raised.value.detail


@pytest.mark.parametrize(
    "arguments",
    [
        ["rerun"],
        ["rerun", "c1", "--since", "2h"],
        ["rerun", "c1", "--until", "2h"],
        ["rerun", "c 1"],
        ["rerun", "c1", "--fail-if", "wer"],
        ["rerun", "c1", "--parallel", "0"],
        ["truth", "c1", "--text", "words"],
        ["truth", "c1", "--text", "words", "--utterance", "u", "--edit", "file"],
    ],
)
def test_wrong_usage_is_told_before_anything_starts(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: visavis" in capsys.readouterr().err
