"""What `bench.gpu` checks of a card itself: versions, NVENC, and LivePortrait's numbers against the golden ones.

`python -m bench.gpu_checks card` and `python -m bench.gpu_checks golden` print Markdown rows, on the processor too.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator

import av
import numpy as np

from bench.machine import table
from services.gpu import gpus
from services.render.encoder import best_codec

PACKAGES = ("torch", "ctranslate2", "coqui-tts", "faster-whisper", "nvidia-ml-py", "av")
_FILES = {
    "appearance_feature_extractor": "F", "motion_extractor": "M", "warping_module": "W", "spade_generator": "G",
    "stitching": "S", "lip": "S", "eye": "S",
}  # fmt: skip
"""The golden file of each network."""
_FOR_EACH_FRAME = ("warping_module", "spade_generator")


def nvenc() -> str:
    """Whether the card's own encoder does what the service asks of it, in a few words."""
    try:
        if best_codec() == "h264_nvenc":
            return "available"
        av.CodecContext.create("h264_nvenc", "w").open()
    except (av.FFmpegError, ValueError) as error:
        return f"not available: {error}"
    return "not available: it opens, and does not encode as it is asked to"


def card() -> Iterator[list[str]]:
    """What there is, row by row."""
    for gpu in gpus():
        yield [f"GPU {gpu.index}", str(gpu)]
    for name in PACKAGES:
        try:
            yield [name, importlib.metadata.version(name)]
        except importlib.metadata.PackageNotFoundError:
            yield [name, "not installed"]
    try:
        import torch

        found = "no"
        if torch.cuda.is_available():
            free = torch.cuda.mem_get_info()[0] / (1 << 30)
            found = f"yes, compute capability {torch.cuda.get_device_capability()}, {free:.1f} GiB free"
        yield ["torch uses a GPU", found]
    except ImportError:
        yield ["torch uses a GPU", "no torch"]
    try:
        import ctranslate2

        yield ["CTranslate2 uses a GPU", "yes" if ctranslate2.get_cuda_device_count() else "no"]
    except ImportError:
        yield ["CTranslate2 uses a GPU", "no CTranslate2"]
    yield ["NVENC through PyAV", nvenc()]


def golden(names: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """How far each network of LivePortrait is from the golden numbers, on the card where there is one: in float32, and
    those that run for every frame also in the shorter formats.

    Args:
        names: of the networks; all of them where none is named.
    """
    import torch

    from tests.golden import recipe
    from tests.services.render.liveportrait.golden import HALF_LIMITS, TIMES, output

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    for name in names or _FILES:
        expected = recipe.read(_FILES[name])
        formats = [torch.float32, *HALF_LIMITS] if name in _FOR_EACH_FRAME else [torch.float32]
        if device.type == "cpu" and torch.float16 in formats:
            formats.remove(torch.float16)  # takes a processor a quarter of an hour
        for dtype in formats:
            key, value = output(name, device, dtype)
            flat = value.double().cpu().numpy().ravel()
            wanted = expected.get(f"{key}|val", expected.get(f"{key}|full"))
            assert wanted is not None
            apart = np.abs((flat[expected[f"{key}|idx"]] if f"{key}|idx" in expected else flat) - wanted.ravel())
            if dtype is torch.float32:
                off, limit = float(apart.max()), TIMES * float(expected[f"{key}|maxerr"][0])
            else:
                off, limit = float(apart.mean()), HALF_LIMITS[dtype][name]
            short = str(dtype).removeprefix("torch.") + (", at most" if dtype is torch.float32 else ", on average")
            yield [name, short, f"{off:.2g}", f"{limit:.2g}", "as golden" if off <= limit else "**off**"]


def main() -> int:
    what, *names = sys.argv[1:] or ["card"]
    if what == "card":
        print(table(["what", "found"], card()))
        return 0
    rows = list(golden(tuple(names)))
    print(table(["network", "format", "off by", "allowed", ""], rows))
    return int(any(row[-1] != "as golden" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
