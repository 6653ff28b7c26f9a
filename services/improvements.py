"""What would be better than the engines in use on this machine, and what it costs.

`improvements` is pure; `this_machine` looks at the installation.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bus.settings import PREFIX, Settings
from services.engine_speed import EngineSpeeds
from services.models.catalogue import CATALOGUE, KOKORO, LIVEPORTRAIT, MIND, MOONSHINE, SILERO
from services.models.files import Model
from services.models.loading import is_here
from services.models.whisper import CTRANSLATE2

OPTIONAL_PACKAGES = ("faster_whisper", "xllamacpp")
"""Packages of the extras that an improvement depends on."""
_NVIDIA_DRIVER = ("/dev/nvidiactl", "/dev/dxg")
_CHECKOUT = Path(__file__).parents[1] / "pyproject.toml"
"""What `make` and `pip` need; images have the packages alone."""
_COMPOSE = "docker compose -f docker/docker-compose.dgx.yml"


@dataclass(frozen=True)
class Machine:
    """What is installed beside the engines in use."""

    packages: frozenset[str] = frozenset()
    """Those of `OPTIONAL_PACKAGES` that are installed."""
    models: frozenset[str] = frozenset()
    """Names of the catalogue's models whose files are here."""
    has_gpu: bool = False
    """Whether there is an NVIDIA driver."""
    too_slow: frozenset[str] = frozenset()
    """Engines that were timed here and do not keep up with speech."""
    chosen: frozenset[str] = frozenset()
    """Services whose engine the settings name: for those nothing is proposed."""
    is_image: bool = False
    """Whether this is a container's image, so that commands are those for Docker Compose, outside of it."""

    @property
    def start(self) -> str:
        """The command that starts Visavis anew."""
        return f"{_COMPOSE} up -d" if self.is_image else "make up"

    def fetch(self, *names: str) -> str:
        """The command that fetches models."""
        visavis = f"{_COMPOSE} run --rm visavis" if self.is_image else ".venv/bin/visavis"
        return f"{visavis} models fetch {' '.join(names)}"

    def start_with(self, setting: str, value: str) -> str:
        """The command that starts Visavis with a setting."""
        kept = f"echo {setting}={value} >> docker/.env && {self.start}"
        return kept if self.is_image else f"{setting}={value} {self.start}"


@dataclass(frozen=True)
class Improvement:
    """One change that would make a service better."""

    service: str
    title: str
    """What becomes better, one sentence."""
    cost: str
    """What it takes: download, memory, time, privacy."""
    command: str
    """For a shell in Visavis' folder, which is outside of containers."""


def this_machine(settings: Settings) -> Machine:
    """What is installed here. Reads folders, for some milliseconds."""
    engines = {
        "stt": settings.stt_engine,
        "dialogue": settings.dialogue_engine,
        "tts": settings.tts_engine,
        "render": settings.render_engine,
    }
    # Files that the settings name take the place of the catalogue's.
    own = {model.name for model, path in ((KOKORO, settings.kokoro_model), (MIND, settings.llm_file)) if path}
    return Machine(
        packages=frozenset(name for name in OPTIONAL_PACKAGES if importlib.util.find_spec(name) is not None),
        models=frozenset(model.name for model in CATALOGUE if is_here(model, settings)) | own,
        has_gpu=any(Path(device).exists() for device in _NVIDIA_DRIVER),
        too_slow=frozenset(one.engine for one in EngineSpeeds.of(settings).all() if not one.keeps_up),
        chosen=frozenset(service for service, engine in engines.items() if engine != "auto"),
        is_image=not _CHECKOUT.exists(),
    )


def improvements(engines: Mapping[str, str], machine: Machine) -> list[Improvement]:
    """What would be better, the most noticeable first.

    Args:
        engines: the engine of each service that runs, by service.
    """
    finders = {"dialogue": _dialogue, "stt": _stt, "tts": _tts, "render": _render}
    return [
        improvement
        for service, find in finders.items()
        if service in engines and service not in machine.chosen
        for improvement in find(engines[service], machine)
    ]


