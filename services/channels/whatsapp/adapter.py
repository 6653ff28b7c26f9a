"""WhatsApp, by Meta's Cloud API: voice notes and texts in by webhook, voice notes, videos and texts out."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from bus import subjects
from bus.errors import ConfigurationError, InvalidInput, VisavisError
from bus.settings import Settings
from services.channels.channel import Activity, Capabilities, Incoming, Outgoing, Refused, Store
from services.channels.whatsapp import media, updates
from services.channels.whatsapp.formatting import whatsapp_text
from services.channels.whatsapp.graph_api import TIMEOUT, GraphApi, Phone
from services.channels.whatsapp.webhook import PATH, Webhook

log = logging.getLogger(__name__)

LARGEST_FILE = 16_000_000
"""Bytes of audio or video that WhatsApp takes."""
_FILES = {"voice": ("voice.ogg", "audio/ogg; codecs=opus"), "video": ("video.mp4", "video/mp4")}
"""Name and type of an upload. WhatsApp looks at both: of other names and types it makes files, or nothing."""
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_PHONE_NUMBER = re.compile(r"[0-9]{5,20}")
_REQUIRED = ("whatsapp_phone_number_id", "whatsapp_app_secret", "whatsapp_verify_token")
_PAUSES = (1.0, 5.0, 30.0, 120.0)
"""Seconds between tries to learn our own number."""
POLICY = (
    "Meta's terms bar assistants for general purposes from this API, with exceptions by country, and each answer is "
    "billed: see docs/channels.md"
)


class WhatsApp:
    """A `Channel` over one phone number.

    Args:
        settings: those that begin with `whatsapp_`.
        timeout: seconds for an answer of the API.
    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    name = updates.NAME
    capabilities = Capabilities(
        voice=True,
        video=True,
        shows_activity=True,
        mirrors=False,
        proves_delivery=True,
        # Beyond it, a download arrow stands in the place of the play button.
        largest_voice_note=512 * 1024,
        longest_text=4096,
        messages_per_second=80.0,
        seconds_between=6.0,
        commands=False,
        activity_every=20.0,
    )

    def __init__(
        self, settings: Settings, *, timeout: float = TIMEOUT, environment: Mapping[str, str] | None = None
    ) -> None:
        missing = [f"VISAVIS_{name.upper()}" for name in _REQUIRED if not getattr(settings, name)]
        if missing:
            not_set = "is not: copy it" if len(missing) == 1 else "are not: copy them"
            raise ConfigurationError(
                f"VISAVIS_WHATSAPP_TOKEN is set, and {', '.join(missing)} {not_set} from the app's dashboard at "
                "developers.facebook.com, or unset the token; see docs/channels.md"
            )
        try:
            self.account = subjects.token(settings.whatsapp_phone_number_id, "VISAVIS_WHATSAPP_PHONE_NUMBER_ID")
        except InvalidInput as error:
            raise ConfigurationError(error.detail) from error
        self._settings = settings
        self._api = GraphApi(
            settings.whatsapp_api, settings.whatsapp_token, self.account, timeout=timeout, environment=environment
        )
        self._number = ""

    @property
    def label(self) -> str:
        return f"+{self._number}" if self._number else ""

    def parse(self, raw: bytes) -> Sequence[Incoming]:
        return updates.parse(raw, self.account)

    async def run(self, store: Store) -> None:
        """Learn our own number, for addresses of links. Nothing has to be asked for updates: they come by webhook."""
        tries = 0
        while not self._number:
            try:
                self._learn(await self._api.phone())
            except VisavisError as error:
                log.warning("could not ask WhatsApp for our own number", extra={"error": error.detail})
                await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
                tries += 1
        await asyncio.Event().wait()

    def routes(self, store: Store) -> Sequence[BaseRoute]:
        return Webhook(
            store,
            number=self.account,
            app_secret=self._settings.whatsapp_app_secret,
            verify_token=self._settings.whatsapp_verify_token,
        ).routes()

    def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        return media.fetch(self._api, media_id)

    async def upload(self, message: Outgoing) -> str:
        if not message.media or message.kind == "text":
            return ""
        if len(message.media) > LARGEST_FILE:
            raise Refused(
                f"WhatsApp takes files up to {LARGEST_FILE} bytes, got {len(message.media)}",
                code="too_large",
                as_text=True,
            )
        name, mime = _FILES[message.kind]
        return await self._api.upload(message.media, name, mime)

    async def send(self, message: Outgoing) -> str:
        return await self._api.send(
            _addressed(message.chat) | await self._content(message) | {"biz_opaque_callback_data": message.delivery}
        )

    async def _content(self, message: Outgoing) -> dict[str, Any]:
        content: dict[str, Any]
        match message.kind:
            case "text":
                content = {"type": "text", "text": {"preview_url": False, "body": self._text(message)}}
            case "voice":
                uploaded = message.uploaded or await self.upload(message)
                content = {"type": "audio", "audio": {"id": uploaded, "voice": True}}
            case "video":
                content = {"type": "video", "video": {"id": message.uploaded or await self.upload(message)}}
        return content | ({"context": {"message_id": message.reply_to}} if message.reply_to else {})

    def _text(self, message: Outgoing) -> str:
        text = whatsapp_text(message.text) if message.markdown else message.text
        if not text.strip():
            raise Refused("a text without words", code="empty")
        longest = self.capabilities.longest_text
        if len(text) <= longest:
            return text
        if len(message.text) <= longest:
            return message.text  # only the marks make it too long
        raise Refused(f"WhatsApp takes texts up to {longest} characters, got {len(message.text)}", code="too_long")

    async def show_activity(self, chat: str, activity: Activity, message: str) -> None:
        """Mark the message as read, and show "typing…" for 25 s; WhatsApp has no "recording…"."""
        if not message:
            return
        try:
            await self._api.show_typing(message)
        except VisavisError as error:
            log.info("could not show on WhatsApp that we write", extra={"error": error.code})

    def link_address(self, token: str) -> str:
        """An address that opens a chat with us and a text to send; empty before `check` or `run` has asked for our own
        number."""
        return f"https://wa.me/{self._number}?text=link%20{token}" if self._number else ""

    async def check(self) -> Sequence[str]:
        phone = await self._api.phone()
        self._learn(phone)
        known = [
            one for one in (phone.verified_name, phone.quality_rating and f"quality {phone.quality_rating}") if one
        ]
        return [
            f"the token works; the number is {', '.join([phone.display_phone_number, *known])}",
            _webhook_line(phone, self._settings.public_url.rstrip("/")),
            POLICY,
        ]

    def _learn(self, phone: Phone) -> None:
        self._number = "".join(character for character in phone.display_phone_number if character in "0123456789")

    async def close(self) -> None:
        await self._api.close()


def _addressed(chat: str) -> dict[str, str]:
    """Whom a message goes to. WhatsApp takes a user id in the place of a number, and loses the message without a word.

    Raises:
        Refused: it is neither.
    """
    if _PHONE_NUMBER.fullmatch(chat):
        return {"to": chat}
    if _USER_ID.fullmatch(chat):
        return {"recipient": chat}
    raise Refused(f"expected a phone number or a user id of WhatsApp, got {chat[:40]!r}", code="no_address")


def _webhook_line(phone: Phone, public_url: str) -> str:
    expected = f"{public_url or 'https://<your address>'}{PATH}"
    how = f"in the app's dashboard, WhatsApp, Configuration: set {expected}, and subscribe to the field messages"
    if not phone.webhook:
        return f"no webhook is set, so nothing comes in; {how}"
    if not phone.webhook.endswith(PATH) or (public_url and phone.webhook != expected):
        return f"webhooks go to {phone.webhook}, not to {expected}; {how}"
    return f"webhooks go to {phone.webhook}"
