"""What the server knows: who uses it, what waits for the bot, and what reached people."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from tests.services.channels.telegram_double.people import Call, Fault, FaultKind, Person, Sent
from tests.services.channels.telegram_double.webhook import Webhook

TOKEN = "123456789:AAF-double_of_the_bot_api-0123456789"
USERNAME = "visavis_double_bot"
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class TelegramDouble:
    """The server's state. Set its fields, and call its methods, in the loop that it is served in.

    Args:
        token: of its only bot.
        https_only: refuse webhooks without HTTPS, as the public server does.
        pace: seconds in the double for one second of Telegram's waits, so that tests need not wait.
    """

    def __init__(self, token: str = TOKEN, *, https_only: bool = False, pace: float = 0.01) -> None:
        self.token = token
        self.bot = int(token.partition(":")[0])
        self.url = ""
        self.ann = Person(777000111, "Ann", "ann")
        self.ben = Person(777000222, "Ben", "ben", "de")
        self.persons = {person.id: person for person in (self.ann, self.ben)}
        self.updates: deque[dict[str, Any]] = deque()
        """Not confirmed yet."""
        self.files: dict[str, bytes] = {}
        """By their ids."""
        self.paths: dict[str, str] = {}
        """The id of the file at each path."""
        self.expired: set[str] = set()
        """Ids of files that can be had no more."""
        self.sent: list[Sent] = []
        self.actions: list[tuple[int, str]] = []
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.calls: list[Call] = []
        self.allowed: frozenset[str] | None = None
        """Kinds of updates; None: all but those that have to be asked for."""
        self.webhook = Webhook(pace, self._delivered)
        self.https_only = https_only
        self.pace = pace
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.update_ids = itertools.count(1001)
        self.message_ids = itertools.count(2)
        self.polls = 0
        self.closing = False
        """The server is going away: who waits is sent off."""
        self._changed = asyncio.Event()

    # what people do

    def text(self, text: str, person: Person | None = None, **fields: Any) -> int:
        """A person writes; returns the id of the update. Further fields go into the message, such as forward_origin."""
        command = text.split()[0] if text.startswith("/") else ""
        entities = [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else []
        return self.message(person, text=text, **({"entities": entities} if entities else {}), **fields)

    def voice(self, data: bytes, person: Person | None = None, *, seconds: int = 2, **fields: Any) -> int:
        """A person sends a voice note that claims to last so long."""
        file = self.keep_file(data, "voice", "oga", "AwACAgIAAx") | {"duration": seconds, "mime_type": "audio/ogg"}
        return self.message(person, voice=file, **fields)

    def video_note(self, data: bytes, person: Person | None = None, *, seconds: int = 2, **fields: Any) -> int:
        file = self.keep_file(data, "video_notes", "mp4", "DQACAgIAAx") | {"duration": seconds, "length": 384}
        return self.message(person, video_note=file, **fields)

    def audio(self, data: bytes, person: Person | None = None, *, mime: str = "audio/mpeg", **fields: Any) -> int:
        file = self.keep_file(data, "music", "mp3", "CQACAgIAAx") | {"duration": 3, "mime_type": mime, "title": "Song"}
        return self.message(person, audio=file, **fields)

    def document(self, data: bytes, person: Person | None = None, *, mime: str, **fields: Any) -> int:
        file = self.keep_file(data, "documents", "bin", "BQACAgIAAx") | {"mime_type": mime, "file_name": "file.bin"}
        return self.message(person, document=file, **fields)

    def message(self, person: Person | None = None, **content: Any) -> int:
        """A person sends a message of any content to the bot."""
        person = person or self.ann
        person.started = True
        message_id = next(self.message_ids)
        return self.update("message", self.written_by(person) | {"message_id": message_id} | content)

    def edit(self, message_id: int, person: Person | None = None, **content: Any) -> int:
        """A person changes a message."""
        edited = self.written_by(person or self.ann) | {"message_id": message_id, "edit_date": int(time.time())}
        return self.update("edited_message", edited | content)

    def block(self, person: Person | None = None, *, blocked: bool = True) -> int:
        """A person blocks the bot, or lets it write again."""
        person = person or self.ann
        person.blocked = blocked
        statuses = ("member", "kicked") if blocked else ("kicked", "member")
        old, new = ({"user": self.me(), "status": status, "until_date": 0} for status in statuses)
        return self.update("my_chat_member", self.written_by(person) | {"old_chat_member": old, "new_chat_member": new})

    def update(self, kind: str, content: Mapping[str, Any]) -> int:
        """Something happens; returns the id of the update, 0 where the bot is not to be told."""
        allowed = kind in self.allowed if self.allowed is not None else kind not in NOT_BY_DEFAULT
        if not allowed:
            return 0
        number = next(self.update_ids)
        self.updates.append({"update_id": number, kind: dict(content)})
        self.notify()
        self.webhook.push(self.updates)
        return number

    # what goes wrong

    def fault(self, method: str, kind: FaultKind, *, times: int = 1, **details: Any) -> None:
        """Let the next calls of a method go wrong. The method "file" is a download."""
        self.faults[method.lower()].extend([Fault(kind, **details)] * times)

    # what is seen from outside

    async def reached(self, count: int, *, timeout: float = 20.0) -> list[Sent]:
        """What reached people, once it is so many messages."""
        async with asyncio.timeout(timeout):
            while len(self.sent) < count:
                await self.change()
        return list(self.sent)

    async def confirmed(self, *, timeout: float = 20.0) -> None:
        """Wait until the bot has confirmed all updates."""
        async with asyncio.timeout(timeout):
            while self.updates:
                await self.change()

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def change(self) -> None:
        # Also by hand, for fields that a test sets.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), 0.2)

    def notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _delivered(self, number: int) -> None:
        self.updates = deque(update for update in self.updates if update["update_id"] != number)
        self.notify()

    def written_by(self, person: Person) -> dict[str, Any]:
        known = {"id": person.id, "first_name": person.first_name}
        if person.username:
            known["username"] = person.username
        sender = known | {"is_bot": False, "language_code": person.language_code}
        return {"from": sender, "chat": known | {"type": "private"}, "date": int(time.time())}

    def keep_file(self, data: bytes, folder: str, suffix: str, prefix: str) -> dict[str, Any]:
        number = len(self.files)
        file_id = f"{prefix}{number:06d}"
        self.files[file_id] = data
        self.paths[f"{folder}/file_{number}.{suffix}"] = file_id
        return {"file_id": file_id, "file_unique_id": f"AgAD{number:06d}", "file_size": len(data)}

    def me(self) -> dict[str, Any]:
        return {
            "id": self.bot, "is_bot": True, "first_name": "Visavis", "username": USERNAME, "can_join_groups": False,
            "can_read_all_group_messages": False, "supports_inline_queries": False,
        }  # fmt: skip
