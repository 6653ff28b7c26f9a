"""pywa, a client that others wrote, drives the double: so the double is not merely our own idea of the API."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import httpx
import pytest
from pywa.client import WhatsApp as PyWa
from pywa.errors import ReEngagementMessage, WhatsAppError
from pywa.handlers import MessageHandler, MessageStatusHandler
from pywa.types.message import Message
from pywa.types.message_status import MessageStatus

from services.channels.channel import Outgoing
from services.channels.whatsapp.adapter import WhatsApp
from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp.conftest import OGG
from tests.services.channels.whatsapp_double import GraphDouble


class Rerouted(httpx.HTTPTransport):
    """Brings what goes to Meta to the double."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return super().handle_request(request)


@pytest.fixture
def pywa(double: GraphDouble) -> Any:
    with httpx.Client(transport=Rerouted(double.port)) as session:
        yield PyWa(
            phone_id=double.number_id,
            token=double.token,
            session=session,
            server=None,
            api_version="26.0",
            app_secret=double.app_secret,
            verify_token=double.verify_token,
            filter_updates=False,
        )


async def test_pywa_sends_what_arrives(double: GraphDouble, pywa: PyWa) -> None:
    person = double.person()
    question = double.says(person, shapes.text("Hi"))

    def talk() -> None:
        pywa.send_message(to=person.number, text="Hello", tracker="d1", reply_to_message_id=question)
        media = pywa.upload_media(OGG, mime_type="audio/ogg; codecs=opus", filename="voice.ogg")
        pywa.send_voice(to=person.user_id, voice=media.id)
        pywa.indicate_typing(question)

    await asyncio.to_thread(talk)
    text, voice = double.got(person)
    assert text.request["text"]["body"] == "Hello"
    assert text.request["biz_opaque_callback_data"] == "d1"
    assert (voice.request["recipient"], voice.bubble) == (person.user_id, True)
    assert double.typing == [question]


async def test_pywa_and_we_ask_for_the_same(double: GraphDouble, channel: WhatsApp, pywa: PyWa) -> None:
    person = double.person()
    question = double.says(person, shapes.text("Hi"))
    note = Outgoing(
        delivery="d1", chat=person.number, reply_to=question, silent=False, text="", media=OGG, kind="voice"
    )
    uploaded = await channel.upload(note)
    await channel.send(dataclasses.replace(note, uploaded=uploaded))
    await asyncio.to_thread(
        lambda: pywa.send_voice(to=person.number, voice=uploaded, tracker="d1", reply_to_message_id=question)
    )
    ours, theirs = double.got(person)
    assert ours.request == theirs.request


async def test_a_voice_note_that_pywa_names_itself_is_none(double: GraphDouble, pywa: PyWa) -> None:
    person = double.person()
    double.says(person, shapes.text("Hi"))
    await asyncio.to_thread(lambda: pywa.send_voice(to=person.number, voice=OGG, mime_type="audio/ogg; codecs=opus"))
    assert [(one.status, one.code) for one in double.sent] == [("failed", 131053)]


async def test_pywa_reads_the_doubles_files(double: GraphDouble, pywa: PyWa) -> None:
    double.records(double.person(), OGG)
    (media,) = double.files

    def fetch() -> bytes:
        return pywa.get_media_bytes(pywa.get_media_url(media).url)

    assert await asyncio.to_thread(fetch) == OGG


async def test_pywa_reads_the_doubles_errors(double: GraphDouble, pywa: PyWa) -> None:
    double.fault("code", code=131047)
    with pytest.raises(ReEngagementMessage):
        await asyncio.to_thread(lambda: pywa.send_message(to="16505551234", text="Hello"))
    double.token = "another"
    with pytest.raises(WhatsAppError, match="Session has expired"):
        await asyncio.to_thread(lambda: pywa.send_message(to="16505551234", text="Hello"))


async def test_pywa_reads_the_doubles_webhooks(double: GraphDouble, channel: WhatsApp, pywa: PyWa) -> None:
    person = double.person()
    heard: list[Message] = []
    told: list[MessageStatus[Any]] = []
    pywa.add_handlers(
        MessageHandler(lambda _, message: heard.append(message)),
        MessageStatusHandler(lambda _, status: told.append(status)),
    )
    wamid = double.records(person, OGG, context={"forwarded": True})
    await channel.send(Outgoing(delivery="d1", chat=person.number, reply_to="", silent=False, text="Hello"))
    for body in double.webhooks:
        assert pywa.webhook_update_validator(body, shapes.signature(body, double.app_secret)) is None
        assert await asyncio.to_thread(pywa.webhook_update_handler, body) == ("ok", 200)
    assert [(one.id, one.audio and one.audio.voice, one.forwarded) for one in heard] == [(wamid, True, True)]
    assert heard[0].from_user.wa_id == person.number
    assert [(one.status.value, one.tracker) for one in told] == [("sent", "d1"), ("delivered", "d1")]
