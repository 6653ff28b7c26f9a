"""Which model is served on this machine, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from bus.process.engines import choose_engine
from bus.settings import Settings
from services.dialogue.__main__ import ENGINES
from services.dialogue.local_model.files import is_used, model_file, name, url, why_unavailable
from services.models.catalogue import MIND


def here(name: str) -> object:
    return name


def absent(name: str) -> None:
    return None


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file that begins as a model does."""
    path = tmp_path / "my-model.gguf"
    path.write_bytes(b"GGUF and so on")
    return path


def test_without_a_model_it_is_said_where_it_is_expected_and_how_to_get_it(tmp_path: Path) -> None:
    settings = Settings(models=str(tmp_path))
    reason = why_unavailable(settings)
    assert reason == f"its model is not in {tmp_path / MIND.name} (`make mind` fetches it)"
    assert not is_used(settings)


def test_without_its_package_it_is_said_how_to_install_it(model: Path) -> None:
    settings = Settings(llm_file=str(model))
    assert why_unavailable(settings, find_module=here) is None
    assert why_unavailable(settings, find_module=absent) == "xllamacpp is not installed (`make mind` installs it)"


def test_a_file_in_the_settings_that_is_not_there_stops_the_dialogue_service(tmp_path: Path) -> None:
    settings = Settings(llm_file=str(tmp_path / "none.gguf"))
    with pytest.raises(ConfigurationError, match=r"VISAVIS_LLM_FILE: there is no file .*none\.gguf"):
        choose_engine(ENGINES, "auto", settings, setting="VISAVIS_DIALOGUE_ENGINE")
    assert not is_used(settings)


def test_an_endpoint_in_the_settings_is_preferred(model: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra mind is not installed")
    local, both = Settings(llm_file=str(model)), Settings(llm_file=str(model), llm_url="http://127.0.0.1:1/v1")
    chosen = [
        choose_engine(ENGINES, "auto", one, setting="VISAVIS_DIALOGUE_ENGINE").option.name for one in (local, both)
    ]
    assert chosen == ["local", "openai"]
    assert is_used(local)
    assert not is_used(both)
    assert is_used(Settings(llm_file=str(model), llm_url="http://127.0.0.1:1/v1", dialogue_engine="local"))
    assert not is_used(Settings(llm_file=str(model), dialogue_engine="companion"))


def test_the_file_in_the_settings_is_served_in_place_of_the_catalogues(model: Path) -> None:
    settings = Settings(llm_file=str(model), llm_port=9000)
    assert model_file(settings) == model
    assert (name(settings), url(settings)) == ("my-model", "http://127.0.0.1:9000/v1")
    assert name(Settings()) == "qwen2.5-coder-1.5b-instruct-q4_k_m"


def test_a_file_that_is_no_gguf_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ConfigurationError, match=r"expected a GGUF file, got .*weights\.bin"):
        model_file(Settings(llm_file=str(path)))
