"""Offers of browsers, and the parts that they consist of. `chromium.sdp` came from Chromium 156 on Linux."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = (Path(__file__).parent / "chromium.sdp").read_bytes().decode()

_FINGERPRINT = ":".join(f"{(37 * number + 11) % 256:02X}" for number in range(32))
OPUS = "111 opus/48000/2 minptime=10;useinbandfec=1"
PCMU, G722 = "0 PCMU/8000", "9 G722/8000"
VP8, H265 = "96 VP8/90000", "98 H265/90000 level-id=93;tx-mode=SRST"


def h264(number: int, profile: str = "42e01f", mode: int = 1) -> str:
    """A payload of H.264."""
    return f"{number} H264/90000 level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}"


def section(kind: str, mid: int, *payloads: str, direction: str = "sendrecv", port: int = 9) -> list[str]:
    """One media section; a payload is "number name parameters"."""
    lines = [f"m={kind} {port} UDP/TLS/RTP/SAVPF {' '.join(one.split()[0] for one in payloads)}"]
    lines += ["c=IN IP4 0.0.0.0", f"a={direction}", f"a=mid:{mid}", *_transport(), "a=rtcp-mux"]
    for payload in payloads:
        number, name, *parameters = payload.split()
        lines += [f"a=rtpmap:{number} {name}", *(f"a=fmtp:{number} {one}" for one in parameters)]
    return lines


def audio(*payloads: str, direction: str = "sendrecv", port: int = 9, mid: int = 0) -> list[str]:
    return section("audio", mid, *(payloads or (OPUS,)), direction=direction, port=port)


def video(*payloads: str, direction: str = "recvonly", port: int = 9, mid: int = 1) -> list[str]:
    return section("video", mid, *(payloads or (h264(102),)), direction=direction, port=port)


def offer(*sections: list[str], data: bool = True) -> str:
    """An offer of these sections, and of a data channel."""
    lines = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if data:
        channel = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
        sections = (*sections, [channel, "c=IN IP4 0.0.0.0", "a=mid:9", "a=sctp-port:5000", *_transport()])
    names = [line.removeprefix("a=mid:") for one in sections for line in one if line.startswith("a=mid:")]
    lines += [f"a=group:BUNDLE {' '.join(names)}", "a=msid-semantic:WMS *"]
    return "\r\n".join([*lines, *(line for one in sections for line in one), ""])


def _transport() -> list[str]:
    password = "hZ7dKe2sQpWv9LtXbMn4RcYu"
    return ["a=ice-ufrag:q4Tf", f"a=ice-pwd:{password}", f"a=fingerprint:sha-256 {_FINGERPRINT}", "a=setup:actpass"]


ACCEPTED = {
    "Chromium": CHROMIUM,
    "PCMU before Opus": offer(audio(PCMU, G722, OPUS), video()),
    "H.265 and VP8 before H.264": offer(audio(), video(H265, VP8, h264(100))),
    "high profile before constrained baseline": offer(audio(), video(h264(100, "640c1f"), h264(102))),
    "without a microphone": offer(audio(direction="recvonly"), video()),
    "with a camera": offer(audio(), video(direction="sendrecv")),
    "without a data channel": offer(audio(), video(), data=False),
    "video before audio": offer(video(mid=0), audio(mid=1)),
    "a candidate by a name of multicast DNS": offer(
        [*audio(), "a=candidate:1 1 udp 2122260223 4f3c0a1e-77aa-4b1c-9d0e-5f2f6ad0c9b1.local 51234 typ host"], video()
    ),
    "H.264 of level 4": offer(audio(), video(h264(102, "42e028"))),
}
"""Offers that can be answered, by what is peculiar about them."""

REFUSED = {
    "no Opus": (offer(audio(PCMU, G722), video()), "Opus, got PCMU, G722"),
    "audio refused": (offer(audio(port=0), video()), "audio: its section has port 0"),
    "video refused": (offer(audio(), video(port=0)), "video: its section has port 0"),
    "no audio": (offer(video()), "one audio section, recvonly where there is no microphone, got 0"),
    "no video": (offer(audio()), "one video section, got 0"),
    "audio twice": (offer(audio(), video(), audio(mid=3)), "one audio section"),
    "names that are the same": (offer(audio(), video(mid=0)), "a=mid"),
    "high profile only": (offer(audio(), video(h264(102, "640c1f"))), "constrained baseline"),
    "main profile only": (offer(audio(), video(h264(102, "4d001f"))), "constrained baseline"),
    "packetization mode 0 only": (offer(audio(), video(h264(102, mode=0))), "packetization-mode 1"),
    "H.265 only": (offer(audio(), video(H265)), "H.264, got H265"),
    "VP8 only": (offer(audio(), video(VP8)), "H.264, got VP8"),
    "a level below our pictures": (offer(audio(), video(h264(102, "42e00d"))), "level 1.3, and pictures of 512"),
    "audio that only sends": (offer(audio(direction="sendonly"), video()), "sendrecv or recvonly, got sendonly"),
    "video that is inactive": (offer(audio(), video(direction="inactive")), "sendrecv or recvonly, got inactive"),
    "a profile that is none": (offer(audio(), video(h264(102, "zz"))), "constrained baseline"),
    "no fingerprint": (offer(audio(), video()).replace("a=fingerprint", "a=print"), "DTLS fingerprint"),
    "no ICE": (offer(audio(), video()).replace("a=ice-pwd", "a=pwd"), "ICE credentials"),
    "a hundred sections": (offer(*(audio(mid=10 + number) for number in range(100))), "more than 16 sections"),
    "no SDP": ("hello", "not SDP"),
    "nothing": ("", "not SDP"),
    "only a beginning": ("v=0\r\n", "audio section"),
    "100 kB of garbage": ("v=0\r\n" + "m=" + "x" * 100_000, "not valid SDP"),
}
"""Offers that cannot be answered, each with a part of the reason that the person is told."""
