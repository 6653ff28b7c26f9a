"""Writes the facts of one reply: sentences with their places and moods, calls of tools, a notice of failure. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from bus.events import Emotion, ReplySentence, ToolCalled, ToolReturned
from projections.conversation import Conversation
from services.dialogue.engine import ChatRequest, ToolCall
from services.dialogue.failure_sentences import failure_sentence
from services.dialogue.segmenter import Segment
from services.dialogue.tool_use import ReplyProgress, Step, waiting_sentence


class ReplyWriter:
    """One reply, as far as it has been written.

    Args:
        reply: its id.
        character: id of the character that answers.
        conversation: whose pace, volume and voice the sentences have.
        language: of the reply.
    Attributes:
        told: whether it has a sentence of an answer.
    """

    def __init__(self, reply: str, character: str, conversation: Conversation, language: str) -> None:
        self.told = False
        self._reply = reply
        self._character = character
        self._conversation = conversation
        self._language = language
        self._progress = ReplyProgress()
        self._index = 0
        self._emotion: Emotion = "neutral"

    def repeat(self, step: Step) -> Step:
        """Take a step that is on the log already; it is output again, in its place."""
        self._progress.add(step)
        if isinstance(step, ReplySentence):
            self.told = True
            self._index = max(self._index, step.index + 1)
            self._emotion = step.emotion
        return step

    def skip(self, index: int) -> None:
        """Give the next sentence an index after this one, which a notice of failure has."""
        self._index = max(self._index, index + 1)

    @property
    def sentences(self) -> int:
        """Number of sentences."""
        return self._index

    @property
    def pending(self) -> bool:
        """Whether a call has no result."""
        return self._progress.pending is not None

    @property
    def silent(self) -> bool:
        """Whether nothing has been said since the newest result of a tool."""
        return not self._progress.said

    def continued(self, request: ChatRequest) -> ChatRequest:
        """The request for what follows."""
        progress = self._progress
        offered = progress.offered(request.tools)
        return replace(request, reply_so_far=progress.said, exchanges=progress.exchanges, tools=offered)

    def sentence(self, segment: Segment, language: str) -> ReplySentence:
        """The next sentence."""
        sentence = ReplySentence(
            reply=self._reply,
            index=self._index,
            text=segment.text,
            character=self._character,
            language=language,
            emotion=segment.emotion or self._emotion,
            emotion_before=self._emotion,
            pace=self._conversation.pace,
            volume=self._conversation.volume,
            spoken=self._conversation.voice and segment.spoken_text != "",
            spoken_text=None if segment.spoken_text == segment.text else segment.spoken_text,
            space_before=segment.space_before,
        )
        self.repeat(sentence)
        return sentence

    def waiting(self) -> ReplySentence:
        """A sentence while a slow tool is awaited."""
        words, language = waiting_sentence(self._language)
        return self.sentence(Segment(text=words, spoken_text=words), language)

    def called(self, call: ToolCall) -> ToolCalled:
        """A call that is about to be made."""
        id_ = self._progress.next_call_id()
        called = ToolCalled(reply=self._reply, call=id_, name=call.name, arguments=call.arguments)
        self._progress.add(called)
        return called

    def returned(self, result: str, *, failed: bool) -> ToolReturned:
        """The result of the newest call."""
        assert self._progress.pending is not None
        returned = ToolReturned(reply=self._reply, call=self._progress.pending.call, result=result, failed=failed)
        self._progress.add(returned)
        return returned

    def notice(self, code: str) -> ReplySentence:
        """The sentence that says that the reply failed, with an error of this code."""
        text, language = failure_sentence(code, self._language, begun=self.told)
        segment = Segment(text=text, spoken_text=text, space_before="\n\n", emotion="neutral")
        return replace(self.sentence(segment, language), notice=True)
