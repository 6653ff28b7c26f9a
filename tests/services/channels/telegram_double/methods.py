"""The methods of the Bot API, with its limits and its words for what it refuses."""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, cast

from tests.services.channels.telegram_double.double import TelegramDouble
from tests.services.channels.telegram_double.html import EntityError, plain_text
from tests.services.channels.telegram_double.people import Person, Sent

MAX_FILE = 20 << 20
"""Bytes of a file that a bot may download."""
MAX_VOICE = 1 << 20
"""Bytes of a voice note; a larger one is shown as a file."""
MAX_UPLOAD = 50 << 20
MAX_TEXT = 4096
"""Units of UTF-16, without the marks."""
ACTIONS = (
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
)  # fmt: skip
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")

Method: TypeAlias = Callable[[TelegramDouble, Mapping[str, Any]], Awaitable[Any]]


class Refusal(Exception):
    """An answer that is not ok."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


async def get_me(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    return double.me()


async def get_updates(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    if double.webhook.url:
        raise Refusal(
            409, "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )  # fmt: skip
    _allow(double, arguments)
    offset, limit = int(arguments.get("offset", 0)), min(max(int(arguments.get("limit", 100)), 1), 100)
    double.polls += 1
    poll = double.polls
    double.notify()
    if offset < 0:  # the last ones, and all before them are forgotten
        double.updates = deque(list(double.updates)[offset:])
    while double.updates and offset > 0 and double.updates[0]["update_id"] < offset:
        double.updates.popleft()
    double.notify()
    deadline = time.monotonic() + min(int(arguments.get("timeout", 0)), 50)
    while not double.updates and time.monotonic() < deadline:
        await double.change()
        if double.closing:
            raise Refusal(500, "Internal Server Error: restart")
        if double.polls != poll:
            raise Refusal(
                409, "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )  # fmt: skip
    return list(itertools.islice(double.updates, limit))


def _allow(double: TelegramDouble, arguments: Mapping[str, Any]) -> None:
    if "allowed_updates" in arguments:
        kinds = _list(arguments["allowed_updates"])
        double.allowed = frozenset(kinds) if kinds else None


async def set_webhook(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    url = str(arguments.get("url", ""))
    if double.https_only and url and not url.startswith("https://"):
        raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    secret = str(arguments.get("secret_token", ""))
    if len(secret) > 256 or not all(c.isascii() and (c.isalnum() or c in "_-") for c in secret):
        raise Refusal(400, "Bad Request: secret token contains unallowed characters")
    _allow(double, arguments)
    if arguments.get("drop_pending_updates") in (True, "true"):
        double.updates.clear()
    double.webhook.set(url, secret, int(arguments.get("max_connections", 40)))
    double.webhook.push(double.updates)
    return True


async def delete_webhook(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    return await set_webhook(double, {**arguments, "url": ""})


async def get_webhook_info(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    info: dict[str, Any] = {
        "url": double.webhook.url, "has_custom_certificate": False, "pending_update_count": len(double.updates),
    }  # fmt: skip
    if double.webhook.last_error:
        info |= {"last_error_date": int(time.time()), "last_error_message": double.webhook.last_error}
    return info


async def get_file(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    file_id = str(arguments.get("file_id", ""))
    if file_id not in double.files or file_id in double.expired:
        raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    data = double.files[file_id]
    if len(data) > MAX_FILE:
        raise Refusal(400, "Bad Request: file is too big")
    path = next(path for path, known in double.paths.items() if known == file_id)
    return {"file_id": file_id, "file_unique_id": f"AgAD{file_id[-6:]}", "file_size": len(data), "file_path": path}


async def get_chat(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    person = _person(double, arguments)
    chat = {"id": person.id, "type": "private", "first_name": person.first_name, "accent_color_id": 0}
    chat |= {"max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(GIFTS, False)}
    return chat | ({"has_restricted_voice_and_video_messages": True} if person.voice_forbidden else {})


async def send_chat_action(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    person = _reachable(double, arguments)
    if arguments.get("action") not in ACTIONS:
        raise Refusal(400, "Bad Request: wrong parameter action in request")
    double.actions.append((person.id, str(arguments["action"])))
    return True


async def set_my_commands(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    commands = _list(arguments.get("commands", []))
    for command in commands:
        name, description = command["command"], command["description"]
        if not 1 <= len(name) <= 32 or not all(c.islower() or c.isdigit() or c == "_" for c in name):
            raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise Refusal(400, "Bad Request: command description is invalid")
    double.commands[str(arguments.get("language_code", ""))] = commands
    return True


async def send_message(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    person = _reachable(double, arguments)
    source = str(arguments.get("text", ""))
    text, mode = source, str(arguments.get("parse_mode", ""))
    if mode:
        try:
            text = plain_text(source)
        except EntityError as error:
            raise Refusal(400, f"Bad Request: can't parse entities: {error}") from error
    if not text.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > MAX_TEXT:
        raise Refusal(400, "Bad Request: message is too long")
    return _take(double, person, arguments, kind="text", text=text, html=source if mode else "")


async def send_voice(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    person = _reachable(double, arguments, voice=True)
    data, filename = _upload(arguments, "voice", "there is no voice in the request")
    is_voice = data.startswith(b"OggS") and b"OpusHead" in data[:64] and len(data) <= MAX_VOICE
    return _take(double, person, arguments, kind="voice" if is_voice else "document", media=data, filename=filename)


async def send_video_note(double: TelegramDouble, arguments: Mapping[str, Any]) -> Any:
    person = _reachable(double, arguments, voice=True)
    data, filename = _upload(arguments, "video_note", "there is no video note in the request")
    if not 0 <= int(arguments.get("length", 0)) <= 640:
        raise Refusal(400, "Bad Request: wrong video note length")
    is_note = data[4:8] == b"ftyp" and int(arguments.get("duration", 0)) <= 60
    return _take(double, person, arguments, kind="video_note" if is_note else "document", media=data, filename=filename)


def _person(double: TelegramDouble, arguments: Mapping[str, Any]) -> Person:
    person = double.persons.get(int(arguments.get("chat_id", 0) or 0))
    if person is None:
        raise Refusal(400, "Bad Request: chat not found")
    return person


def _reachable(double: TelegramDouble, arguments: Mapping[str, Any], *, voice: bool = False) -> Person:
    person = _person(double, arguments)
    if person.deactivated:
        raise Refusal(403, "Forbidden: user is deactivated")
    if person.blocked:
        raise Refusal(403, "Forbidden: bot was blocked by the user")
    if not person.started:
        raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
    if voice and person.voice_forbidden:
        raise Refusal(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
    return person


def _take(double: TelegramDouble, person: Person, arguments: Mapping[str, Any], **content: Any) -> dict[str, Any]:
    """Bring a message to a person; returns it as the bot is told."""
    reply = arguments.get("reply_parameters")
    reply_to = int(_object(reply)["message_id"]) if reply else 0
    duration = int(arguments.get("duration", 0))
    silent = arguments.get("disable_notification") in (True, "true")
    sent = Sent(
        next(double.message_ids), person.id, reply_to=reply_to, duration=duration, silent=silent, at=time.time(),
        **content,
    )  # fmt: skip
    double.sent.append(sent)
    double.notify()
    message = double.written_by(person) | {"message_id": sent.message_id, "from": double.me()}
    if sent.kind == "text":
        return message | {"text": sent.text}
    file = double.keep_file(sent.media, sent.kind, "bin", "AwACAgQAAx")
    times = {"duration": duration, "length": 480} if sent.kind == "video_note" else {"duration": duration}
    return message | {sent.kind: file | times}


def _upload(arguments: Mapping[str, Any], name: str, missing: str) -> tuple[bytes, str]:
    value = arguments.get(name)
    if isinstance(value, str) and value.startswith("attach://"):
        value = arguments.get(value.removeprefix("attach://"))
    if not isinstance(value, tuple) or not value[1]:
        raise Refusal(400, f"Bad Request: {missing}")
    filename, data = cast(tuple[str, bytes], value)
    if len(data) > MAX_UPLOAD:
        raise Refusal(413, "Request Entity Too Large")
    return data, filename


def _list(value: Any) -> list[Any]:
    return list(json.loads(value) if isinstance(value, str) else value)


def _object(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value)


METHODS: Mapping[str, Method] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "getFile": get_file,
    "getChat": get_chat,
    "sendChatAction": send_chat_action,
    "setMyCommands": set_my_commands,
    "sendMessage": send_message,
    "sendVoice": send_voice,
    "sendVideoNote": send_video_note,
}
