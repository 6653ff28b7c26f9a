"""What XTTS v2 needs before it can be loaded: packages, files, and a word about its licence. Imports no torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from bus.settings import Settings
from services.tts.weights import Weights

WEIGHTS = Weights("coqui/XTTS-v2", "main", ("config.json", "vocab.json", "speakers_xtts.pth", "model.pth"))
LICENCE = (
    "XTTS v2 is under the Coqui Public Model License, which allows no commercial use of the model or of what it says "
    "(LICENSE.txt at https://huggingface.co/coqui/XTTS-v2); read it, and if you agree set VISAVIS_XTTS_LICENCE=accepted"
)


def folder_of(settings: Settings) -> Path:
    return Path(settings.xtts_model) if settings.xtts_model else settings.data_folder / "models" / "xtts-v2"


def missing(settings: Settings) -> str | None:
    """What is missing for it here, as one sentence. Asked for by name, it downloads its files."""
    for package in ("torch", "torchaudio", "TTS"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed (pip install 'visavis[xtts]')"
    if settings.xtts_licence != "accepted":
        return LICENCE
    if settings.tts_engine != "xtts" and WEIGHTS.missing(folder_of(settings)):
        return f"its files are not in {folder_of(settings)}; VISAVIS_TTS_ENGINE=xtts downloads them (1.9 GB)"
    if settings.tts_engine != "xtts" and not settings.tts_device and not _has_graphics_card():
        return "there is no graphics card that torch can use, and on a processor it is far too slow"
    return None


def _has_graphics_card() -> bool:
    import torch

    return bool(torch.cuda.is_available())
