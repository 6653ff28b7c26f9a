"""Makes torchaudio importable beside a CPU build of torch."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types


def make_importable() -> None:
    """Call before importing anything that imports torchaudio, as transformers does if it is installed.

    torchaudio's wheel is built for CUDA, and its compiled extension does not load beside a CPU build of torch. Visavis
    uses only parts that are written in Python.
    """
    if importlib.util.find_spec("torchaudio") is None:
        return
    try:
        importlib.import_module("torchaudio")
    except OSError:
        stub = types.ModuleType("torchaudio._extension")
        stub._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
        stub.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = stub
        importlib.import_module("torchaudio")
