"""Sources: features and keypoints that the networks compute of a portrait once, stored beside the portrait."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from bus.errors import ConfigurationError
from services.render.liveportrait import geometry
from services.render.liveportrait.weights import PUBLISHED, Networks
from services.render.photo.decoding import Pixels
from services.render.photo.portrait import Portrait

NETWORK_SIDE = 256
_VERSION = "-".join(file.sha256[:8] for file in (PUBLISHED.appearance, PUBLISHED.motion))
"""Version of the weights that sources are computed with."""


@dataclass(frozen=True)
class Source:
    """The source of one portrait, float32, on the processor."""

    features: Tensor
    """[1, 32, 16, 64, 64]"""
    canonical_keypoints: Tensor
    """[1, 21, 3]"""
    angles: Tensor
    """Pitch, yaw and roll, degrees, [1, 3]."""
    expression: Tensor
    """[1, 21, 3]"""
    scale: Tensor
    """[1, 1]"""
    translation: Tensor
    """[1, 3]"""

    def keypoints(self) -> Tensor:
        """The portrait's own keypoints, [1, 21, 3]."""
        rotation = geometry.rotation_matrix(*self.angles.unbind(dim=1))
        return geometry.transform_keypoints(
            self.canonical_keypoints, rotation, self.expression, self.scale, self.translation
        )


def network_input(pixels: Pixels) -> Tensor:
    """Pixels of a portrait as input of the networks, [1, 3, 256, 256], 0 to 1."""
    small = cv2.resize(pixels, (NETWORK_SIDE, NETWORK_SIDE), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].float() / 255.0


@torch.inference_mode()
def compute_source(portrait: Portrait, networks: Networks) -> Source:
    """Run the networks on a portrait."""
    image = network_input(portrait.pixels).to(networks.device)
    motion = networks.motion(image)
    angles = torch.stack([geometry.angles_from_logits(one) for one in (motion.pitch, motion.yaw, motion.roll)], dim=1)
    return Source(
        features=networks.appearance(image).cpu(),
        canonical_keypoints=motion.canonical_keypoints.cpu(),
        angles=angles.cpu(),
        expression=motion.expression.cpu(),
        scale=motion.scale.cpu(),
        translation=motion.translation.cpu(),
    )


class SourceStore:
    """Sources in files beside the portraits they were computed from.

    Args:
        compute: makes those that are missing.
    """

    def __init__(self, folder: Path, compute: Callable[[Portrait], Source]) -> None:
        self._folder = folder
        self._compute = compute

    def get(self, portrait: Portrait) -> Source:
        """The source of a portrait; computed and stored if it is missing.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        path = self._folder / f"{portrait.look}.{_VERSION}.npz"
        try:
            with path.open("rb") as file, np.load(file) as stored:
                return Source(*(torch.from_numpy(stored[field.name]) for field in fields(Source)))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            pass  # missing or damaged: compute it
        source = self._compute(portrait)
        arrays = {field.name: getattr(source, field.name).numpy() for field in fields(Source)}
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as part_file:
                np.savez(part_file, **arrays)
            part.replace(path)
        except OSError as error:
            raise ConfigurationError(f"{part} cannot be written: {error.strerror}") from error
        return source
