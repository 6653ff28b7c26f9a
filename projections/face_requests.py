"""The characters that were asked for with photos in a conversation: a part of its fold."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.events import FaceMade, FaceRefused, FaceRequested

FaceFact: TypeAlias = FaceRequested | FaceMade | FaceRefused


class FaceRequest(Struct, frozen=True, kw_only=True):
    """A character that was asked for with a photo."""

    character: str
    name: str
    state: Literal["making", "made", "refused"] = "making"
    error: str | None = None
    """Why it was refused."""


def fold_face_requests(faces: tuple[FaceRequest, ...], body: FaceFact) -> tuple[FaceRequest, ...]:
    """One for each character asked for, as the newest photo of it went."""
    if isinstance(body, FaceRequested):
        others = tuple(face for face in faces if face.character != body.character)
        return (*others, FaceRequest(character=body.character, name=body.name))
    return tuple(_told(face, body) if face.character == body.character else face for face in faces)


def _told(face: FaceRequest, outcome: FaceMade | FaceRefused) -> FaceRequest:
    if isinstance(outcome, FaceRefused):
        return replace(face, state="refused", error=outcome.detail)
    # After it was refused it may have been put back by hand.
    return replace(face, state="made", error=None)
