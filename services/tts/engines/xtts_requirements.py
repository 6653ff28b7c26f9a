"""The requirements of XTTS v2: packages, files, and acceptance of its licence. Imports no torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from bus.settings import Settings
from services.models.catalogue import XTTS
from services.models.fetching import folder_of
from services.models.loading import request_consent, why_not_allowed
from services.models.verification import missing_files

LICENCE = request_consent(XTTS)


def model_folder(settings: Settings) -> Path:
    return Path(settings.xtts_model) if settings.xtts_model else folder_of(XTTS, settings)


def why_unavailable(settings: Settings) -> str | None:
    """The unmet requirement, as one sentence. An engine configured by name may lack its files: it downloads them."""
    for package in ("torch", "torchaudio", "TTS"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed (pip install 'visavis[xtts]')"
    if reason := why_not_allowed(XTTS, settings):
        return reason
    if missing_files(XTTS.files, model_folder(settings)):
        if settings.model_downloads == "off":
            return f"its files are not in {model_folder(settings)}, and VISAVIS_MODEL_DOWNLOADS is off"
        if settings.tts_engine != "xtts":
            return (
                f"its files are not in {model_folder(settings)}; VISAVIS_TTS_ENGINE=xtts downloads them (1.9 GB), and "
                f"so does `visavis models fetch {XTTS.name}`"
            )
    return None if settings.tts_engine == "xtts" else why_no_card(settings)


def why_no_card(settings: Settings) -> str | None:
    """That there is no graphics card, as one sentence, unless the settings name another device."""
    if settings.tts_device or importlib.util.find_spec("torch") is None:
        return None
    import torch  # a second, so only where all else is there

    if torch.cuda.is_available():
        return None
    return "there is no graphics card that torch can use, and on a processor it is far too slow"
