"""What a page says on the control channel: that it has received a ping, and nothing else counts."""

from __future__ import annotations

import json
from typing import Any, cast

from services.gateway.ice.configuration import IceConfiguration
from services.gateway.playing.peer_connection import PeerConnection


class _Channel:
    label, readyState = "control", "open"

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def on(self, name: str, handler: Any) -> None:
        assert name == "message"
        self.hear = handler

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


async def test_only_the_answer_to_a_ping_that_was_sent_tells_what_has_arrived() -> None:
    arrived: list[int] = []
    connection = PeerConnection(
        IceConfiguration(),
        user="s",
        on_microphone_packet=lambda *packet: None,
        on_delivered=arrived.append,
        on_disconnect=lambda how: None,
    )
    channel = _Channel()
    connection._on_data_channel(cast("Any", channel))
    connection.send(None, None, 41)
    connection.ping()
    (ping,) = channel.sent
    connection.send(None, None, 99)
    for said in ("", "pong", "[]", '{"type":"pong"}', '{"type":"pong","at":"x"}', '{"type":"pong","at":1}', b"\xff",
                 json.dumps(ping)):  # fmt: skip
        channel.hear(said)
    assert arrived == []
    answer = json.dumps({"type": "pong", "at": ping["at"]})
    channel.hear(answer)
    channel.hear(answer)
    assert arrived == [41]
    await connection.close()
