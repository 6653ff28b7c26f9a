"""WhatsApp's side of a double of its Cloud API: people, files, messages, webhooks, and the faults that are to come."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp_shapes import Json

VERSION = "v26.0"
URL_HOLDS = 300.0
"""Seconds for which the address of a file holds."""
VOICE_TYPE = "audio/ogg; codecs=opus"


@dataclass
class Person:
    """Somebody with WhatsApp."""

    number: str = "16505551234"
    user_id: str = "US.13491208655302741918"
    name: str = "Zoë"
    hidden: bool = False
    """Their number is not shown, because they took a user name."""
    wrote: float | None = None
    """When they wrote last."""


@dataclass
class File:
    """A file at WhatsApp."""

    data: bytes
    mime: str
    name: str = ""


@dataclass
class Sent:
    """A message that the API took."""

    id: str
    person: Person | None
    request: Json
    status: str = "accepted"
    """accepted, delivered, read, played, failed; lost: taken, and then dropped without a word."""
    code: int = 0
    bubble: bool = False
    """A voice note with a play button."""


@dataclass
class Fault:
    """What goes wrong with the next calls.

    kind: drop_before, drop_after (the connection is torn before or after the call took effect), slow (the answer comes
    `seconds` late), html (a proxy's 502), unknown_before, unknown_after (500 with 131000), code (an error of Meta's),
    fail (taken, then a failed status), no_status (no status comes); of downloads: expired, redirect, foreign, damaged.
    """

    kind: str
    on: str = "messages"
    """messages, typing, media (an upload), where (the address of a file), download, phone."""
    times: int = 1
    code: int = 0
    seconds: float = 1.0


@dataclass
class World:
    """WhatsApp's side: people, files, messages and webhooks."""

    token: str = "EAAGdouble0token"
    number_id: str = "106540352242922"
    number: str = "15550783881"
    app_secret: str = "app-secret-of-the-double"
    verify_token: str = "typed-in-at-meta"
    webhook: str = ""
    """Where webhooks go; empty: they are only kept."""
    copies: int = 1
    """How many times each webhook is sent."""
    pair_burst: int = 45
    """Messages to one person at once, before one in six seconds is taken."""
    people: list[Person] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)
    """Ids of messages below which we were shown to write."""
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path with query, and headers of all calls."""
    uploads: list[tuple[str, str]] = field(default_factory=list)
    """Name and type of each file that was uploaded."""
    webhooks: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pairs: dict[str, list[float]] = field(default_factory=dict)
    """When messages went to each address."""
    inbound: set[str] = field(default_factory=set)
    """Ids of people's messages."""
    port: int = 0

    def __post_init__(self) -> None:
        self._ahead = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = httpx2.AsyncClient(timeout=10, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{VERSION}"

    @property
    def settings(self) -> dict[str, str]:
        """Settings of Visavis for this double."""
        return {
            "whatsapp_token": self.token,
            "whatsapp_phone_number_id": self.number_id,
            "whatsapp_app_secret": self.app_secret,
            "whatsapp_verify_token": self.verify_token,
            "whatsapp_api": self.url,
        }

    async def close(self) -> None:
        """Give up all webhooks that are not confirmed yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def person(self, **fields: Any) -> Person:
        """Somebody new."""
        self.people.append(Person(**fields))
        return self.people[-1]

    def fault(self, kind: str, **fields: Any) -> None:
        """Let the next calls go wrong; see `Fault`."""
        self.faults.append(Fault(kind, **fields))

    def advance(self, seconds: float) -> None:
        """Set the double's clock forward."""
        self._ahead += seconds

    def got(self, person: Person) -> list[Sent]:
        """The messages that reached a person."""
        return [one for one in self.sent if one.person is person and one.status in ("delivered", "read", "played")]

    def says(self, person: Person, content: Json, **fields: Any) -> str:
        """A person sends a message; returns its id.

        Args:
            content: of the shapes, e.g. `shapes.text("Hello")`.
            fields: further fields of the message, e.g. context.
        """
        message, contact = self.message(person, content, **fields)
        self.notify(contacts=[contact], messages=[message])
        return str(message["id"])

    def records(self, person: Person, data: bytes, *, recorded: bool = True, **fields: Any) -> str:
        """A person sends a voice note, or an audio file."""
        mime = VOICE_TYPE if recorded else "audio/mpeg"
        media = self.keep(File(data, mime))
        return self.says(person, shapes.voice(media, data, self.address(media), recorded=recorded), **fields)

    def receipt(self, message: Sent, status: str) -> None:
        """A person has read or played a message."""
        message.status = status
        self.tell(message, status)

    def message(self, person: Person, content: Json, **fields: Any) -> tuple[Json, Json]:
        """A message and its contact, as they stand in a webhook."""
        person.wrote = self.now
        who: Json = {"from_user_id": person.user_id}
        if not person.hidden:
            who["from"] = person.number
        message = {**who, "id": shapes.wamid(), "timestamp": str(int(self.now)), **content, **fields}
        self.inbound.add(message["id"])
        return message, shapes.contact(person.number, person.user_id, person.name, hidden=person.hidden)

    def notify(self, **value: list[Json]) -> None:
        """Send a webhook, again and again until it is confirmed."""
        body = shapes.as_sent(shapes.webhook(self.number_id, self.number, value))
        self.webhooks.append(body)
        for _ in range(self.copies if self.webhook else 0):
            task = asyncio.create_task(self._deliver(body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def post(self, body: bytes, signature: str | None = None) -> int:
        """Send one webhook once; returns the status of the answer."""
        given = shapes.signature(body, self.app_secret) if signature is None else signature
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": given}
        return (await self._client.post(self.webhook, content=body, headers=headers)).status_code

    async def verify(self) -> bool:
        """Ask whether the webhook's address is ours, as Meta does where it is set up."""
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": self.verify_token}
        answer = await self._client.get(self.webhook, params=query)
        return (answer.status_code, answer.text) == (200, "1158201444")

    async def _deliver(self, body: bytes) -> None:
        pause = 0.2
        while True:
            with suppress(httpx2.HTTPError):
                if await self.post(body) == 200:
                    return
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)

    @property
    def now(self) -> float:
        return time.time() + self._ahead

    def keep(self, file: File) -> str:
        """Keep a file; returns its id."""
        media = str(1908647269898587 + len(self.files))
        self.files[media] = file
        return media

    def address(self, media: str) -> str:
        """Where a file is, for five minutes."""
        until = int(self.now + URL_HOLDS)
        digest = hashlib.sha256(f"{media}{until}".encode()).hexdigest()[:16]
        host = f"http://127.0.0.1:{self.port}"
        return f"{host}/whatsapp_business/attachments/?mid={media}&ext={until}&hash={digest}"

    def tell(self, message: Sent, status: str) -> None:
        """Send the webhook that says how far a message has come."""
        body: Json = {"id": message.id, "status": status, "timestamp": str(int(self.now))}
        if "biz_opaque_callback_data" in message.request:
            body["biz_opaque_callback_data"] = message.request["biz_opaque_callback_data"]
        if person := message.person:
            body |= {"recipient_user_id": person.user_id} | ({} if person.hidden else {"recipient_id": person.number})
        if status == "failed":
            self.notify(statuses=[body | {"errors": [shapes.status_error(message.code)]}])
            return
        pricing = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
        person = message.person or Person()
        contacts = [shapes.contact(person.number, person.user_id, person.name, hidden=person.hidden)]
        self.notify(contacts=contacts, statuses=[body | {"pricing": pricing}])
