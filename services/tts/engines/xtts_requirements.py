"""The requirements of XTTS v2: packages, files, and acceptance of its licence. Imports no torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from bus.settings import Settings
from services.downloads import Model, ModelFile, missing_files

WEIGHTS = Model(
    "coqui/XTTS-v2",
    "6c2b0d75eae4b7047358e3b6bd9325f857d43f77",
    # Checksums that several independent projects on GitHub pin for this commit; the hub was not reachable.
    (
        ModelFile("config.json", sha256="ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
        ModelFile("vocab.json", sha256="928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"),
        ModelFile("speakers_xtts.pth", sha256="f0f6137c19a4eab0cbbe4c99b5babacf68b1746e50da90807708c10e645b943b"),
        ModelFile("model.pth", sha256="c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"),
    ),
)
LICENCE = (
    "XTTS v2 is under the Coqui Public Model License, which allows no commercial use of the model or of what it says "
    "(LICENSE.txt at https://huggingface.co/coqui/XTTS-v2); read it, and if you agree set VISAVIS_XTTS_LICENCE=accepted"
)


def model_folder(settings: Settings) -> Path:
    return Path(settings.xtts_model) if settings.xtts_model else settings.data_folder / "models" / "xtts-v2"


def why_unavailable(settings: Settings) -> str | None:
    """The unmet requirement, as one sentence. An engine configured by name may lack its files: it downloads them."""
    for package in ("torch", "torchaudio", "TTS"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed (pip install 'visavis[xtts]')"
    if settings.xtts_licence != "accepted":
        return LICENCE
    if settings.tts_engine != "xtts" and missing_files(WEIGHTS.files, model_folder(settings)):
        return f"its files are not in {model_folder(settings)}; VISAVIS_TTS_ENGINE=xtts downloads them (1.9 GB)"
    if settings.tts_engine != "xtts" and not settings.tts_device and not _has_gpu():
        return "there is no graphics card that torch can use, and on a processor it is far too slow"
    return None


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())
