"""Before the first words of a conversation its request is prepared, for an engine that takes long over a prompt."""

from __future__ import annotations

from bus.errors import EngineError
from bus.events import ConversationOpened, LiveEvent, Watching
from services.dialogue.engine import ChatRequest
from services.dialogue.service import Dialogue
from tests.fakes import FakeReader, event
from tests.services.dialogue.test_service import ADA, BO, FakeChat


async def test_the_first_request_of_an_opened_conversation_is_prepared_once() -> None:
    opened = event(ConversationOpened(person="p", character="ada", language="de"), name="open")
    watching = LiveEvent(at=5, conversation="c", body=Watching(session="s"))
    reader = FakeReader([(1, opened)], characters={"ada": ADA, "bo": BO}, live={"one": watching, "two": watching})
    prepared: list[ChatRequest] = []

    async def prepare(request: ChatRequest) -> None:
        prepared.append(request)

    dialogue = Dialogue(FakeChat(), prepare_request=prepare)
    assert [output async for output in dialogue.prepare(reader)] == []
    (request,) = prepared
    assert (request.text, request.character, request.others, request.language) == ("", ADA, ("Bo",), "de")


async def test_a_request_that_could_not_be_prepared_is_tried_again() -> None:
    watching = LiveEvent(at=5, conversation="c", body=Watching(session="s"))
    reader = FakeReader(characters={"ada": ADA}, live=dict.fromkeys(("one", "two", "three"), watching))
    tries: list[ChatRequest] = []

    async def prepare(request: ChatRequest) -> None:
        tries.append(request)
        if len(tries) == 1:
            raise EngineError("it is loading", retryable=True, code="llm_failed")

    assert [output async for output in Dialogue(FakeChat(), prepare_request=prepare).prepare(reader)] == []
    assert len(tries) == 2
