"""One media section of an SDP offer, as lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from aiortc.sdp import candidate_from_sdp

from bus.errors import InvalidInput

DIRECTIONS = ("sendrecv", "recvonly", "sendonly", "inactive")
_MEDIA = re.compile(r"m=(?P<kind>[!-~]+) (?P<port>[0-9]{1,5})(?:/[0-9]+)? (?P<protocol>[!-~]+) (?P<formats>[!-~ ]+)")
_OF_FORMAT = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(?P<format>[0-9]+) ")


@dataclass(frozen=True)
class Section:
    """A section and its lines, its `m=` line first."""

    lines: tuple[str, ...]
    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]

    @classmethod
    def parse(cls, lines: Sequence[str]) -> Section:
        """Read the first line of a section.

        Raises:
            InvalidInput: it is no `m=` line.
        """
        match = _MEDIA.fullmatch(lines[0].rstrip())
        if match is None:
            expected = "m=KIND PORT PROTOCOL FORMATS"
            raise InvalidInput(f"the offer is not valid SDP: expected {expected}, got {lines[0][:80]!r}")
        formats = tuple(match["formats"].split())
        return cls(tuple(lines), match["kind"], int(match["port"]), match["protocol"], formats)

    @property
    def mid(self) -> str:
        """Its name; empty where it has none."""
        return self._value("a=mid:")

    @property
    def direction(self) -> str | None:
        """In which direction its media flow; None where it does not say."""
        return next((one for one in DIRECTIONS if f"a={one}" in self.lines), None)

    @property
    def is_live(self) -> bool:
        """Whether media may flow: port 0 refuses, unless the section lends its bundle's transport (RFC 8843, 6)."""
        return self.port != 0 or self.is_bundle_only

    @property
    def is_bundle_only(self) -> bool:
        """Whether it has no transport of its own."""
        return "a=bundle-only" in self.lines

    @property
    def candidates(self) -> list[str]:
        """The lines of its ICE candidates that can be used.

        A name of multicast DNS would be asked for during a second before the answer, and is not needed: the browser
        tries our addresses, and shows its own by that.
        """
        return usable_candidates(self.lines)

    @property
    def refusal(self) -> str:
        """What an answer says in place of this section to refuse it."""
        lines = [f"m={self.kind} 0 {self.protocol} {self.formats[0]}", "c=IN IP4 0.0.0.0", "a=inactive"]
        return "\r\n".join([*lines, f"a=mid:{self.mid}"] if self.mid else lines)

    def rewritten(self, formats: Sequence[int | None] | None, direction: str) -> list[str]:
        """The lines without candidates, and with these formats alone.

        Args:
            formats: payload types; None keeps all.
            direction: where the section names none.
        """
        kept = set(map(str, formats)) if formats is not None else None
        names = self.formats if formats is None else tuple(map(str, formats))
        lines = [f"m={self.kind} {self.port or 9} {self.protocol} {' '.join(names)}"]
        if formats is not None and self.direction is None:
            lines.append(f"a={direction}")
        for line in self.lines[1:]:
            of_format = _OF_FORMAT.match(line)
            if line.startswith("a=candidate:") or (kept is not None and of_format and of_format["format"] not in kept):
                continue
            lines.append(line)
        return lines

    def _value(self, prefix: str) -> str:
        return next((line.removeprefix(prefix).strip() for line in self.lines if line.startswith(prefix)), "")


def usable_candidates(lines: Iterable[str]) -> list[str]:
    """The lines of ICE candidates that can be sent to, `a=candidate:…`."""
    return [line for line in lines if line.startswith("a=candidate:") and _is_usable(line)]


def _is_usable(line: str) -> bool:
    try:
        candidate = candidate_from_sdp(line.removeprefix("a=candidate:"))
        ip_address(candidate.ip)
    except (AssertionError, ValueError, IndexError):
        return False
    # A socket that is asked to send to a port that does not exist is closed by that, for all other addresses, too.
    is_port = 0 < candidate.port < 1 << 16
    return is_port and candidate.protocol.lower() == "udp" and candidate.type in ("host", "srflx", "relay")
