"""Entry point of the STT service: selects an engine and runs the service."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from bus.process.engines import EngineOption, load_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services import gpu
from services.audio import Samples
from services.engine_speed import EngineSpeeds, version_of
from services.gpu_faults import GPU_USE, GpuFault
from services.models.catalogue import MOONSHINE, SILERO
from services.models.deferred import Deferred
from services.models.fetching import folder_of
from services.models.files import Model
from services.models.loading import (
    fetch_and_verify,
    is_here,
    load_now_or_later,
    load_or_defer,
    why_model_unavailable,
)
from services.readings import engine_note
from services.silero import SileroVad
from services.stt.deferred_engine import DeferredEngine
from services.stt.engine import Transcriber
from services.stt.gpu_engine import GpuEngine
from services.stt.language_router import LanguageRouter
from services.stt.named_engine import NamedEngine
from services.stt.service import service
from services.stt.speed import workload
from services.stt.whisper import weights


def _missing_packages(*packages: str, extra: str) -> str | None:
    missing = [package.replace("_", "-") for package in packages if importlib.util.find_spec(package) is None]
    return f"not installed: {', '.join(missing)} (pip install 'visavis[{extra}]')" if missing else None


def _has_nvidia_driver() -> bool:
    """Whether there is an NVIDIA driver (Linux, Jetson or WSL); without one no library need be loaded."""
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/nvgpu", "/dev/dxg"))


def _ctranslate2_has_gpu() -> bool:
    if not _has_nvidia_driver():
        return False
    from services.stt.whisper.ctranslate2_network import cuda_devices

    return cuda_devices() > 0


def _torch_has_gpu() -> bool:
    if not _has_nvidia_driver():
        return False
    import torch

    return bool(torch.cuda.is_available())


def _device(settings: Settings, has_gpu: Callable[[], bool]) -> str:
    return settings.stt_device if settings.stt_device != "auto" else "cuda" if has_gpu() else "cpu"


def _model(settings: Settings, device: str) -> str:
    if settings.stt_model or device != "cpu":
        return settings.stt_model or "small"
    # A machine without a network that has lost its card has the model for the card, which is slow, but hears.
    only_small = settings.model_downloads == "off" and not is_here(weights.CTRANSLATE2.sizes["base"], settings)
    return "small" if only_small and is_here(weights.CTRANSLATE2.sizes["small"], settings) else "base"


def _why_whisper_unavailable(settings: Settings) -> str | None:
    missing = _missing_packages("faster_whisper", "ctranslate2", extra="whisper")
    if missing:
        return missing
    device = _device(settings, _ctranslate2_has_gpu)
    return weights.why_unavailable(_model(settings, device), weights.CTRANSLATE2, settings)


def _is_english(settings: Settings) -> bool:
    return settings.language in ("", "en") or settings.language.startswith("en-")


def _why_whisper_not_preferred(settings: Settings) -> str | None:
    """Prefers Moonshine for English on a CPU."""
    on_cpu = settings.stt_device == "cpu" or not _has_nvidia_driver()
    if on_cpu and _is_english(settings) and not settings.stt_model:
        return "on a processor Moonshine hears English as well and answers sooner"
    return None


def _whisper_must_keep_up(settings: Settings) -> bool:
    """Whether a slow Whisper is passed over: not if it is asked for, nor for languages that no other engine hears."""
    return settings.stt_engine == "auto" and not settings.stt_model and _is_english(settings)


def _why_whisper_too_slow(engine: str, format: weights.WeightFormat, settings: Settings) -> str | None:
    """That Whisper was timed here and does not keep up."""
    speeds = EngineSpeeds.of(settings)
    if not _whisper_must_keep_up(settings) or not speeds.path(engine).exists():
        return None
    device = _device(settings, _ctranslate2_has_gpu if engine == "whisper" else _torch_has_gpu)
    return speeds.why_too_slow(engine, _timed_whisper(format, device, settings))


def _timed_whisper(format: weights.WeightFormat, device: str, settings: Settings) -> str:
    return f"{version_of(format.sizes[_model(settings, device)])} on {device}"


def _check_whisper_speed(
    whisper: Transcriber, engine: str, format: weights.WeightFormat, device: str, settings: Settings
) -> None:
    """Raises EngineError if Whisper must keep up and does not."""
    if _whisper_must_keep_up(settings):
        timed = _timed_whisper(format, device, settings)
        on_processor = device == "cpu"
        EngineSpeeds.of(settings).check("stt", engine, timed, workload(whisper), on_processor=on_processor)


def _why_ctranslate2_not_preferred(settings: Settings) -> str | None:
    """Prefers Moonshine for English on a CPU, and torch where only torch supports the GPU.

    CTranslate2's ARM64 builds have no CUDA.
    """
    if settings.stt_device == "cuda" and not _ctranslate2_has_gpu():
        return _NO_CARD["whisper"]
    too_slow = _why_whisper_too_slow("whisper", weights.CTRANSLATE2, settings)
    if reason := _why_whisper_not_preferred(settings) or too_slow:
        return reason
    if settings.stt_device == "cpu" or not _has_nvidia_driver() or _ctranslate2_has_gpu():
        return None
    if _missing_packages("torch", "transformers", extra="whisper-torch") or not _torch_has_gpu():
        return None
    return "its CTranslate2 has no build for the graphics card here, torch has"


_NO_CARD = {
    "whisper": "CTranslate2 sees no graphics card that it has a build for (VISAVIS_STT_DEVICE=cuda)",
    "whisper-torch": "torch sees no graphics card (VISAVIS_STT_DEVICE=cuda)",
}
"""Why Whisper cannot run where the settings say."""


def _load_whisper(settings: Settings, english: Transcriber | None = None) -> Transcriber:
    """Whisper, fetched in the background if it is missing.

    Args:
        english: serves meanwhile; None: the best that is here.
    """
    device = _device(settings, _ctranslate2_has_gpu)
    model = _model(settings, device)

    def load() -> Transcriber:
        from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
        from services.stt.whisper.engine import WhisperEngine

        folder = weights.fetch(model, weights.CTRANSLATE2, settings)
        network = CTranslate2Whisper(folder, device, threads=os.cpu_count() or 1)
        whisper = WhisperEngine(network, make_vad(settings))
        whisper.warm_up()
        if device == "cuda":
            gpu.warn_of_memory(settings.stt_gpu_bytes, "VISAVIS_STT_GPU_BYTES")
        if english is None:
            _check_whisper_speed(whisper, "whisper", weights.CTRANSLATE2, device, settings)
        return NamedEngine(whisper, "whisper")

    if device == "cuda":
        no_card = None if _ctranslate2_has_gpu() else _NO_CARD["whisper"]
        return _on_card(model, weights.CTRANSLATE2, settings, load, no_card, english)
    return _load_or_defer_whisper(model, weights.CTRANSLATE2, settings, load, english)


def _on_card(
    model: str,
    format: weights.WeightFormat,
    settings: Settings,
    load: Callable[[], Transcriber],
    no_card: str | None,
    english: Transcriber | None = None,
) -> Transcriber:
    """Whisper on the graphics card, and the engines of the processor while that cannot be used.

    Args:
        load: loads it, after its files are fetched.
        no_card: why there is no card, in one sentence; None: there is one.
        english: see `_load_whisper`.
    """
    name = ""
    if english is None:
        english, name = _english_without_download(settings)
    fallback: Transcriber = english
    if not _missing_packages("faster_whisper", "ctranslate2", extra="whisper"):
        fallback = LanguageRouter(english, lambda: _whisper_on_processor(format, settings, english))
    deferred: Deferred[Transcriber]
    whisper = f"Whisper {model}"

    def watched_load() -> Transcriber:
        with GPU_USE.watched(f"load {whisper}"):
            loaded = load()
        GPU_USE.worked()
        return loaded

    if no_card:
        GPU_USE.record(GpuFault(no_card, cause="absent"))
        deferred = Deferred(None, fallback, whisper, fallback_name=name)
    elif _can_load_now(model, format, settings):
        deferred = load_now_or_later(watched_load, lambda: fallback, whisper, fallback_name=name)
    else:
        deferred = Deferred(watched_load, fallback, whisper, fallback_name=name)
    return GpuEngine(deferred, fallback, name)


def _whisper_on_processor(format: weights.WeightFormat, settings: Settings, english: Transcriber) -> Transcriber:
    """Whisper in the size for processors, or, where that cannot be had, in the one that is on the graphics card."""
    here = settings.model_downloads == "on" or weights.find_local("base", weights.CTRANSLATE2, settings) is not None
    # By name: it is not timed, since no other engine hears these languages.
    if here or format is weights.CTRANSLATE2:
        size = "base" if here else _model(settings, "cuda")
        return _load_whisper(replace(settings, stt_engine="whisper", stt_device="cpu", stt_model=size), english)
    size = _model(settings, "cuda")
    return _load_whisper_torch(replace(settings, stt_engine="whisper-torch", stt_device="cpu", stt_model=size))


def _can_load_now(model: str, format: weights.WeightFormat, settings: Settings) -> bool:
    """Whether nothing has to be fetched first, or may be."""
    here = is_here(SILERO, settings) and weights.find_local(model, format, settings) is not None
    return here or settings.model_downloads == "off"


def _english_without_download(settings: Settings) -> tuple[Transcriber, str]:
    """The best engine for English that needs no download and no graphics card, and its name."""
    if is_here(SILERO, settings) and is_here(MOONSHINE, settings) and not _missing_packages("onnxruntime", extra=""):
        return NamedEngine(_moonshine(folder_of(MOONSHINE, settings), settings), "moonshine"), "moonshine"
    return NamedEngine(_load_pocketsphinx(settings), "pocketsphinx"), "pocketsphinx"


def _load_or_defer_whisper(
    model: str,
    format: weights.WeightFormat,
    settings: Settings,
    load: Callable[[], Transcriber],
    english: Transcriber | None = None,
) -> Transcriber:
    """Whisper if its files are here; else an engine for English, until they are fetched in the background."""
    if _can_load_now(model, format, settings):
        return load()
    fallback, name = (english, "") if english is not None else _english_without_download(settings)
    return DeferredEngine(Deferred(load, fallback, f"Whisper {model}", fallback_name=name))


def _why_whisper_torch_unavailable(settings: Settings) -> str | None:
    # faster-whisper supplies the spectrogram, the tokenizer and the voice activity detector.
    missing = _missing_packages("torch", "transformers", "faster_whisper", extra="whisper-torch")
    if missing:
        return missing
    device = _device(settings, _torch_has_gpu)
    return weights.why_unavailable(_model(settings, device), weights.TRANSFORMERS, settings)


def _why_torch_not_preferred(settings: Settings) -> str | None:
    if settings.stt_device == "cuda" and not _torch_has_gpu():
        return _NO_CARD["whisper-torch"]
    too_slow = _why_whisper_too_slow("whisper-torch", weights.TRANSFORMERS, settings)
    return _why_whisper_not_preferred(settings) or too_slow


def _load_whisper_torch(settings: Settings) -> Transcriber:
    device = _device(settings, _torch_has_gpu)
    model = _model(settings, device)

    def load() -> Transcriber:
        from services.stt.whisper.engine import WhisperEngine
        from services.stt.whisper.torch_network import TorchWhisper

        folder = weights.fetch(model, weights.TRANSFORMERS, settings)
        gpu.limit_memory(device, settings.stt_gpu_bytes)
        whisper = WhisperEngine(TorchWhisper(folder, device), make_vad(settings))
        whisper.warm_up()
        _check_whisper_speed(whisper, "whisper-torch", weights.TRANSFORMERS, device, settings)
        return NamedEngine(whisper, "whisper-torch")

    if device == "cuda":
        no_card = None if _torch_has_gpu() else _NO_CARD["whisper-torch"]
        return _on_card(model, weights.TRANSFORMERS, settings, load, no_card)
    return _load_or_defer_whisper(model, weights.TRANSFORMERS, settings, load)


def _why_moonshine_unavailable(settings: Settings) -> str | None:
    missing = _missing_packages("onnxruntime", extra="") or _why_pocketsphinx_unavailable(settings)
    reasons = (why_model_unavailable(model, settings) for model in (MOONSHINE, SILERO))
    return missing or next(filter(None, reasons), None)


def _load_moonshine(settings: Settings) -> Transcriber:
    """Moonshine for English, Whisper for other languages where it is installed."""

    def load(folder: Path) -> Transcriber:
        moonshine = _moonshine(folder, settings)
        if settings.stt_engine == "auto":
            EngineSpeeds.of(settings).check("stt", "moonshine", version_of(MOONSHINE), workload(moonshine))
        return NamedEngine(moonshine, "moonshine")

    def pocketsphinx() -> Transcriber:
        return NamedEngine(_load_pocketsphinx(settings), "pocketsphinx")

    english = DeferredEngine(load_or_defer(MOONSHINE, settings, load, pocketsphinx, fallback_name="pocketsphinx"))
    if _missing_packages("faster_whisper", "ctranslate2", extra="whisper"):
        return english
    return LanguageRouter(english, lambda: _load_whisper(settings, english))


def _why_moonshine_not_preferred(settings: Settings) -> str | None:
    return EngineSpeeds.of(settings).why_too_slow("moonshine", version_of(MOONSHINE))


def _moonshine(folder: Path, settings: Settings) -> Transcriber:
    from services.stt.moonshine.engine import load

    # Two threads are hardly faster than one, and the voice and the face need the other core.
    return load(folder, make_vad(settings), threads=1)


def make_vad(settings: Settings) -> Callable[[], Callable[[Samples], float]]:
    """Makes the voice activity detector of an utterance; fetches its network first if it is missing."""
    network = fetch_and_verify(SILERO, settings) / SILERO.files[0].path
    return lambda: SileroVad(network).probability


def _why_pocketsphinx_unavailable(settings: Settings) -> str | None:
    return _missing_packages("pocketsphinx", extra="")


def _load_pocketsphinx(settings: Settings) -> Transcriber:
    from services.stt.pocketsphinx_engine import PocketsphinxEngine

    return PocketsphinxEngine(preloaded=2)


ENGINES: tuple[EngineOption[Transcriber], ...] = (
    EngineOption("whisper", _why_whisper_unavailable, _load_whisper, _why_ctranslate2_not_preferred),
    EngineOption("whisper-torch", _why_whisper_torch_unavailable, _load_whisper_torch, _why_torch_not_preferred),
    EngineOption("moonshine", _why_moonshine_unavailable, _load_moonshine, _why_moonshine_not_preferred),
    EngineOption("pocketsphinx", _why_pocketsphinx_unavailable, _load_pocketsphinx),
)


def models_of(engine: str, settings: Settings) -> tuple[Model, ...]:
    """The models of the catalogue that an engine loads, none of a folder or repository that the user names."""
    sizes = {"whisper": weights.CTRANSLATE2, "whisper-torch": weights.TRANSFORMERS}
    if engine in sizes:
        has_gpu = _ctranslate2_has_gpu if engine == "whisper" else _torch_has_gpu
        row = sizes[engine].sizes.get(_model(settings, _device(settings, has_gpu)))
        return (row, SILERO) if row else (SILERO,)
    if engine != "moonshine":
        return ()
    others = () if _missing_packages("faster_whisper", "ctranslate2", extra="") else models_of("whisper", settings)
    return tuple(dict.fromkeys((MOONSHINE, SILERO, *others)))


def build(settings: Settings, engines: tuple[EngineOption[Transcriber], ...] = ENGINES) -> Service:
    """The service with the configured engine; `auto` skips an engine that does not load or keep up."""
    choice, engine = load_engine(engines, settings.stt_engine, settings, setting="VISAVIS_STT_ENGINE")
    speeds = EngineSpeeds.of(settings)
    english = engine.english if isinstance(engine, LanguageRouter) else engine
    if settings.stt_device == "cuda" and not choice.option.name.startswith("whisper"):
        # A card was asked for, and `auto` found none: that is worth a remark.
        GPU_USE.record(GpuFault("no recogniser can use one here (VISAVIS_STT_DEVICE=cuda)", cause="absent"))
    return dataclasses.replace(
        service(engine, choice.option.name),
        serving=lambda: english.serving if isinstance(english, DeferredEngine | GpuEngine) else "",
        note=lambda: engine_note(speeds.note("stt")),
    )


if __name__ == "__main__":
    sys.exit(run_service_process(build))
