"""English with pocketsphinx, whose wheel carries its model: no download, no GPU, for quiet rooms and clear voices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pocketsphinx import Decoder

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE, UNKNOWN_LANGUAGE, Word
from services.audio import samples_from_pcm
from services.stt.engine import Transcript
from services.stt.local_agreement import StablePrefix
from services.stt.pauses import Pauses

FRAMES_PER_SECOND = 100
MEAN_CEPSTRUM = "41.00,-5.29,-0.12,5.09,2.48,-4.07,-1.37,-1.78,-5.08,-2.05,-6.45,-1.42,1.17"
"""Of the speech that the model was trained on. Each utterance starts from it, not from what the speaker before left, so
that the same audio gives the same words whenever it is heard: a replay relies on that. (What is left of the one before,
the choice of Gaussians, moves confidences by less than 0.01. From the decoder's own start value there are a third more
wrong words.)"""
OPTIONS = {"maxhmmpf": 3000, "fwdflat": True}
"""Half the time at hardly a wrong word more. The second pass costs 25 ms a second of speech at the end and spares one
wrong word in ten."""

PAUSE = MICROPHONE_RATE * 220 // 1000
"""Samples of quiet that end a segment: longer than the closure of any consonant, shorter than what ends a phrase."""
BEFORE = MICROPHONE_RATE * 250 // 1000
"""Samples of quiet given to the decoder before the voice that begins the next segment."""


class Pocketsphinx:
    """Keeps its decoders, of which each hears one utterance at a time.

    Args:
        prepared: decoders loaded at once; more are loaded when they are needed (0.5 s, 90 MB each).
    """

    threads = 1
    """It holds the interpreter while it works: more would only wait for one another."""
    prompted = False

    def __init__(self, prepared: int = 1) -> None:
        self._idle = [_decoder() for _ in range(prepared)]

    @property
    def idle(self) -> int:
        """Decoders that wait for work."""
        return len(self._idle)

    def open(self, language: str, prompt: str = "") -> PocketsphinxTranscription:
        if language.lower().split("-")[0] not in ("en", UNKNOWN_LANGUAGE):
            detail = f"pocketsphinx hears English only, got language {language!r}"
            raise EngineError(detail, code="language_unsupported")
        decoder = self._idle.pop() if self._idle else _decoder()
        return PocketsphinxTranscription(decoder, self._idle)


class PocketsphinxTranscription:
    """One utterance in one decoder, which goes back to `idle` afterwards.

    The second pass runs in each pause of the speaker over what was said since the one before, so that it is mostly done
    when the utterance is over: the silence that ends it is a pause too.
    """

    def __init__(self, decoder: Decoder, idle: list[Decoder]) -> None:
        self._decoder: Decoder | None = decoder
        self._idle = idle
        self._pauses = Pauses()
        self._samples = 0
        """Pushed so far."""
        self._words: list[Word] = []
        """Of the segments before."""
        self._told = ""
        self._before = b""
        """The sound just before, while nothing is decoded."""
        decoder.set_cmn(MEAN_CEPSTRUM)
        self._begin(decoder, 0)

    def push(self, pcm: bytes) -> str | None:
        decoder = self._open()
        samples = samples_from_pcm(pcm)
        if not len(samples):
            return None
        self._samples += len(samples)
        quiet = self._pauses.push(samples)
        if not self._decoding:
            self._before = (self._before + pcm)[-2 * BEFORE :]
            if quiet:
                return None
            self._begin(decoder, self._samples - len(self._before) // 2)
            pcm, self._before = self._before, b""
        with self._translated(f"on {len(pcm)} bytes"):
            decoder.process_raw(pcm)
            found = decoder.hyp()
        settled = self._stable.push(found.hypstr.split() if found else [])
        if self._pauses.length >= PAUSE:
            self._end(decoder)
            settled = ""
        return None if settled is None else self._tell(settled)

    def finish(self) -> Transcript:
        decoder = self._open()
        if self._decoding:
            self._end(decoder)
        self._decoder = None
        self._idle.append(decoder)
        words = tuple(self._words)
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        return Transcript(_text(words), round(confidence, 4), words, "en")

    def close(self) -> None:
        if self._decoder is not None:
            decoder, self._decoder = self._decoder, None
            if self._decoding:
                decoder.end_utt()
            self._idle.append(decoder)

    def _begin(self, decoder: Decoder, sample: int) -> None:
        self._stable = StablePrefix()
        self._segment = sample / MICROPHONE_RATE
        self._decoding = True
        decoder.start_utt()

    def _end(self, decoder: Decoder) -> None:
        with self._translated("at the end of a segment"):
            decoder.end_utt()
            if decoder.hyp():
                self._words += _words(decoder, self._segment)
        self._decoding = False

    def _tell(self, settled: str) -> str | None:
        text = " ".join(filter(None, (_text(self._words), settled)))
        if text in ("", self._told):
            return None
        self._told = text
        return text

    @contextmanager
    def _translated(self, where: str) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            self._decoder = None  # in what state it is nobody knows: another one is loaded
            raise EngineError(f"pocketsphinx failed {where}: {error}", retryable=True) from error

    def _open(self) -> Decoder:
        if self._decoder is None:
            raise EngineError("the utterance is over: nothing can be pushed any more")
        return self._decoder


def _decoder() -> Decoder:
    try:
        return Decoder(samprate=MICROPHONE_RATE, loglevel="FATAL", **OPTIONS)
    except RuntimeError as error:
        raise EngineError(f"pocketsphinx does not load: {error}") from error


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _words(decoder: Decoder, offset: float) -> Iterator[Word]:
    for segment in decoder.seg():
        if segment.word[0] in "<[+":  # silence, breath, noise
            continue
        yield Word(
            text=segment.word.split("(")[0],  # "the(2)" is a way to say "the"
            start=round(offset + segment.start_frame / FRAMES_PER_SECOND, 3),
            end=round(offset + (segment.end_frame + 1) / FRAMES_PER_SECOND, 3),
            confidence=round(min(max(float(segment.prob), 0.0), 1.0), 4),
        )
