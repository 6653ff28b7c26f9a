"""The shapes of WhatsApp's Cloud API, as Meta documents them: webhooks, errors, signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

HTTP_STATUS = {
    0: 401, 1: 400, 2: 503, 3: 500, 4: 400, 10: 403, 100: 400, 190: 401, 200: 403, 368: 403, 131000: 500, 131016: 500,
    131031: 403,
}  # fmt: skip
"""Of errors by their codes; all others come with 400."""
WORDS = {
    100: "(#100) Invalid parameter", 190: "Error validating access token: Session has expired",
    130429: "(#130429) Rate limit hit", 131026: "(#131026) Message undeliverable",
    131047: "(#131047) Re-engagement message", 131053: "(#131053) Media upload error",
    131056: "(#131056) (Business Account, Consumer Account) pair rate limit hit",
}  # fmt: skip


def wamid() -> str:
    """A new id of a message, in Base64 as Meta's are."""
    return f"wamid.{base64.b64encode(uuid.uuid4().bytes * 2).decode()}"


def error(code: int, details: str = "") -> Json:
    """The body of an answer that is no success."""
    words = WORDS.get(code, f"(#{code}) Refused")
    data = {"messaging_product": "whatsapp", "details": details or words}
    trace = uuid.uuid4().hex[:22]
    return {
        "error": {"message": words, "type": "OAuthException", "code": code, "error_data": data, "fbtrace_id": trace}
    }


def status_error(code: int) -> Json:
    """An error in a status."""
    words = WORDS.get(code, f"(#{code}) Failed").split(") ", 1)[-1]
    href = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
    return {"code": code, "title": words, "message": words, "error_data": {"details": words}, "href": href}


def webhook(number_id: str, display: str, value: dict[str, list[Json]], *, waba: str = "102290129340398") -> Json:
    """A webhook with messages, statuses or both."""
    metadata = {"display_phone_number": display, "phone_number_id": number_id}
    inside = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba, "changes": [{"value": inside, "field": "messages"}]}],
    }


def contact(number: str, user_id: str, name: str, *, hidden: bool = False) -> Json:
    """The contact of a person; one with a user name shows no number."""
    found: Json = {"profile": {"name": name}, "wa_id": number, "user_id": user_id}
    if hidden:
        del found["wa_id"]
        found["profile"]["username"] = f"@{name.lower()}"
    return found


def voice(media: str, data: bytes, url: str, *, recorded: bool = True) -> Json:
    """The content of a voice note, or of an audio file."""
    sha = base64.b64encode(hashlib.sha256(data).digest()).decode()
    mime = "audio/ogg; codecs=opus" if recorded else "audio/mpeg"
    audio = {"mime_type": mime, "sha256": sha, "id": media, "url": url, "voice": recorded}
    return {"type": "audio", "audio": audio}


def text(body: str) -> Json:
    return {"type": "text", "text": {"body": body}}


def changed_number(old: str, new: str, old_user: str, new_user: str) -> Json:
    """The content of the notice that a person has another number, and so another user id."""
    system = {
        "body": f"User A changed from {old} to {new}", "type": "user_changed_number", "wa_id": new,
        "user_id": new_user, "previous_user_id": old_user,
    }  # fmt: skip
    return {"type": "system", "system": system}


def as_sent(content: Json) -> bytes:
    """JSON as Meta writes it: other characters than ASCII and slashes are escaped."""
    return json.dumps(content).replace("/", "\\/").encode()


def signature(body: bytes, secret: str) -> str:
    """The header X-Hub-Signature-256 of a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
