"""The STT service: chooses its engine and runs."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bus.errors import ConfigurationError, EngineError
from bus.process.engines import EngineOption, choose_engine
from bus.settings import Settings
from bus.work.runner import run_service_process
from bus.work.service import Service
from services.stt.engine import Transcriber
from services.stt.service import service
from services.stt.whisper import weights as weights

log = logging.getLogger(__name__)


def _uninstalled(*packages: str, extra: str) -> str | None:
    absent = [package.replace("_", "-") for package in packages if importlib.util.find_spec(package) is None]
    return f"not installed: {', '.join(absent)} (pip install 'visavis[{extra}]')" if absent else None


def _nvidia() -> bool:
    """Whether there is a driver: on a desk or in a rack, in a Jetson, under Windows. Else no library need be asked."""
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/nvgpu", "/dev/dxg"))


def _ctranslate2_sees_card() -> bool:
    if not _nvidia():
        return False
    from services.stt.whisper.ctranslate2_network import cuda_devices

    return cuda_devices() > 0


def _torch_sees_card() -> bool:
    if not _nvidia():
        return False
    import torch

    return bool(torch.cuda.is_available())


def _device(settings: Settings, sees_card: Callable[[], bool]) -> str:
    return settings.stt_device if settings.stt_device != "auto" else "cuda" if sees_card() else "cpu"


def _model(settings: Settings, device: str) -> str:
    return settings.stt_model or ("base" if device == "cpu" else "small")


def _whisper_missing(settings: Settings) -> str | None:
    lack = _uninstalled("faster_whisper", "ctranslate2", extra="whisper")
    if lack:
        return lack
    device = _device(settings, _ctranslate2_sees_card)
    if device == "cuda" and not _ctranslate2_sees_card():
        return "CTranslate2 sees no graphics card that it has a build for (VISAVIS_STT_DEVICE=cuda)"
    return weights.missing(_model(settings, device), weights.CTRANSLATE2)


def _whisper_passed_over(settings: Settings) -> str | None:
    """CTranslate2's builds for ARM64 know no graphics card; torch does."""
    if settings.stt_device == "cpu" or not _nvidia() or _ctranslate2_sees_card():
        return None
    if _uninstalled("torch", "transformers", extra="whisper-torch") or not _torch_sees_card():
        return None
    return "its CTranslate2 has no build for the graphics card here, torch has"


def _whisper(settings: Settings) -> Transcriber:
    from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
    from services.stt.whisper.engine import Whisper

    device = _device(settings, _ctranslate2_sees_card)
    folder = weights.fetch(_model(settings, device), weights.CTRANSLATE2)
    whisper = Whisper(CTranslate2Whisper(folder, device, threads=os.cpu_count() or 1))
    whisper.warm_up()
    return whisper


def _whisper_torch_missing(settings: Settings) -> str | None:
    # faster-whisper has the spectrogram, the vocabulary's rules and the speech detector.
    lack = _uninstalled("torch", "transformers", "faster_whisper", extra="whisper-torch")
    if lack:
        return lack
    device = _device(settings, _torch_sees_card)
    if device == "cuda" and not _torch_sees_card():
        return "torch sees no graphics card (VISAVIS_STT_DEVICE=cuda)"
    return weights.missing(_model(settings, device), weights.TRANSFORMERS)


def _whisper_torch(settings: Settings) -> Transcriber:
    from services.stt.whisper.engine import Whisper
    from services.stt.whisper.torch_network import TorchWhisper

    device = _device(settings, _torch_sees_card)
    folder = weights.fetch(_model(settings, device), weights.TRANSFORMERS)
    whisper = Whisper(TorchWhisper(folder, device))
    whisper.warm_up()
    return whisper


def _pocketsphinx_missing(settings: Settings) -> str | None:
    return _uninstalled("pocketsphinx", extra="")


def _pocketsphinx(settings: Settings) -> Transcriber:
    from services.stt.pocketsphinx_engine import Pocketsphinx

    return Pocketsphinx(prepared=2)


ENGINES: tuple[EngineOption[Transcriber], ...] = (
    EngineOption("whisper", _whisper_missing, _whisper, _whisper_passed_over),
    EngineOption("whisper-torch", _whisper_torch_missing, _whisper_torch),
    EngineOption("pocketsphinx", _pocketsphinx_missing, _pocketsphinx),
)


def build(settings: Settings, engines: tuple[EngineOption[Transcriber], ...] = ENGINES) -> Service:
    """The service with the engine that the settings ask for; with `auto`, one that does not load is passed over."""
    choice = choose_engine(engines, settings.stt_engine, settings, setting="VISAVIS_STT_ENGINE")
    log.info("engine chosen", extra={"engine": choice.option.name, "why": choice.reason})
    try:
        return service(choice.option.load(settings), choice.option.name)
    except EngineError as error:
        rest = tuple(engine for engine in engines if engine is not choice.option)
        if settings.stt_engine != "auto" or not rest:
            raise ConfigurationError(f"{choice.option.name} cannot be used: {error.detail}") from error
        log.warning("engine cannot be used", extra={"engine": choice.option.name, "why": error.detail})
        return build(settings, rest)


if __name__ == "__main__":
    sys.exit(run_service_process(build))
