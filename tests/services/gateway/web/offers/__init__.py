"""Offers of browsers, and the parts that they consist of.

`chromium.sdp` came from Chromium 156 on Linux; the other files have the shape of what those browsers send.
"""

from __future__ import annotations

from pathlib import Path

BROWSERS = {file.stem: file.read_bytes().decode() for file in sorted(Path(__file__).parent.glob("*.sdp"))}
CHROMIUM = BROWSERS["chromium"]

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


def without(text: str, *lines: str) -> str:
    """An offer without these lines."""
    return "\r\n".join(line for line in text.split("\r\n") if line not in lines)


_RTX = "103 rtx/90000 apt=102"
_CANDIDATES = [
    f"a=candidate:1 1 udp {2122260223 - number} 4f3c0a1e-77aa-4b1c-9d0e-5f2f6ad0c9b{number}.local 5123{number} typ host"
    for number in range(4)
]

ACCEPTED = {
    **{name: text for name, text in BROWSERS.items() if name != "firefox_140_without_h264"},
    "PCMU before Opus": offer(audio(PCMU, G722, OPUS), video()),
    "H.265 and VP8 before H.264": offer(audio(), video(H265, VP8, h264(100))),
    "high profile before constrained baseline": offer(audio(), video(h264(100, "640c1f"), h264(102))),
    "without a microphone": offer(audio(direction="recvonly"), video()),
    "with a camera": offer(audio(), video(direction="sendrecv")),
    "without a data channel": offer(audio(), video(), data=False),
    "video before audio": offer(video(mid=0), audio(mid=1)),
    "candidates by names of multicast DNS": offer([*audio(), *_CANDIDATES], video()),
    "candidates that cannot be read": offer([*audio(), "a=candidate:1", "a=candidate:1 1 udp x y z typ host"], video()),
    "H.264 of level 4": offer(audio(), video(h264(102, "42e028"))),
    "H.264 of a low level first": offer(audio(), video(h264(100, "42e00d"), h264(102), _RTX)),
    "payload numbers below 64": offer(audio("63 opus/48000/2"), video(h264(39))),
    "Opus with one channel": offer(audio("111 opus/48000"), video()),
    "names in other cases": offer(audio("111 OPUS/48000/2"), video("102 h264/90000 packetization-mode=1")),
    "no directions": without(offer(audio(), video(direction="sendrecv")), "a=sendrecv"),
    "a microphone twice": offer(audio(), video(), audio(mid=3)),
    "a sound that is refused first": offer(audio(port=0, mid=7), audio(), video()),
    "a sound that the browser only sends": offer(audio(direction="sendonly", mid=7), audio(), video()),
    "a camera of its own": offer(audio(), video(VP8, direction="sendonly", port=0, mid=7), video()),
    "a section of text": offer(audio(), video(), section("text", 7, "98 t140/1000")),
    "two data channels": offer(audio(), video(), ["m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:7"]),
    "lines that end with LF alone": offer(audio(), video()).replace("\r\n", "\n"),
}
"""Offers that can be answered, by what is peculiar about them."""

REFUSED = {
    "no Opus": (offer(audio(PCMU, G722), video()), "Opus, got PCMU, G722"),
    "audio refused": (offer(audio(port=0), video()), "audio: its section has port 0"),
    "video refused": (offer(audio(), video(port=0)), "video: its section has port 0"),
    "no audio": (offer(video()), "a section for audio, recvonly where there is no microphone"),
    "no video": (offer(audio()), "a section for video"),
    "audio refused twice": (offer(audio(port=0), audio(port=0, mid=3), video()), "audio: its section has port 0"),
    "Firefox before OpenH264 is there": (BROWSERS["firefox_140_without_h264"], "H.264, got VP8, rtx, VP9, AV1"),
    "Opus whose number is not in the section": (
        offer(audio(OPUS), video()).replace("SAVPF 111", "SAVPF 96"),
        "Opus",
    ),
    "Opus at a number that is not free": (offer(audio("9 opus/48000/2"), video()), "Opus"),
    "Opus at another rate": (offer(audio("111 opus/16000/2"), video()), "Opus"),
    "a sound that is not taken lends the others its transport": (
        BROWSERS["chromium_android_max_bundle"].replace("a=sendrecv", "a=sendonly", 1).replace(
            "m=video", "\r\n".join([*audio(mid=8, port=0), "a=bundle-only", "m=video"])
        ).replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 8"),
        "the section 0 lends",
    ),
    "no name": (without(offer(audio(), video()), "a=mid:0"), "a=mid"),
    "no bundle": (offer(audio(), video()).replace("a=group:BUNDLE", "a=group:LS"), "a=group:BUNDLE"),
    "video outside the bundle": (offer(audio(), video()).replace("BUNDLE 0 1", "BUNDLE 0"), "a=group:BUNDLE"),
    "no multiplexing of RTCP": (without(offer(audio(), video()), "a=rtcp-mux"), "a=rtcp-mux"),
    "no DTLS role": (without(offer(audio(), video()), "a=setup:actpass"), "a=setup"),
    "an old fingerprint": (offer(audio(), video()).replace("sha-256", "sha-1"), "DTLS fingerprint (SHA-256)"),
    "names that are the same": (offer(audio(), video(mid=0)), "a=mid"),
    "high profile only": (offer(audio(), video(h264(102, "640c1f"))), "constrained baseline"),
    "main profile only": (offer(audio(), video(h264(102, "4d001f"))), "constrained baseline"),
    "packetization mode 0 only": (offer(audio(), video(h264(102, mode=0))), "packetization-mode 1"),
    "H.265 only": (offer(audio(), video(H265)), "H.264, got H265"),
    "VP8 only": (offer(audio(), video(VP8)), "H.264, got VP8"),
    "a level below our pictures": (
        offer(audio(), video(h264(102, "42e00d"))),
        "level 1.3, and the pictures need level 3.0",
    ),
    "audio that only sends": (offer(audio(direction="sendonly"), video()), "sendrecv or recvonly, got sendonly"),
    "video that is inactive": (offer(audio(), video(direction="inactive")), "sendrecv or recvonly, got inactive"),
    "a profile that is none": (offer(audio(), video(h264(102, "zz"))), "constrained baseline"),
    "no fingerprint": (offer(audio(), video()).replace("a=fingerprint", "a=print"), "DTLS fingerprint"),
    "no ICE": (offer(audio(), video()).replace("a=ice-pwd", "a=pwd"), "ICE credentials"),
    "a hundred sections": (offer(*(audio(mid=10 + number) for number in range(100))), "more than 16 sections"),
    "no SDP": ("hello", "not SDP"),
    "nothing": ("", "not SDP"),
    "only a beginning": ("v=0\r\n", "a section for audio"),
    "100 kB of garbage": ("v=0\r\n" + "m=" + "x" * 100_000, "not valid SDP"),
}
"""Offers that cannot be answered, each with a part of the reason that the person is told."""
