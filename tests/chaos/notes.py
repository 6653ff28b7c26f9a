"""Persons who send voice notes on WhatsApp while everything is killed, over the double of its API."""

from __future__ import annotations

import asyncio
import io
import random
import re
from collections.abc import Callable
from contextlib import suppress

import av
import httpx2
import numpy as np

from tests import voices
from tests.services.channels.whatsapp_double import GraphDouble
from tests.services.channels.whatsapp_shapes import text
from tests.services.channels.whatsapp_world import Person as Account
from tests.services.channels.whatsapp_world import Sent

_SPOKEN = ("hello_rms", "what_time_is_it_rms", "what_is_your_name_rms")
_PATIENCE = 300.0
_CODE = re.compile(r"^[2-9A-HJ-NP-Z]{4}[ -]?[2-9A-HJ-NP-Z]{4}$", re.MULTILINE)
_FAULTS = ("drop_before", "drop_after", "unknown_before", "unknown_after", "html")


def recorded(name: str) -> bytes:
    """A recording as a voice note: Ogg Opus, mono."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=16_000, layout="mono")
        pcm = np.frombuffer(voices.spoken(name), np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


class NoteSender:
    """A person with an account on WhatsApp, linked by a pairing code that they type into the page.

    Args:
        base: URL of the gateway.
        number: of this person; seeds the random choices together with `seed`.
    """

    def __init__(self, base: str, double: GraphDouble, seed: int, number: int) -> None:
        self._client = httpx2.AsyncClient(base_url=base, timeout=10)
        self._double = double
        self._random = random.Random(f"note-{seed}-{number}")
        self._account: Account = double.person(
            number=f"1650555{number:04}", user_id=f"US.{number:017}", name=f"Ann {number}"
        )
        self.notes: list[str] = []
        """WhatsApp's ids of the notes that were sent."""
        self.unanswered: list[str] = []
        """Notes to which nothing came within the time."""

    async def talk(self, more: Callable[[], bool]) -> None:
        """Send notes one after the other while there are more to send."""
        await self.link()
        try:
            while more():
                await self.send_note()
        finally:
            await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def link(self) -> None:
        """Write to the avatar and type the code that comes back into the page."""
        self._double.says(self._account, text("hello"))
        code = ""
        while not code:
            for message in self._received():
                found = _CODE.search(str(message.request.get("text", {}).get("body", "")))
                code = found[0] if found else code
            await asyncio.sleep(0.2)
        while True:
            with suppress(httpx2.HTTPError):
                answer = await self._client.post("/api/pairings", json={"code": code})
                if answer.status_code < 300:
                    return
            await asyncio.sleep(0.5)

    async def send_note(self) -> None:
        """Send a voice note and wait for the answer; calls of the API may go wrong meanwhile."""
        if self._random.random() < 0.4:
            self._double.fault(self._random.choice(_FAULTS))
        note = self._double.records(self._account, recorded(self._random.choice(_SPOKEN)))
        self.notes.append(note)
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            if any(one.request.get("context", {}).get("message_id") == note for one in self._received()):
                return
            await asyncio.sleep(0.2)
        self.unanswered.append(note)

    def _received(self) -> list[Sent]:
        return self._double.got(self._account)


def doubled(double: GraphDouble) -> list[str]:
    """Our ids of messages that reached a person more than once."""
    reached = [
        str(one.request.get("biz_opaque_callback_data", ""))
        for one in double.sent
        if one.status in ("delivered", "read", "played")
    ]
    return sorted({one for one in reached if reached.count(one) > 1})


def arrived(double: GraphDouble) -> set[str]:
    """Our ids of the messages that reached a person."""
    return {
        str(one.request.get("biz_opaque_callback_data", ""))
        for one in double.sent
        if one.status in ("delivered", "read", "played")
    }