def _dialogue(engine: str, machine: Machine) -> Iterator[Improvement]:
    if engine == "companion" and MIND.name in machine.models and "xllamacpp" in machine.packages:
        title = "A language model is installed, and answers from the next start on."
        yield Improvement("dialogue", title, "1.9 GB of memory", machine.start)
    elif engine == "companion" and not machine.is_image:
        yield Improvement(
            "dialogue",
            "A language model makes the conversation real. This one runs on this machine; it is small, and errs.",
            f"{size(MIND)} to download, 1.9 GB of memory; its answers begin after a second or two",
            "make mind",
        )
    if engine in ("companion", "local"):
        host = "host.docker.internal" if machine.is_image else "127.0.0.1"
        yield Improvement(
            "dialogue",
            "A larger language model answers better: any endpoint of the OpenAI protocol, such as Ollama's.",
            "what the endpoint takes; what people say is sent to it",
            machine.start_with(f"{PREFIX}LLM_URL", f"http://{host}:11434/v1"),
        )


def _stt(engine: str, machine: Machine) -> Iterator[Improvement]:
    lacks_moonshine = engine == "pocketsphinx" or (engine == "moonshine" and MOONSHINE.name not in machine.models)
    if lacks_moonshine and "moonshine" not in machine.too_slow:
        missing = [model for model in (MOONSHINE, SILERO) if model.name not in machine.models]
        yield Improvement(
            "stt",
            "Moonshine understands English much better than PocketSphinx.",
            f"{size(*missing)} to download" if missing else "nothing",
            machine.fetch(*(model.name for model in missing)) if missing else machine.start,
        )
    # Whisper takes ten times as long as Moonshine.
    wants_whisper = engine in ("pocketsphinx", "moonshine") and "faster_whisper" not in machine.packages
    if wants_whisper and "moonshine" not in machine.too_slow:
        cost = f"440 MB of packages, and a model of {size(CTRANSLATE2['base'])} at the first use"
        title = "Whisper understands other languages than English."
        image = "docker build -t visavis-whisper -f docker/whisper/Dockerfile ."
        command = f"{image} && {machine.start_with('STT_IMAGE', 'visavis-whisper')}"
        yield Improvement("stt", title, cost, command if machine.is_image else _install("whisper"))


def _tts(engine: str, machine: Machine) -> Iterator[Improvement]:
    titles = {
        "hibari": "Kokoro speaks more naturally, for men and in other languages than English.",
        "kokoro": "Kokoro speaks more naturally than the engine that speaks until its model is here.",
    }
    if engine in ("pico", "flite", "espeak", "flite+espeak") and "hibari" not in machine.too_slow:
        title = "hibari and Kokoro speak more naturally. Every installation has them; this one lacks a part."
        command = f"{machine.start} --build" if machine.is_image else _install()
        yield Improvement("tts", title, f"{size(KOKORO)} to download", command)
    elif engine in titles and KOKORO.name not in machine.models and "kokoro" not in machine.too_slow:
        command = machine.fetch(KOKORO.name)
        yield Improvement("tts", titles[engine], f"{size(KOKORO)} to download", command)


def _render(engine: str, machine: Machine) -> Iterator[Improvement]:
    if engine == "layered" and machine.has_gpu:
        command = f"{_install('liveportrait')} && {machine.fetch(LIVEPORTRAIT.name)}"
        if machine.is_image:
            command = f"{machine.fetch(LIVEPORTRAIT.name)} && {machine.start_with('COMPOSE_PROFILES', 'gpu')} --build"
        yield Improvement(
            "render",
            "The graphics card can move faces from photos by networks.",
            f"some gigabytes of packages, and a model of {size(LIVEPORTRAIT)}",
            command,
        )
    elif engine == "liveportrait" and LIVEPORTRAIT.name not in machine.models:
        title = "LivePortrait moves faces from photos; until its model is here, they are warped."
        yield Improvement("render", title, f"{size(LIVEPORTRAIT)} to download", machine.fetch(LIVEPORTRAIT.name))


def _install(extra: str = "") -> str:
    what = f"'.[{extra}]'" if extra else "."
    return f".venv/bin/pip install -c constraints.txt -e {what}"


def size(*models: Model) -> str:
    """The size of models of known sizes, for people."""
    count = sum(model.bytes for model in models)
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
