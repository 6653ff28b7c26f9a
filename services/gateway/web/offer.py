"""Reads a browser's SDP offer: which of its sections and codecs are taken, and why it is refused. Pure.

aiortc answers every section and codec that it is given, so it is given those alone that are taken. The others are put
back into its answer as refused, because an answer has as many sections as its offer (RFC 3264, section 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiortc import RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription, grouplines, parse_h264_profile_level_id

from bus.errors import InvalidInput
from services.gateway.playing.aiortc_tuning import DYNAMIC_PAYLOAD_TYPES
from services.gateway.web.sdp_sections import DIRECTIONS, Section

_MOST_SECTIONS = 16
_MOST_CANDIDATES = 64
_PROFILES = ("42001f", "42e01f")
"""H.264 profiles that we send: baseline and constrained baseline."""
_DIGESTS = {"sha-256", "sha-384", "sha-512"}
_CANNOT = {
    "audio": "the voice could not be heard",
    "video": "the face could not be seen",
}


@dataclass(frozen=True)
class Offer:
    """A browser's offer, as far as it is taken."""

    description: RTCSessionDescription
    """The sections that are taken, each with the codec that is sent."""
    refused: tuple[tuple[int, str], ...]
    """The place of each section that is not taken, and what the answer says in its place."""

    def complete(self, answer: str) -> str:
        """The answer to the whole offer.

        Args:
            answer: to `description`, SDP.
        """
        session, sections = grouplines(answer)
        for place, refusal in self.refused:
            sections.insert(place, [refusal])
        lines = [*session, *(line for section in sections for line in section)]
        return "\r\n".join([*lines, ""])


def parse_offer(sdp: str, *, level: int) -> Offer:
    """Check a browser's offer, and choose what is taken of it.

    Args:
        level: of the pictures that will be sent, H.264's level_idc.
    Raises:
        InvalidInput: it is not SDP, or has no section for audio in Opus, or none for video in H.264 of our profile and
            level.
    """
    if not sdp.startswith("v=0"):
        raise InvalidInput("the offer is not SDP: it must begin with v=0")
    session, groups = grouplines(sdp)
    if len(groups) > _MOST_SECTIONS:
        raise InvalidInput(f"the offer has more than {_MOST_SECTIONS} sections")
    sections = [Section.parse(lines) for lines in groups]
    audio = _choose(session, sections, "audio")
    video = _choose(session, sections, "video")
    _check_names(sections)
    opus, h264 = _opus(_parsed(session, audio)), _h264(_parsed(session, video), level)
    bundle = _bundle(session)
    for section in (audio, video):
        if section.mid not in bundle:
            raise InvalidInput(f"the offer must bundle its sections (a=group:BUNDLE); {section.mid} is not in it")
    data = [one for one in sections if one.kind == "application" and one.is_live and one.mid in bundle][:1]
    for section in data:
        _parsed(session, section)
    taken = [one for one in sections if one in (audio, video, *data)]
    if any(one.is_bundle_only for one in taken) and bundle[0] not in {one.mid for one in taken}:
        raise InvalidInput(f"the section {bundle[0]} lends the others its transport and is not taken: offer it last")
    chosen = {audio.mid: opus, video.mid: h264}
    candidates = [line for one in taken for line in one.candidates][:_MOST_CANDIDATES]
    lines = [line for line in session if not line.startswith("a=group:")]
    # The first one's transport is kept; that of the data channel cannot be, in aiortc.
    lines.append(f"a=group:BUNDLE {' '.join(one.mid for one in sorted(taken, key=lambda one: one in data))}")
    for section in taken:
        lines += section.rewritten(chosen.get(section.mid), _session_direction(session))
    # All sections share a transport, and aiortc takes the candidates of the last one.
    lines += dict.fromkeys(candidates)
    refused = ((place, one.refusal) for place, one in enumerate(sections) if one not in taken)
    return Offer(RTCSessionDescription(sdp="\r\n".join([*lines, ""]), type="offer"), tuple(refused))


def _choose(session: Sequence[str], sections: Sequence[Section], kind: str) -> Section:
    """The section of a kind that is taken: the first that is not refused and in which the browser receives."""
    found = [one for one in sections if one.kind == kind]
    if not found:
        hint = ", recvonly where there is no microphone" if kind == "audio" else ""
        raise InvalidInput(f"the offer must have a section for {kind}{hint}")
    live = [one for one in found if one.is_live]
    if not live:
        raise InvalidInput(f"the offer refuses {kind}: its section has port 0")
    default = _session_direction(session)
    receiving = [one for one in live if (one.direction or default) in ("sendrecv", "recvonly")]
    if not receiving:
        direction = live[0].direction or default
        raise InvalidInput(f"the {kind} section must be sendrecv or recvonly, got {direction}: {_CANNOT[kind]}")
    return next((one for one in receiving if (one.direction or default) == "sendrecv"), receiving[0])


