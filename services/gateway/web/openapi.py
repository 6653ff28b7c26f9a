"""The description of the HTTP API in OpenAPI 3.1, `GET /api/openapi.json`, from which clients and tests are made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from projections.link_view import ChannelsView, LinkOffer, LinkView
from projections.read_model_queries import ConversationSummary, SearchHit
from projections.replay.view import ReplayEvent, ReplayEventDetail, ReplayView
from projections.view import ConversationView
from services.gateway.web.answers import (
    CharacterAnswer,
    Erasure,
    IceServers,
    NewId,
    PersonErased,
    Receipt,
    RequestedCharacter,
    SentMessage,
    SessionAnswer,
    Status,
    TokenAnswer,
)
from services.gateway.web.conversation_routes import CharacterChoice, NewConversation, NewMessage
from services.gateway.web.link_routes import LinkChange, NewLink, Pairing
from services.gateway.web.sign_in import NewToken, SignIn

_SCHEMA = "#/components/schemas/{name}"
_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}

Method = Literal["get", "post", "put", "patch", "delete"]


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: Method
    path: str
    """Within `/api`."""
    summary: str
    status: int = 200
    answer: Any = None
    """The type of the JSON; the media type of something else; None: no body."""
    body: Any = None
    """Likewise of the request."""
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schemas of the parameters, all of which are optional."""


_SEQUENCE = {"type": "integer", "minimum": 0}
_TIME = {"type": "number"}
OPERATIONS = (
    Operation("get", "/characters", "The characters that one may talk to", answer=list[CharacterAnswer]),
    Operation("get", "/characters/{character}/portrait", "A character's picture", answer="image/jpeg"),
    Operation("delete", "/characters/{character}", "Remove a character of one's own", 204),
    Operation("post", "/conversations", "Begin a conversation", 201, NewId, NewConversation),
    Operation("get", "/conversations", "One's own conversations", answer=list[ConversationSummary]),
    Operation("get", "/search", "Turns in which words were said", answer=list[SearchHit], query={"text": _TEXT}),
    Operation("get", "/conversations/{conversation}", "A conversation", answer=ConversationView),
    Operation("delete", "/conversations/{conversation}", "Erase a conversation", 202, Receipt),
    Operation("get", "/erasures/{conversation}", "The receipt of an erasure", answer=Erasure),
    Operation("get", "/person/export", "All that is known of the person", answer="application/zip"),
    Operation("delete", "/person", "Erase the person", 202, PersonErased),
    Operation("get", "/conversations/{conversation}/events", "The conversation's events as they come",
              answer="text/event-stream", query={"after": _SEQUENCE}),
    Operation("post", "/conversations/{conversation}/messages", "Write a message", 202, SentMessage, NewMessage),
    Operation("put", "/conversations/{conversation}/character", "Choose another character", 204, None,
              CharacterChoice),
    Operation("post", "/conversations/{conversation}/characters", "Make a character from a photo", 202,
              RequestedCharacter, "multipart/form-data"),
    Operation("post", "/conversations/{conversation}/interrupt", "Stop the reply that is being told", 204),
    Operation("post", "/conversations/{conversation}/rtc", "Begin a call", 201, "application/sdp", "application/sdp"),
    Operation("patch", "/rtc/{session}", "Addresses of the browser", 204, None, "application/trickle-ice-sdpfrag"),
    Operation("delete", "/rtc/{session}", "End a call", 204),
    Operation("post", "/rtc/{session}/leave", "End a call, for beacons", 204),
    Operation("get", "/rtc/ice", "Servers for `RTCPeerConnection`", answer=IceServers),
    Operation("get", "/channels", "The channels that are set up, and one's own links", answer=ChannelsView),
    Operation("post", "/links", "Offer a link to a channel's account", 201, LinkOffer, NewLink),
    Operation("post", "/links/{link}/confirm", "Confirm who has claimed a link", answer=LinkView),
    Operation("post", "/links/{link}/refuse", "Refuse who has claimed a link", 204),
    Operation("patch", "/links/{link}", "Change a link", answer=LinkView, body=LinkChange),
    Operation("delete", "/links/{link}", "End a link", 204),
    Operation("post", "/pairings", "Link the account that was told a code", 201, LinkView, Pairing),
    Operation("get", "/session", "Whether a key is needed, and who has signed in", answer=SessionAnswer),
    Operation("post", "/session", "Sign in with a key", 204, None, SignIn),
    Operation("delete", "/session", "Sign out", 204),
    Operation("delete", "/session/everywhere", "End all cookies, sessions and tokens", 204),
    Operation("post", "/tokens", "A token for a browser", 201, TokenAnswer, NewToken),
    Operation("get", "/replay/{conversation}", "A past conversation in time", answer=ReplayView),
    Operation("get", "/replay/{conversation}/events", "Its events", answer=list[ReplayEvent],
              query={"turn": _TEXT, "from": _TIME, "to": _TIME, "around": _SEQUENCE,
                     "limit": {"type": "integer", "minimum": 1}}),
    Operation("get", "/replay/{conversation}/events/{event}", "One of them, its causes and consequences",
              answer=ReplayEventDetail),
    Operation("get", "/replay/{conversation}/sound/{clip}", "The sound of a clip, as WAV; `.ogg`: as Opus",
              answer="audio/*"),
    Operation("get", "/replay/{conversation}/video/{clip}.mp4", "The pictures of a clip", answer="video/mp4"),
    Operation("get", "/replay/idle/{character}.mp4", "A character that waits", answer="video/mp4"),
    Operation("get", "/analytics/{question}", "An answer from the tables, for the operator", answer="application/json",
              query={"since": _TEXT}),
    Operation("get", "/status", "What runs, and what is in the way", answer=Status),
    Operation("get", "/openapi.json", "This description", answer="application/json"),
)  # fmt: skip
_PHOTO = {
    "type": "object",
    "required": ["photo", "name"],
    "properties": {"photo": _BYTES}
    | dict.fromkeys(("name", "tagline", "personality", "greeting", "voice", "language"), _TEXT),
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object", "required": ["code", "message"], "properties": {"code": _TEXT, "message": _TEXT}
        }
    },
}  # fmt: skip


