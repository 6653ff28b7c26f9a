"""What `bench.gpu` checks of a card itself: versions, NVENC, and LivePortrait's numbers against the golden ones.

`python -m bench.gpu_checks card` and `python -m bench.gpu_checks golden` print Markdown rows, on the processor too.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from bench.machine import table
from services.gpu import gpus

PACKAGES = ("torch", "ctranslate2", "coqui-tts", "faster-whisper", "nvidia-ml-py", "av")
_SIDE = 256


def nvenc() -> str:
    """Whether the card's own encoder can be used from here, in a few words."""
    try:
        encoder = av.CodecContext.create("h264_nvenc", "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width = encoder.height = _SIDE
        encoder.pix_fmt = "yuv420p"
        encoder.framerate, encoder.bit_rate = 25, 1_000_000  # type: ignore[assignment]
        frame = av.VideoFrame.from_ndarray(np.full((_SIDE * 3 // 2, _SIDE), 128, np.uint8), format="yuv420p")
        count = len(encoder.encode(frame)) + len(encoder.encode(None))
    except (av.FFmpegError, ValueError) as error:
        return f"not available: {error}"
    return "available" if count else "opens, and encodes nothing"


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
    """How far each network of LivePortrait in float32 is from the golden numbers, on the card where there is one.

    Args:
        names: of the networks; all of them where none is named.
    """
    import torch

    from tests.golden import recipe
    from tests.services.render.liveportrait.golden import TIMES, inputs, network, portrait

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

    def outputs(name: str) -> dict[str, torch.Tensor]:
        made = network(name).to(device)
        if name == "appearance_feature_extractor":
            return {"out": made(portrait(recipe.read("F")).to(device))}
        if name == "motion_extractor":
            return {"head.kp": made(portrait(recipe.read("M")).to(device)).canonical_keypoints.flatten(1)}
        if name == "warping_module":
            stored = recipe.read("W")
            features = 1.5 * inputs("feature_3d", 1, 32, 16, 64, 64).to(device)
            source, driving = (torch.from_numpy(stored[f"kp_{one}"]).to(device) for one in ("source", "driving"))
            return {"out": made(features, driving, source, made.dense_motion_network.compressed(features))}
        if name == "spade_generator":
            return {"out": made(inputs("generator_feature", 1, 256, 64, 64).to(device))}
        return {name: made(torch.from_numpy(recipe.read("S")[f"{name}|in"]).to(device))}

    files = {
        "appearance_feature_extractor": "F", "motion_extractor": "M", "warping_module": "W", "spade_generator": "G",
        "stitching": "S", "lip": "S", "eye": "S",
    }  # fmt: skip
    for name in names or files:
        with torch.inference_mode():
            found = outputs(name)
        for key, value in found.items():
            expected, flat = recipe.read(files[name]), value.double().cpu().numpy().ravel()
            limit = TIMES * float(expected[f"{key}|maxerr"][0])
            part = flat[expected[f"{key}|idx"]] if f"{key}|idx" in expected else flat
            off = float(np.abs(part - expected[f"{key}|{'val' if f'{key}|idx' in expected else 'full'}"].ravel()).max())
            yield [name, f"{off:.2g}", f"{limit:.2g}", "as golden" if off <= limit else "**off**"]


def main() -> int:
    what, *names = sys.argv[1:] or ["card"]
    if what == "card":
        print(table(["what", "found"], card()))
        return 0
    rows = list(golden(tuple(names)))
    print(table(["network, float32", "off by", "allowed", ""], rows))
    return int(any(row[-1] != "as golden" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