def _session_direction(session: Sequence[str]) -> str:
    """The direction of sections that name none; without one here either it is both (RFC 8866, section 6.7)."""
    return next((one for one in DIRECTIONS if f"a={one}" in session), "sendrecv")


def _check_names(sections: Sequence[Section]) -> None:
    names = [section.mid for section in sections if section.is_live]
    if "" in names or len(set(names)) < len(names):
        got = ", ".join(name or "none" for name in names)
        raise InvalidInput(f"each section of the offer must have a name (a=mid) of its own, got {got}")


def _bundle(session: Sequence[str]) -> list[str]:
    groups = [line.split()[1:] for line in session if line.startswith("a=group:BUNDLE")]
    return groups[0] if groups else []


def _parsed(session: Sequence[str], section: Section) -> MediaDescription:
    """The section as aiortc reads it, with a transport that can be used."""
    lines = [line for line in (*session, *section.lines) if not line.startswith("a=candidate:")]
    try:
        (media,) = SessionDescription.parse("\r\n".join(lines)).media
    except Exception as error:  # the text comes from strangers, and aiortc's parser raises exceptions of any kind
        raise InvalidInput(f"the {section.kind} section of the offer is not valid SDP: {error!r}") from error
    name = f"the {section.kind} section of the offer"
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise InvalidInput(f"{name} must have ICE credentials")
    digests = {fingerprint.algorithm.lower() for fingerprint in media.dtls.fingerprints} if media.dtls else set()
    if not digests & _DIGESTS:
        raise InvalidInput(f"{name} must have a DTLS fingerprint (SHA-256), and a role in a=setup")
    if section.kind in _CANNOT and not media.rtcp_mux:
        raise InvalidInput(f"{name} must have a=rtcp-mux")
    return media


def _codecs(media: MediaDescription, name: str, rate: int) -> list[RTCRtpCodecParameters]:
    return [
        codec
        for codec in media.rtp.codecs
        if codec.mimeType.lower() == f"{media.kind}/{name}"
        and codec.clockRate == rate
        and codec.payloadType in media.fmt
        and codec.payloadType in DYNAMIC_PAYLOAD_TYPES
    ]


def _opus(media: MediaDescription) -> tuple[int | None, ...]:
    """The payload type of Opus."""
    offered = _codecs(media, "opus", 48_000)
    if not offered:
        raise InvalidInput(f"the offer must have the audio codec Opus, got {_names(media)}")
    return (offered[0].payloadType,)


def _h264(media: MediaDescription, level: int) -> tuple[int | None, ...]:
    """The payload types of H.264 at a level, and of its retransmissions where they are offered."""
    offered = _codecs(media, "h264", 90_000)
    if not offered:
        raise InvalidInput(
            f"the offer must have the video codec H.264, got {_names(media)}; this browser may lack that codec"
        )
    levels: dict[int | None, int] = {
        codec.payloadType: found
        for codec in offered
        if str(codec.parameters.get("packetization-mode", "0")) == "1"
        and (found := _level(str(codec.parameters.get("profile-level-id", _PROFILES[1])))) is not None
    }
    if not levels:
        got = ", ".join(
            f"{codec.parameters.get('profile-level-id', 'none')} mode {codec.parameters.get('packetization-mode', '0')}"
            for codec in offered
        )
        wanted = f"H.264 in the profile constrained baseline (profile-level-id {_PROFILES[1]}, packetization-mode 1)"
        raise InvalidInput(f"the offer must have {wanted}, got {got}")
    enough = [payload_type for payload_type, offered_level in levels.items() if offered_level >= level]
    if not enough:
        raise InvalidInput(
            f"this browser takes H.264 up to level {max(levels.values()) / 10}, and the pictures need level "
            f"{level / 10}: a smaller VISAVIS_VIDEO_SIZE or VISAVIS_VIDEO_BITRATE would do"
        )
    again = [
        codec.payloadType
        for codec in _codecs(media, "rtx", 90_000)
        if codec.parameters.get("apt") == enough[0]
    ]
    return (enough[0], *again[:1])


def _level(profile_level_id: str) -> int | None:
    """The level_idc of a profile that we send; None of another one, and where it cannot be read."""
    try:
        profile, level = parse_h264_profile_level_id(profile_level_id)
    except ValueError:
        return None
    ours = {parse_h264_profile_level_id(one)[0] for one in _PROFILES}
    return int(level) if profile in ours else None


def _names(media: MediaDescription) -> str:
    names = dict.fromkeys(codec.mimeType.partition("/")[2] for codec in media.rtp.codecs)
    return ", ".join(names) or "no codec"
