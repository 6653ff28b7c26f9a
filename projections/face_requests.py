"""The characters requested with photos in a conversation: a part of its fold."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bus.events import FaceMade, FaceRefused, FaceRequested

FaceState: TypeAlias = Literal["making", "made", "refused"]
FaceFact: TypeAlias = FaceRequested | FaceMade | FaceRefused


class FaceRequest(Struct, frozen=True, kw_only=True, gc=False):
    """A character requested with a photo, and the outcome."""

    character: str
    name: str
    state: FaceState = "making"
    error: str | None = None
    """Why it was refused."""
    warning: str | None = None
    """What will look wrong about a face that was made."""


def fold_face_requests(faces: tuple[FaceRequest, ...], body: FaceFact) -> tuple[FaceRequest, ...]:
    """The requests after this fact: one for each character, the newest."""
    if isinstance(body, FaceRequested):
        others = tuple(face for face in faces if face.character != body.character)
        return (*others, FaceRequest(character=body.character, name=body.name))
    return tuple(_with_outcome(face, body) if face.character == body.character else face for face in faces)


def _with_outcome(request: FaceRequest, outcome: FaceMade | FaceRefused) -> FaceRequest:
    if isinstance(outcome, FaceRefused):
        return replace(request, state="refused", error=outcome.detail, warning=None)
    # A refused request may have been requeued as a dead letter.
    return replace(request, state="made", error=None, warning=outcome.warning or None)
