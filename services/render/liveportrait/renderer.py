"""Animates portraits with LivePortrait, in batches, on one device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from services.gpu_faults import gpu_faults
from services.render.engine import Expressions, Frame
from services.render.liveportrait import geometry
from services.render.liveportrait.batching import BatchedDrawing
from services.render.liveportrait.controls import LARGEST_RATIO, Controls, controls_for_pose, with_expression
from services.render.liveportrait.retargeting import retarget_eyes, retarget_lips, stitch
from services.render.liveportrait.source import Source, SourceStore, compute_source
from services.render.photo.face_detector import DetectedFace as FaceInPhoto
from services.render.photo.portrait import Portrait
from services.render.pose import Pose

MAX_BATCH = 5
"""Maximum frames in one run of the networks; bounds memory, and the delay of other conversations."""
_TABLE_SIZE = 33
"""Openings at which the retargeting networks are evaluated in advance; they are nearly linear in between."""


class LivePortraitFace:
    """One portrait, animated by poses."""

    def __init__(self, portrait: Portrait, source: Source, drawing: BatchedDrawing) -> None:
        networks = drawing.networks
        precision = str(networks.dtype).removeprefix("torch.")
        identity = f"{portrait.look}{precision}{drawing.size}{_code_version()}"
        self.version = blake2b(identity.encode(), digest_size=8).hexdigest()
        self._networks = networks
        self._drawing = drawing
        self._source = source

        def prepared() -> tuple[Tensor, Tensor]:
            features = source.features.to(networks.device)
            return features, networks.compressed(features)

        self._features, self._compressed = drawing.run(prepared)
        with torch.inference_mode():
            self._at_rest = source.keypoints()
            # The stitching network moves even a face at rest a little; this offset is subtracted again.
            self._stitching_bias = self._at_rest - stitch(networks.stitching, self._at_rest, self._at_rest)
        self._lip_ratio = portrait.face.lip_ratio
        self._eye_ratio = float(np.mean(portrait.face.eye_ratios))
        self._lip_table, self._eye_table = self._retargeting_tables(portrait.face)

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        """Raises: GpuFault: the device failed; EngineError: the precision does not suffice."""
        frames: list[Frame] = []
        for start in range(0, len(poses), MAX_BATCH):
            part = None if expressions is None else expressions[start : start + MAX_BATCH]
            frames.extend(self._render_batch(poses[start : start + MAX_BATCH], part))
        return frames

    @torch.inference_mode()
    def _render_batch(self, poses: Sequence[Pose], expressions: Expressions | None) -> NDArray[np.uint8]:
        controls = [controls_for_pose(pose) for pose in poses]
        if expressions is not None:
            controls = [with_expression(*pair) for pair in zip(controls, expressions, strict=True)]
        driving = self.driving_keypoints(controls)
        points = torch.stack((driving, self._at_rest.expand_as(driving)), dim=1)
        with gpu_faults("draw a face"):
            return self._drawing.draw(self._features, self._compressed, points)

    def driving_keypoints(self, controls: Sequence[Controls]) -> Tensor:
        """Keypoints of frames, [B, 21, 3]."""
        source, like = self._source, self._at_rest

        def column(values: list[float]) -> Tensor:
            return like.new_tensor(values)

        rotation = geometry.rotation_matrix(
            source.angles[0, 0] + column([one.pitch for one in controls]),
            source.angles[0, 1] + column([one.yaw for one in controls]),
            source.angles[0, 2] + column([one.roll for one in controls]),
        )
        expression = source.expression + torch.from_numpy(np.stack([one.expression for one in controls])).to(like)
        up = F.pad(-column([one.lift for one in controls])[:, None], (1, 1))  # y grows downwards
        points = geometry.transform_keypoints(
            source.canonical_keypoints, rotation, expression, source.scale, source.translation + up
        )
        lips = [self._lip_ratio * (1.0 - one.press) + one.lips for one in controls]
        eyes = [self._eye_ratio * one.lids for one in controls]
        points = points + interpolated(self._lip_table, column(lips)) + interpolated(self._eye_table, column(eyes))
        return stitch(self._networks.stitching, like, points) + self._stitching_bias

    @torch.inference_mode()
    def _retargeting_tables(self, face: FaceInPhoto) -> tuple[Tensor, Tensor]:
        """Offsets of keypoints by opening of lips and of eyes, [33, 21, 3] each; zero at the portrait's own."""
        networks, rest = self._networks, self._at_rest
        ratios = torch.linspace(0.0, LARGEST_RATIO, _TABLE_SIZE, device=rest.device)
        lips = retarget_lips(networks.lip, rest, self._lip_ratio, ratios)
        eyes = retarget_eyes(networks.eye, rest, face.eye_ratios, ratios)
        own_lips = interpolated(lips, ratios.new_tensor([self._lip_ratio]))
        return lips - own_lips, eyes - interpolated(eyes, ratios.new_tensor([self._eye_ratio]))


class LivePortraitAnimator:
    """Animates portraits; all faces share the networks, and their frames are drawn together."""

    name = "liveportrait"

    def __init__(self, drawing: BatchedDrawing, sources: Path) -> None:
        """Args: sources: folder of the sources computed from portraits."""
        self._drawing = drawing
        self._sources = SourceStore(sources, self._computed)

    def face(self, portrait: Portrait) -> LivePortraitFace:
        return LivePortraitFace(portrait, self._sources.get(portrait), self._drawing)

    def _computed(self, portrait: Portrait) -> Source:
        return self._drawing.run(partial(compute_source, portrait, self._drawing.networks))


def interpolated(table: Tensor, ratios: Tensor) -> Tensor:
    """Linear interpolation in a table over 0 to LARGEST_RATIO, [N, 21, 3]; constant beyond its ends."""
    position = (ratios / LARGEST_RATIO).clamp(0.0, 1.0) * (table.shape[0] - 1)
    index = position.floor().long().clamp(max=table.shape[0] - 2)
    share = (position - index)[:, None, None]
    return torch.lerp(table[index], table[index + 1], share)


@cache
def _code_version() -> str:
    """Hash of the code that renders, so that no stored idle loop outlives a change of it."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources), digest_size=8).hexdigest()
