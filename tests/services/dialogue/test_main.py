"""Which engine answers, and why."""

from __future__ import annotations

import pytest

from bus.errors import ConfigurationError
from bus.settings import Settings
from services.dialogue.__main__ import ENGINES, build
from services.dialogue.service import TAKES, failed


def test_without_an_endpoint_the_companion_answers() -> None:
    service = build(Settings())
    assert (service.name, service.engine, service.consumes, service.on_failure) == (
        "dialogue",
        "companion",
        TAKES,
        failed,
    )


def test_with_an_endpoint_the_language_model_answers() -> None:
    assert build(Settings(llm_url="http://127.0.0.1:11434/v1")).engine == "openai"


def test_the_companion_can_be_wished_for_beside_an_endpoint() -> None:
    assert build(Settings(llm_url="http://127.0.0.1:11434/v1", dialogue_engine="companion")).engine == "companion"


def test_an_engine_that_lacks_its_endpoint_says_which_setting() -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_LLM_URL"):
        build(Settings(dialogue_engine="openai"))


def test_the_offline_engine_is_the_last_resort() -> None:
    assert [engine.name for engine in ENGINES] == ["openai", "companion"]
