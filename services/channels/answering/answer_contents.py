"""What a reply becomes in a channel: voice notes, a video, texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bus.channel_events import Content, TextContent, VideoContent, VoiceContent
from bus.events import ReplySentence
from bus.work.service import Reader
from services.channels.answering.answer_form import AnswerForm
from services.channels.answering.answer_parts import shown_only, split_texts, spoken_words, whole_text
from services.channels.answering.speech_groups import groups_for_video, groups_for_voice_notes
from services.channels.answering.turn_progress import TurnProgress
from services.channels.channel import Capabilities
from services.channels.text_parts import split_text


async def contents_of(
    progress: TurnProgress, form: AnswerForm, capabilities: Capabilities, conversation: str, reader: Reader
) -> list[Content]:
    """The messages of a reply whose text is complete, in their order.

    It is a text where nothing is spoken, or the voice has not come to its end. Beside the voice goes as text what it
    does not say: blocks that are only shown, addresses; and all of it where a sentence could not be spoken.
    """
    sentences = progress.told()
    whole = _texts(split_texts(sentences, capabilities.longest_text))
    spoken = [one for one in sentences if progress.samples.get(one.index)]
    if form.medium == "text" or not spoken or progress.awaited_speeches():
        return whole
    voice = await _voice(progress, spoken, form, capabilities, conversation, reader)
    silent = any(not one.spoken and one.spoken_text != "" for one in sentences)
    if form.with_text or silent or progress.unspoken:
        return [*voice, *whole]
    return [*voice, *_texts(split_text(shown_only(sentences), capabilities.longest_text))]


async def _voice(
    progress: TurnProgress,
    spoken: Sequence[ReplySentence],
    form: AnswerForm,
    capabilities: Capabilities,
    conversation: str,
    reader: Reader,
) -> list[Content]:
    """What is spoken: as a video where all of it is drawn, else as voice notes."""
    speeches = [progress.speeches[one.index] for one in spoken]
    samples = [progress.samples[one.index] for one in spoken]

    def ids(group: Sequence[int]) -> tuple[str, ...]:
        return tuple(speeches[at] for at in group)

    def words(group: Sequence[int]) -> str:
        return spoken_words(spoken[at] for at in group)

    if form.medium == "video" and all(progress.frames.get(one) for one in speeches):
        groups = groups_for_video(samples, capabilities.longest_video)
        if groups:
            return [VideoContent(speeches=ids(group), text=words(group)) for group in groups]
    if not capabilities.voice:
        return _texts(split_text(whole_text(spoken), capabilities.longest_text))
    groups = await groups_for_voice_notes(reader, conversation, speeches, samples, capabilities.largest_voice_note)
    return [VoiceContent(speeches=ids(group), text=words(group)) for group in groups]


def _texts(texts: Iterable[str]) -> list[Content]:
    return [TextContent(text=text, markdown=True) for text in texts]
