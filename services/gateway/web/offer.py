"""Checks a browser's SDP offer before a peer connection is made for it. Pure."""

from __future__ import annotations

from aiortc import RTCSessionDescription
from aiortc.sdp import MediaDescription, SessionDescription, parse_h264_profile_level_id

from bus.errors import InvalidInput

_MOST_SECTIONS = 16
_RECEIVING = (None, "sendrecv", "recvonly")
"""Directions of a section in which the browser takes what we send; none given means both (RFC 8866)."""
_PROFILES = ("42001f", "42e01f")
"""H.264 profiles that we send: baseline and constrained baseline."""
_LEVELS = (
    (10, 1_485, 99), (11, 3_000, 396), (12, 6_000, 396), (13, 11_880, 396), (21, 19_800, 792), (22, 20_250, 1_620),
    (30, 40_500, 1_620), (31, 108_000, 3_600), (32, 216_000, 5_120), (40, 245_760, 8_192),
)  # fmt: skip
"""H.264's levels: level_idc, and the most macroblocks a second and in a picture (ITU-T H.264, table A-1)."""
_FPS = 25


def parse_offer(sdp: str, *, video_size: int) -> RTCSessionDescription:
    """Check a browser's offer.

    Args:
        video_size: width and height of the pictures that will be sent.
    Raises:
        InvalidInput: it is not SDP, or has not exactly one section for audio in Opus and one for video in H.264 of our
            profile, at the size of our pictures.
    """
    if not sdp.startswith("v=0"):
        raise InvalidInput("the offer is not SDP: it must begin with v=0")
    if sdp.count("\nm=") > _MOST_SECTIONS:
        raise InvalidInput(f"the offer has more than {_MOST_SECTIONS} sections")
    try:
        description = SessionDescription.parse(sdp)
    except Exception as error:  # the text comes from strangers, and aiortc's parser raises exceptions of any kind
        raise InvalidInput(f"the offer is not valid SDP: {type(error).__name__}: {error}") from error
    _check_identities(description)
    audio, video = (_only_section(description, kind) for kind in ("audio", "video"))
    _check_audio(audio)
    _check_video(video, video_size)
    return RTCSessionDescription(sdp=sdp, type="offer")


def _check_identities(description: SessionDescription) -> None:
    names = [section.rtp.muxId for section in description.media]
    if len(set(names)) < len(names):
        raise InvalidInput(f"each section of the offer must have a name (a=mid) of its own, got {', '.join(names)}")
    for section in description.media:
        if section.ice is None or section.ice.usernameFragment is None or section.ice.password is None:
            raise InvalidInput(f"the {section.kind} section of the offer must have ICE credentials")
        if section.dtls is None or not section.dtls.fingerprints:
            raise InvalidInput(f"the {section.kind} section of the offer must have a DTLS fingerprint")


def _only_section(description: SessionDescription, kind: str) -> MediaDescription:
    sections = [section for section in description.media if section.kind == kind]
    if len(sections) != 1:
        hint = ", recvonly where there is no microphone" if kind == "audio" else ""
        raise InvalidInput(f"the offer must have one {kind} section{hint}, got {len(sections)}")
    (section,) = sections
    if section.port == 0:
        raise InvalidInput(f"the offer refuses {kind}: its section has port 0")
    if section.direction not in _RECEIVING:
        raise InvalidInput(f"the {kind} section must be sendrecv or recvonly, got {section.direction}")
    return section


def _check_audio(section: MediaDescription) -> None:
    codecs = section.rtp.codecs
    if not any(codec.mimeType.lower() == "audio/opus" and codec.clockRate == 48_000 for codec in codecs):
        raise InvalidInput(f"the offer must have the audio codec Opus, got {_names(section)}")


def _check_video(section: MediaDescription, size: int) -> None:
    offered = [codec for codec in section.rtp.codecs if codec.mimeType.lower() == "video/h264"]
    if not offered:
        raise InvalidInput(
            f"the offer must have the video codec H.264, got {_names(section)}; this browser may lack that codec"
        )
    levels = [
        level
        for codec in offered
        if str(codec.parameters.get("packetization-mode", "0")) == "1"
        and (level := _level(str(codec.parameters.get("profile-level-id", _PROFILES[1])))) is not None
    ]
    if not levels:
        got = ", ".join(str(codec.parameters.get("profile-level-id")) for codec in offered)
        wanted = f"H.264 in the profile constrained baseline (profile-level-id {_PROFILES[1]}, packetization-mode 1)"
        raise InvalidInput(f"the offer must have {wanted}, got {got}")
    needed = required_level(size)
    if max(levels) < needed:
        raise InvalidInput(
            f"this browser takes H.264 up to level {max(levels) / 10}, and pictures of {size} × {size} need level "
            f"{needed / 10}"
        )


def required_level(size: int) -> int:
    """The least level_idc of H.264 for square pictures of this size, 25 a second."""
    blocks = ((size + 15) // 16) ** 2
    return next(level for level, rate, most in _LEVELS if blocks <= most and _FPS * blocks <= rate)


def _level(profile_level_id: str) -> int | None:
    """The level_idc of a profile that we send; None of another one, and where it cannot be read."""
    try:
        profile, level = parse_h264_profile_level_id(profile_level_id)
    except ValueError:
        return None
    ours = {parse_h264_profile_level_id(one)[0] for one in _PROFILES}
    return int(level) if profile in ours else None


def _names(section: MediaDescription) -> str:
    names = dict.fromkeys(codec.mimeType.partition("/")[2] for codec in section.rtp.codecs)
    return ", ".join(names) or "no codec"
