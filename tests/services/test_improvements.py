"""What would be better than the engines in use, by what is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bus.settings import Settings
from services.improvements import Improvement, Machine, improvements, this_machine
from services.models.catalogue import CATALOGUE, KOKORO, MIND, MOONSHINE, SILERO

BARE = {"stt": "pocketsphinx", "dialogue": "companion", "tts": "espeak", "render": "layered"}
ALL_MODELS = frozenset(model.name for model in CATALOGUE)


def found(machine: Machine, **engines: str) -> list[Improvement]:
    return improvements(engines, machine)


def test_a_bare_installation_can_become_better_in_all_but_the_face_and_the_mind_comes_first() -> None:
    proposed = found(Machine(), **BARE)
    assert [one.service for one in proposed] == ["dialogue", "dialogue", "stt", "stt", "tts"]
    assert proposed[0].command == "make mind"
    assert proposed[0].cost.startswith("1.1 GB to download, 1.9 GB of memory")
    assert all(one.title and one.cost and one.command for one in proposed)


def test_nothing_is_proposed_where_the_best_is_in_use() -> None:
    machine = Machine(packages=frozenset({"faster_whisper", "xllamacpp"}), models=ALL_MODELS, has_gpu=True)
    assert found(machine, stt="moonshine", dialogue="openai", tts="hibari", render="liveportrait") == []
    assert found(machine, stt="whisper", dialogue="openai", tts="xtts", render="liveportrait") == []


def test_nothing_is_proposed_for_a_service_that_does_not_run_or_whose_engine_a_person_chose() -> None:
    assert found(Machine()) == []
    assert found(Machine(chosen=frozenset(BARE)), **BARE) == []


def test_a_language_model_that_is_installed_needs_only_a_new_start() -> None:
    machine = Machine(packages=frozenset({"xllamacpp"}), models=frozenset({MIND.name}))
    assert found(machine, dialogue="companion")[0].command == "make up"
    assert found(replace(machine, packages=frozenset()), dialogue="companion")[0].command == "make mind"
    assert [one.command for one in found(machine, dialogue="local")] == [
        "VISAVIS_LLM_URL=http://127.0.0.1:11434/v1 make up"
    ]


def test_speech_recognition_lacks_its_models_or_other_languages() -> None:
    english, others = found(Machine(), stt="moonshine")
    assert english.command == ".venv/bin/visavis models fetch moonshine-tiny-en silero-vad"
    assert english.cost == "45 MB to download"
    assert others.command == ".venv/bin/pip install -c constraints.txt -e '.[whisper]'"
    here = Machine(models=frozenset({MOONSHINE.name, SILERO.name}))
    assert found(here, stt="moonshine") == [others]
    assert found(replace(here, packages=frozenset({"faster_whisper"})), stt="moonshine") == []
    assert found(here, stt="pocketsphinx")[0].command == "make up"


def test_a_voice_lacks_its_model_or_its_packages() -> None:
    for engine in ("hibari", "kokoro"):
        (fetch,) = found(Machine(), tts=engine)
        assert fetch.command == ".venv/bin/visavis models fetch kokoro"
        assert found(Machine(models=frozenset({KOKORO.name})), tts=engine) == []
    (install,) = found(Machine(models=ALL_MODELS), tts="flite+espeak")
    assert "pip install" in install.command


def test_a_graphics_card_can_move_faces() -> None:
    (install,) = found(Machine(has_gpu=True), render="layered")
    assert install.command.endswith("&& .venv/bin/visavis models fetch liveportrait")
    (fetch,) = found(Machine(has_gpu=True), render="liveportrait")
    assert fetch.command == ".venv/bin/visavis models fetch liveportrait"


def test_the_machine_is_seen_by_files_and_settings(tmp_path: Path) -> None:
    empty = this_machine(Settings(models=str(tmp_path)))
    assert (empty.models, empty.chosen) == (frozenset(), frozenset())
    mine = Settings(models=str(tmp_path), kokoro_model="/mine", llm_file="/mine.gguf", tts_engine="kokoro")
    assert this_machine(mine).models == {"kokoro", "mind"}
    assert this_machine(mine).chosen == {"tts"}


def test_what_does_not_keep_up_is_not_proposed() -> None:
    slow = Machine(too_slow=frozenset({"moonshine", "hibari", "kokoro"}))
    assert found(slow, stt="pocketsphinx", tts="flite+espeak") == []
    assert found(slow, tts="hibari") == []


def test_in_a_container_commands_are_those_of_compose_and_run_outside_of_it() -> None:
    image = Machine(is_image=True)
    proposed = found(image, **BARE)
    proposed += found(replace(image, models=frozenset({MOONSHINE.name, SILERO.name})), stt="pocketsphinx")
    proposed += found(replace(image, has_gpu=True), render="layered", tts="kokoro")
    proposed += found(image, render="liveportrait", tts="espeak")
    assert {one.service for one in proposed} == {"dialogue", "stt", "tts", "render"}
    for one in proposed:
        assert "docker compose -f docker/docker-compose.dgx.yml " in one.command
        assert not any(word in one.command for word in ("make ", "pip ", ".venv", "127.0.0.1"))
    assert proposed[0].command == (
        "echo VISAVIS_LLM_URL=http://host.docker.internal:11434/v1 >> docker/.env && "
        "docker compose -f docker/docker-compose.dgx.yml up -d"
    )
    assert not this_machine(Settings()).is_image