async def _answer(request: Request) -> Response:
    return Response(_encoded(), media_type="application/json")


ROUTE = Route("/openapi.json", _answer)


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(description())


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    types = [one for operation in OPERATIONS for one in (operation.answer, operation.body)
             if one is not None and not isinstance(one, str)]  # fmt: skip
    schemas, components = msgspec.json.schema_components(types, ref_template=_SCHEMA)
    known = {repr(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Visavis", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {"schemas": {**components, "Error": _ERROR}},
    }


def _described(operation: Operation, known: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": _name(operation),
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _TEXT}
              for name in re.findall(r"\{(\w+)\}", operation.path)),
            *({"name": name, "in": "query", "schema": dict(schema)} for name, schema in operation.query.items()),
        ],
        "responses": {
            str(operation.status): {"description": "done", **_content(operation.answer, known)},
            "default": {
                "description": "an error",
                "content": {"application/json": {"schema": {"$ref": _SCHEMA.format(name="Error")}}},
            },
        },
    }  # fmt: skip
    if operation.answer == "image/jpeg":
        described["responses"]["304"] = {"description": "as before"}
    if operation.body is not None:
        described["requestBody"] = {"required": True, **_content(operation.body, known)}
    return described


def _content(kind: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    if kind is None:
        return {}
    if kind == "multipart/form-data":
        return {"content": {kind: {"schema": _PHOTO}}}
    if isinstance(kind, str):
        is_text = kind.startswith(("text/", "application/sdp", "application/trickle"))
        schema = {} if kind == "application/json" else _TEXT if is_text else _BYTES
        return {"content": {kind: {"schema": schema}}}
    return {"content": {"application/json": {"schema": known[repr(kind)]}}}


def _name(operation: Operation) -> str:
    """Such as `post_conversations_messages`."""
    words = [word for word in operation.path.split("/") if word and "{" not in word]
    return "_".join([operation.method, *words]).replace(".", "_")
