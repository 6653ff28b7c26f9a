"""torchaudio beside a torch for the processor."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types


def make_importable() -> None:
    """To be called before anything that imports torchaudio, as transformers does wherever it is installed.

    Its wheel is built for CUDA, and beside a torch for the processor its compiled part does not load. All that we use
    of it is written in Python.
    """
    if importlib.util.find_spec("torchaudio") is None:
        return
    try:
        importlib.import_module("torchaudio")
    except OSError:
        without = types.ModuleType("torchaudio._extension")
        without._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
        without.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = without
        importlib.import_module("torchaudio")
