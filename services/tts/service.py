"""The TTS service: synthesises the sentences of a reply."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bus import clock, subjects
from bus.errors import VisavisError
from bus.events import (
    AudioOut,
    Body,
    CharacterCreated,
    Emotion,
    Event,
    ReplyInterrupted,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    VisemeMark,
)
from bus.ids import derive_id, seed_of
from bus.work.owners import Owners
from bus.work.service import Output, Reader, Service
from bus.work.slots import Owner
from services.characters import known_characters
from services.gpu_faults import GPU_USE, GpuFault
from services.readings import engine_note, engine_readings
from services.tts.chunker import SpeechChunker
from services.tts.earlier_speech import EarlierSpeech, earlier_speech, is_same_sound, recorded_voice
from services.tts.engine import SpeechPiece, Synthesizer, Voice
from services.tts.sentence_audio import SentenceAudio, SynthesisThreads
from services.tts.text.spoken_form import to_spoken_form

log = logging.getLogger(__name__)

_SENTENCE = 2.0
"""Seconds that a sentence is spoken, about: by which the next one is needed later than the first."""
CONCURRENCY = 32
"""Sentences under way at once. `SynthesisThreads` decides which of them goes on."""
CONCURRENCY_ON_CARD = 4
"""The same for XTTS, whose sentences hold memory of the card from their first sound to their last."""
AHEAD = 64
"""Conversations of which the next sentence is looked at before one is chosen."""
MAX_TEXT = 2_000
"""Characters of one sentence that are spoken; longer text is not speech."""


def speech_id(event: Event) -> str:
    """The id of a sentence's speech, derived from the event and its words: the same on every attempt.

    Where a power cut took a sentence and others are written in its place, the sound of the lost one may be left.
    """
    body = event.body
    assert isinstance(body, ReplySentence)
    return derive_id(event.id, "speech", body.text)


def voice_of(name: str, character: CharacterCreated | None, language: str) -> Voice:
    """The voice of a character, the default voice if it is unknown. Its sample is by default the one with its id."""
    if character is None:
        return Voice(language=language)
    sample = character.voice_sample or name
    return Voice(name=character.voice, pitch=character.pitch, pace=character.pace, language=language, sample=sample)


EMOTION_PROSODY: Mapping[Emotion, tuple[float, float]] = {
    "neutral": (1.0, 1.0),
    "happy": (1.05, 1.05),
    "sad": (0.95, 0.9),
    "surprised": (1.09, 1.03),
    "angry": (0.98, 1.07),
    "disgusted": (0.96, 0.96),
    "fearful": (1.06, 1.08),
}
"""Factors on pitch and pace, for voices without emotions of their own; directions: Banse and Scherer (1996)."""


def with_emotion(voice: Voice, emotion: Emotion) -> Voice:
    """The voice with the prosody of an emotion."""
    pitch, pace = EMOTION_PROSODY[emotion]
    return replace(voice, pitch=voice.pitch * pitch, pace=voice.pace * pace)


class SentenceSynthesizer:
    """Handles one sentence: `speech.started`, audio chunks of which the last is final, `speech.ended`.

    A sentence without anything to say aloud (a row of pictographs) has the same outputs with no packet and 0 samples:
    the playback of the reply continues at once. A block that is only shown (code, a table) has no outputs.
    """

    def __init__(self, synthesizer: Synthesizer, engine: str) -> None:
        self._synthesizer = synthesizer
        self._engine = engine
        self._threads = SynthesisThreads(CONCURRENCY_ON_CARD if engine == "xtts" else None)
        self._owners: Owners | None = None
        for language in ("en", "de"):
            to_spoken_form("1", language)  # compiles the rules, which the first sentence would wait for: 60 ms

    async def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        body = event.body
        assert isinstance(body, ReplySentence)
        if body.spoken_text == "":
            return  # a block that is only shown: nobody waits for its speech
        speech = speech_id(event)
        characters = await known_characters(reader, needed=body.character)
        voice = voice_of(body.character, characters.get(body.character), body.language)
        voice = with_emotion(replace(voice, pace=voice.pace * body.pace), body.emotion)
        words = body.text if body.spoken_text is None else body.spoken_text
        text = to_spoken_form(words[:MAX_TEXT], body.language) if body.spoken else ""
        self._owners = self._owners or Owners(reader)
        make = partial(self._audio, event, speech, text, voice, body.volume, self._owners)
        audio = make()  # synthesis begins while `speech.started` is being published
        try:
            spoken_by = self._synthesizer.voice_for(voice)
            yield SpeechStarted(
                speech=speech,
                reply=body.reply,
                index=body.index,
                character=body.character,
                voice=spoken_by,
                # The engine that speaks this voice: another one than was chosen while that one loads, and in languages
                # that it does not speak.
                engine=spoken_by.split("/")[0] if "/" in spoken_by else self._engine,
                emotion=body.emotion,
                emotion_before=body.emotion_before,
            )
            before = await earlier_speech(event.conversation, speech, spoken_by, reader)
            begun = before is not None
            if before is not None and not before.is_over and before.in_this_voice and await _goes_on(audio, before):
                before = None
            if before is not None:
                if not before.is_over:
                    log.warning("a sentence ends where another voice left it", extra={"speech": speech})
                    yield before.end()
                yield _ended(body, speech, before.samples, before.visemes, complete=before.is_whole)
                return
            complete = True
            while True:
                try:
                    chunk = await audio.next()
                except GpuFault as fault:
                    if begun:
                        log.warning("a sentence ends where the graphics card failed", extra={"why": fault.detail})
                        complete = False
                        for last in audio.chunker.finish():
                            yield last
                        break
                    audio.close()
                    audio, begun = make(), True  # by another engine; a second fault is none that this can mend
                    spoken_by = self._synthesizer.voice_for(voice)
                    continue
                if not begun:  # an engine may have begun with another voice than it had meant to
                    spoken_by = self._synthesizer.voice_for(voice)
                yield chunk
                begun = True
                if chunk.final:
                    break
            recorded = await recorded_voice(event.conversation, speech, reader)
            other = spoken_by if recorded not in ("", spoken_by) else ""
            chunker = audio.chunker
            yield _ended(body, speech, chunker.samples, chunker.visemes, complete=complete, voice=other)
        finally:
            audio.close()

    def _audio(
        self, event: Event, speech: str, text: str, voice: Voice, volume: float, owners: Owners
    ) -> SentenceAudio:
        chunker = SpeechChunker(event.conversation, speech)
        chunks = self._chunks(chunker, text, voice, seed_of(speech), volume)

        async def owner(is_wanted: bool) -> Owner:
            conversation = event.conversation
            return await owners.look_up(conversation) if is_wanted else owners.known(conversation)

        waited = (clock.now() - event.at) / 1_000_000
        return self._threads.start(chunker, chunks, needed_after(event) - waited, owner)

    def _chunks(
        self, chunker: SpeechChunker, text: str, voice: Voice, seed: int, volume: float
    ) -> Generator[AudioOut, None, None]:
        if text:
            for piece in self._synthesizer.speak(text, voice, seed):
                yield from chunker.push(piece if volume == 1 else scale_volume(piece, volume))
        yield from chunker.finish()


async def _goes_on(audio: SentenceAudio, before: EarlierSpeech) -> bool:
    """Make again what is on the log; whether it is the same sound, so that what follows fits behind it."""
    for earlier in before.chunks:
        try:
            chunk = await audio.next()
        except GpuFault:
            return False  # another engine would go on
        if chunk.final or not is_same_sound(earlier, chunk):
            return False
    return True


def _ended(
    body: ReplySentence, speech: str, samples: int, visemes: Iterable[VisemeMark], *, complete: bool, voice: str = ""
) -> SpeechEnded:
    return SpeechEnded(
        speech=speech, reply=body.reply, index=body.index, samples=samples, visemes=tuple(visemes), complete=complete,
        voice=voice,
    )  # fmt: skip


def scale_volume(piece: SpeechPiece, volume: float) -> SpeechPiece:
    """A piece of speech at a volume of 0 to 1."""
    return replace(piece, samples=(piece.samples * min(volume, 1.0)).astype(piece.samples.dtype))


def failure_facts(event: Event, error: VisavisError) -> Iterable[Body]:
    """What the service publishes if it cannot synthesise a sentence: the page shows that it stays text."""
    body = event.body
    if isinstance(body, ReplySentence):
        yield SpeechFailed(
            speech=speech_id(event), reply=body.reply, index=body.index, code=error.code, detail=error.detail
        )


def needed_after(event: Event) -> float:
    """Seconds after which a sentence is needed: the first one of a reply at once, which others must not wait for."""
    return _SENTENCE * event.body.index if isinstance(event.body, ReplySentence) else 0.0


async def is_finished(event: Event, later: Sequence[Event], reader: Reader) -> bool:
    """Whether a sentence is spoken to its end. See `bus.work.service.Service.is_finished`."""
    body = event.body
    assert isinstance(body, ReplySentence)
    if body.spoken_text == "":
        return True
    for one in (fact.body for fact in later):
        if isinstance(one, ReplyInterrupted) and one.reply == body.reply:
            return True
        if isinstance(one, SpeechFailed) and (one.reply, one.index) == (body.reply, body.index):
            return True
        if isinstance(one, SpeechEnded) and (one.reply, one.index) == (body.reply, body.index):
            last = await reader.last_media(AudioOut, subjects.audio_out(event.conversation, one.speech))
            return last is not None and last.final
    return False


def service(synthesizer: Synthesizer, engine: str) -> Service:
    return Service(
        name="tts",
        consumes=(ReplySentence,),
        handle=SentenceSynthesizer(synthesizer, engine),
        engine=engine,
        on_failure=failure_facts,
        is_finished=is_finished,
        readings=engine_readings,
        note=engine_note,
        metadata=GPU_USE.metadata,
        why_restart=GPU_USE.why_restart,
        media=("audio",),
        concurrency=CONCURRENCY_ON_CARD if engine == "xtts" else CONCURRENCY,
        needed_after=needed_after,
        ahead=AHEAD,
    )
