"""What the installed Chromium offers, plain and with sections that are not taken, is answered so that it connects."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.log.event_log import EventLog
from bus.settings import Settings
from services.gateway.listening.voice_activity import PocketsphinxDetector
from tests.e2e.browser import browser
from tests.services.gateway.conftest import serving

CONNECT = """async ({path, prepare, policy}) => {
  const pc = new RTCPeerConnection({bundlePolicy: policy})
  const sound = new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0]
  const picture = document.createElement('canvas').captureStream().getVideoTracks()[0]
  new Function('pc', 'sound', 'picture', prepare)(pc, sound, picture)
  pc.createDataChannel('control')
  await pc.setLocalDescription(await pc.createOffer())
  const answer = await fetch(path, {method: 'POST', headers: {'content-type': 'application/sdp'},
    body: pc.localDescription.sdp})
  const text = await answer.text()
  if (answer.status !== 201) return {status: answer.status, text}
  await pc.setRemoteDescription({type: 'answer', sdp: text})
  const until = Date.now() + 20000
  const reports = async (type) => [...(await pc.getStats()).values()].filter((one) => one.type === type)
  const packets = async (kind) =>
    (await reports('inbound-rtp')).filter((one) => one.kind === kind).reduce((sum, one) => sum + one.packetsReceived, 0)
  while (Date.now() < until && !((await packets('audio')) > 5 && (await packets('video')) > 5))
    await new Promise((resolve) => setTimeout(resolve, 50))
  const result = {status: 201, state: pc.connectionState, audio: await packets('audio'), video: await packets('video'),
    directions: pc.getTransceivers().map((one) => one.currentDirection)}
  pc.close()
  return result
}"""
OPEN = """fetch('/api/conversations', {method: 'POST', body: '{}'}).then((answer) => answer.json())
  .then(({id}) => `/api/conversations/${id}/rtc`)"""
OFFERS = {
    "a microphone": "pc.addTrack(sound); pc.addTransceiver('video', {direction: 'recvonly'})",
    "no microphone": "pc.addTransceiver('audio', {direction: 'recvonly'}); "
    "pc.addTransceiver('video', {direction: 'recvonly'})",
    "a camera": "pc.addTrack(sound); pc.addTrack(picture)",
    "video first": "pc.addTransceiver('video', {direction: 'recvonly'}); pc.addTrack(sound)",
    "two sounds": "pc.addTrack(sound); pc.addTransceiver('audio', {direction: 'sendonly'}); "
    "pc.addTransceiver('video', {direction: 'recvonly'})",
    "PCMU before Opus": """
      const all = RTCRtpReceiver.getCapabilities('audio').codecs
      const first = all.filter((codec) => codec.mimeType === 'audio/PCMU')
      pc.addTransceiver(sound).setCodecPreferences([...first, ...all.filter((codec) => !first.includes(codec))])
      pc.addTransceiver('video', {direction: 'recvonly'})""",
}


@pytest.mark.parametrize("policy", ["balanced", "max-bundle"])
async def test_chromium_hears_and_sees_whatever_it_offers_beside(
    event_log: EventLog, settings: Settings, tmp_path: Path, policy: str
) -> None:
    async with serving(event_log, settings, PocketsphinxDetector) as gateway, browser(tmp_path, None) as context:
        page = await context.new_page()
        await page.goto(f"{gateway.url}/healthz")
        for name, prepare in OFFERS.items():
            path = await page.evaluate(OPEN)
            result = await page.evaluate(CONNECT, {"path": path, "prepare": prepare, "policy": policy})
            assert result["status"] == 201, (name, result)
            assert result["audio"] > 5, (name, result)
            assert result["video"] > 5, (name, result)
