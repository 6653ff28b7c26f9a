"""Portraits moved by LivePortrait, in batches, on one device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bus.errors import EngineError
from services.render.engine import Frame
from services.render.liveportrait import geometry
from services.render.liveportrait.controls import LARGEST_RATIO, Controls, controls_for_pose
from services.render.liveportrait.retargeting import retarget_eyes, retarget_lips, stitch
from services.render.liveportrait.source import Source, SourceStore
from services.render.liveportrait.weights import Networks
from services.render.photo.face_detector import DetectedFace as FaceInPhoto
from services.render.photo.portrait import Portrait
from services.render.pose import Pose

MAX_BATCH = 5
"""Frames in one run of the networks at the most: this bounds the memory, and what one conversation holds up another."""
_RATIOS = 33
"""Openings that the retargeting networks are asked for once; they are nearly linear between them."""


class LivePortraitFace:
    """One portrait, moved by poses."""

    def __init__(self, portrait: Portrait, source: Source, networks: Networks, size: int) -> None:
        precision = str(networks.dtype).removeprefix("torch.")
        named = f"{portrait.look}{precision}{size}{_code_version()}"
        self.version = blake2b(named.encode(), digest_size=8).hexdigest()
        self._networks = networks
        self._size = size
        self._source = source
        self._features = source.features.to(networks.dtype)
        with torch.inference_mode():
            self._compressed = networks.warping.dense_motion_network.compressed(self._features)
            self._at_rest = source.keypoints()
            # The stitching network moves even what is at rest a little; that much is taken back.
            self._unstitched = self._at_rest - stitch(networks.stitching, self._at_rest, self._at_rest)
        self._lip_ratio = portrait.face.lip_ratio
        self._eye_ratio = float(np.mean(portrait.face.eye_ratios))
        self._lips, self._eyes = self._tables(portrait.face)

    def render(self, poses: Sequence[Pose]) -> list[Frame]:
        """Raises: EngineError: the device is out of memory, or the precision does not suffice."""
        pictures: list[Frame] = []
        for start in range(0, len(poses), MAX_BATCH):
            pictures.extend(self._batch(poses[start : start + MAX_BATCH]))
        return pictures

    @torch.inference_mode()
    def _batch(self, poses: Sequence[Pose]) -> Iterator[Frame]:
        try:
            image = self.generate([controls_for_pose(pose) for pose in poses])
            if not torch.isfinite(image).all():
                raise EngineError("the networks gave no numbers; set VISAVIS_RENDER_PRECISION=float32")
            return iter(to_yuv420(resized(image, self._size)).cpu().numpy())
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise EngineError(f"the GPU is out of memory: {error}", retryable=True) from error

    def generate(self, wanted: Sequence[Controls]) -> Tensor:
        """Frames, [B, 3, 512, 512], 0 to 1, on the device."""
        driving = self.driving_keypoints(wanted)
        source = self._at_rest.expand_as(driving)
        moved = self._networks.warping(self._features, driving, source, self._compressed)
        images: Tensor = self._networks.generator(moved)
        return images

    def driving_keypoints(self, wanted: Sequence[Controls]) -> Tensor:
        """Key points of frames, [B, 21, 3]."""
        source, like = self._source, self._at_rest

        def column(values: list[float]) -> Tensor:
            return like.new_tensor(values)

        turned = geometry.rotation_matrix(
            source.angles[0, 0] + column([one.pitch for one in wanted]),
            source.angles[0, 1] + column([one.yaw for one in wanted]),
            source.angles[0, 2] + column([one.roll for one in wanted]),
        )
        expression = source.expression + torch.from_numpy(np.stack([one.expression for one in wanted])).to(like)
        up = F.pad(-column([one.rise for one in wanted])[:, None], (1, 1))  # y grows downwards
        points = geometry.transform_keypoints(source.points, turned, expression, source.scale, source.translation + up)
        lips = [self._lip_ratio * (1.0 - one.press) + one.lips for one in wanted]
        eyes = [self._eye_ratio * one.lids for one in wanted]
        points = points + interpolated(self._lips, column(lips)) + interpolated(self._eyes, column(eyes))
        return stitch(self._networks.stitching, like, points) + self._unstitched

    @torch.inference_mode()
    def _tables(self, face: FaceInPhoto) -> tuple[Tensor, Tensor]:
        """Offsets of key points by opening of lips and of eyes, [33, 21, 3] each; none at the portrait's own."""
        networks, rest = self._networks, self._at_rest
        ratios = torch.linspace(0.0, LARGEST_RATIO, _RATIOS, device=rest.device)
        lips = retarget_lips(networks.lip, rest, self._lip_ratio, ratios)
        eyes = retarget_eyes(networks.eye, rest, face.eye_ratios, ratios)
        own_lips = interpolated(lips, ratios.new_tensor([self._lip_ratio]))
        return lips - own_lips, eyes - interpolated(eyes, ratios.new_tensor([self._eye_ratio]))


class LivePortraitAnimator:
    """The networks, at work for all faces.

    Args:
        prepare: called once before the first face, in the thread that renders: CUDA graphs belong to their thread.
    """

    name = "liveportrait"

    def __init__(
        self, networks: Networks, sources: SourceStore, size: int, warm_up: Callable[[Networks], None] | None = None
    ) -> None:
        self._networks = networks
        self._sources = sources
        self._size = size
        self._prepare = warm_up

    def face(self, portrait: Portrait) -> LivePortraitFace:
        if self._prepare is not None:
            self._prepare(self._networks)
            self._prepare = None
        return LivePortraitFace(portrait, self._sources.get(portrait), self._networks, self._size)


def interpolated(table: Tensor, ratios: Tensor) -> Tensor:
    """Between the entries of a table over 0 to LARGEST_RATIO, [N, 21, 3]; held at its ends."""
    place = (ratios / LARGEST_RATIO).clamp(0.0, 1.0) * (table.shape[0] - 1)
    before = place.floor().long().clamp(max=table.shape[0] - 2)
    share = (place - before)[:, None, None]
    return torch.lerp(table[before], table[before + 1], share)


def resized(images: Tensor, size: int) -> Tensor:
    """Images, [B, 3, H, H], with so many pixels on a side."""
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, size=(size, size), mode="bilinear", antialias=size < images.shape[-1])


def to_yuv420(images: Tensor) -> Tensor:
    """Images, [B, 3, H, W], 0 to 1, as planar YUV 4:2:0, [B, H * 3 / 2, W], BT.601 in video range, uint8."""
    red, green, blue = images.unbind(dim=1)
    luma = 16.0 + 65.481 * red + 128.553 * green + 24.966 * blue
    small = F.avg_pool2d(images, 2)
    red, green, blue = small.unbind(dim=1)
    chroma_blue = 128.0 - 37.797 * red - 74.203 * green + 112.0 * blue
    chroma_red = 128.0 + 112.0 * red - 93.786 * green - 18.214 * blue
    width = images.shape[-1]
    planes = [luma, chroma_blue.reshape(len(images), -1, width), chroma_red.reshape(len(images), -1, width)]
    return (torch.cat(planes, dim=1) + 0.5).to(torch.uint8)


@cache
def _code_version() -> str:
    """Of the code that renders, so that no stored loop outlives a change of it."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources), digest_size=8).hexdigest()
