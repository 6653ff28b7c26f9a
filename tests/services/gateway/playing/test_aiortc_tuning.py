"""Each patch of aiortc's internals takes effect in the installed version."""

from __future__ import annotations

import asyncio

import aioice.ice
import aiortc.rtp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, unpack_header_extensions

from services.audio import SILENCE
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.peer_connection import PeerConnection
from services.gateway.playing.tracks import EncodedTrack


async def test_video_is_offered_with_a_bound_on_the_playout_delay() -> None:
    aiortc_tuning.apply_patches(loopback=False)
    aiortc_tuning.apply_patches(loopback=False)
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver("audio")
    pc.addTransceiver("video")
    offer = await pc.createOffer()
    await pc.close()
    sound, pictures = offer.sdp.split("m=audio")[1].split("m=video")
    assert aiortc_tuning.PLAYOUT_DELAY_URI not in sound
    assert pictures.count(aiortc_tuning.PLAYOUT_DELAY_URI) == 1


def test_video_packets_carry_the_playout_delay_and_audio_packets_do_not() -> None:
    aiortc_tuning.apply_patches(loopback=False)
    extensions = aiortc.rtp.HeaderExtensionsMap()
    extensions.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=3, uri="http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
                RTCRtpHeaderExtensionParameters(id=5, uri=aiortc_tuning.PLAYOUT_DELAY_URI),
            ]
        )
    )
    video = unpack_header_extensions(*extensions.set(HeaderExtensions(abs_send_time=7)))
    assert (5, (10).to_bytes(3, "big")) in video
    audio = unpack_header_extensions(*extensions.set(HeaderExtensions()))
    assert 5 not in dict(audio)


def test_loopback_is_offered_on_request_only() -> None:
    aiortc_tuning.apply_patches(loopback=True)
    assert aioice.ice.get_host_addresses(True, False)[-1] == "127.0.0.1"
    assert "127.0.0.1" not in aioice.ice.get_host_addresses(False, True)


async def test_packets_are_intercepted_before_the_jitter_buffer() -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = pc.addTransceiver("audio").receiver
    taken: list[tuple[int, int, bytes, int]] = []
    aiortc_tuning.intercept_packets(receiver, lambda *packet: taken.append(packet))
    packet = aiortc.rtp.RtpPacket(payload_type=96, sequence_number=5, timestamp=960, ssrc=7)
    packet._data = b"opus"  # type: ignore[attr-defined]
    buffer = receiver._RTCRtpReceiver__jitter_buffer  # type: ignore[attr-defined]
    assert buffer.add(packet) == (False, None)
    assert taken == [(5, 960, b"opus", 7)]
    assert isinstance(receiver, RTCRtpReceiver)
    await pc.close()


async def test_payload_numbers_below_64_are_answered_as_they_were_offered() -> None:
    aiortc_tuning.apply_patches(loopback=False)
    browser, gateway = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    browser.addTransceiver("audio")
    gateway.addTransceiver("audio")
    await browser.setLocalDescription(await browser.createOffer())
    offered = browser.localDescription.sdp.replace("SAVPF 96", "SAVPF 48").replace(":96 opus", ":48 opus")
    await gateway.setRemoteDescription(RTCSessionDescription(offered, "offer"))
    answer = await gateway.createAnswer()
    await browser.close()
    await gateway.close()
    assert "a=rtpmap:48 opus/48000/2" in answer.sdp


async def test_packets_of_a_new_ssrc_that_was_not_offered_are_taken() -> None:
    taken: list[int] = []
    gateway = PeerConnection(
        IceConfiguration(),
        user="s",
        on_microphone_packet=lambda sequence, at, payload, ssrc: taken.append(ssrc),
        on_delivered=lambda tick: None,
        on_disconnect=lambda how: None,
    )
    browser, microphone = RTCPeerConnection(RTCConfiguration(iceServers=[])), EncodedTrack("audio")
    sender = browser.addTrack(microphone)
    browser.addTransceiver("video", direction="recvonly")
    await browser.setLocalDescription(await browser.createOffer())
    answer = await gateway.answer(browser.localDescription)
    await browser.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    first, number = sender._ssrc, 0
    for wanted in (first, first ^ 0x5555):
        sender._ssrc = wanted
        async with asyncio.timeout(20):
            while wanted not in taken:
                microphone.push(SILENCE, 960 * number)
                number += 1
                await asyncio.sleep(0.02)
    await browser.close()
    await gateway.close()
