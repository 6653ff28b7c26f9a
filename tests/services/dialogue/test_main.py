"""The choice of the chat engine."""

from __future__ import annotations

import pytest

from bus.errors import ConfigurationError
from bus.settings import Settings
from services.dialogue.__main__ import ENGINES, build
from services.dialogue.service import CONSUMES, failure_facts


def test_without_an_endpoint_the_companion_is_chosen() -> None:
    service = build(Settings())
    assert (service.name, service.engine, service.consumes, service.on_failure) == (
        "dialogue",
        "companion",
        CONSUMES,
        failure_facts,
    )


def test_with_an_endpoint_the_language_model_is_chosen() -> None:
    assert build(Settings(llm_url="http://127.0.0.1:11434/v1")).engine == "openai"


def test_the_companion_can_be_chosen_beside_an_endpoint() -> None:
    assert build(Settings(llm_url="http://127.0.0.1:11434/v1", dialogue_engine="companion")).engine == "companion"


def test_the_error_of_an_engine_without_its_endpoint_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_LLM_URL"):
        build(Settings(dialogue_engine="openai"))


def test_the_companion_is_the_last_choice() -> None:
    assert [engine.name for engine in ENGINES] == ["openai", "local", "companion"]
