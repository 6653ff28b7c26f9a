"""English speech recognition with pocketsphinx, whose wheel contains its model: no download, no GPU.

Good enough for quiet rooms and clear voices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pocketsphinx import Decoder

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE, UNKNOWN_LANGUAGE, Word
from services.audio import samples_from_pcm
from services.command_phrases import Phrase
from services.stt.engine import Transcript
from services.stt.local_agreement import LocalAgreement
from services.stt.pause_detector import PauseDetector

FRAMES_PER_SECOND = 100
MEAN_CEPSTRUM = "41.00,-5.29,-0.12,5.09,2.48,-4.07,-1.37,-1.78,-5.08,-2.05,-6.45,-1.42,1.17"
"""Cepstral mean of the model's training speech. Each utterance starts from it instead of from the previous speaker's
mean, so the same audio gives the same words at any time, which a replay relies on. (The remaining state of the previous
utterance, the choice of Gaussians, moves confidences by less than 0.01. With the decoder's own start value a third more
words are wrong.)"""
OPTIONS = {"maxhmmpf": 3000, "fwdflat": True}
"""Halves the time at hardly a word error more. The second pass costs 25 ms per second of speech at the end and removes
one word error in ten."""

PAUSE = MICROPHONE_RATE * 220 // 1000
"""Samples of quiet that end a segment: longer than the closure of any consonant, shorter than the end of a phrase."""
PRE_ROLL = MICROPHONE_RATE * 250 // 1000
"""Samples before the onset of a voice that the decoder also gets."""


def new_decoder() -> Decoder:
    """A decoder with its model loaded (0.5 s, 90 MB).

    Raises:
        EngineError: it does not load.
    """
    try:
        return Decoder(samprate=MICROPHONE_RATE, loglevel="FATAL", **OPTIONS)
    except RuntimeError as error:
        raise EngineError(f"pocketsphinx does not load: {error}") from error


class PocketsphinxEngine:
    """A pool of decoders, each of which recognises one utterance at a time.

    Args:
        preloaded: decoders loaded at once; more are loaded on demand.
        make_decoder: loads a decoder.
    """

    threads = 1
    """pocketsphinx holds the interpreter lock while it works: more threads would only wait for one another."""
    uses_prompt = False

    def __init__(self, preloaded: int = 1, make_decoder: Callable[[], Decoder] = new_decoder) -> None:
        self._make_decoder = make_decoder
        self._idle = [make_decoder() for _ in range(preloaded)]

    @property
    def idle(self) -> int:
        """Decoders without an utterance."""
        return len(self._idle)

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> PocketsphinxTranscription:
        if language.lower().split("-")[0] not in ("en", UNKNOWN_LANGUAGE):
            detail = f"pocketsphinx hears English only, got language {language!r}"
            raise EngineError(detail, code="language_unsupported")
        decoder = self._idle.pop() if self._idle else self._make_decoder()
        return PocketsphinxTranscription(decoder, self._idle)


class PocketsphinxTranscription:
    """One utterance in one decoder, which goes back to `idle` afterwards.

    Each pause of the speaker ends a segment, over which the decoder's second pass then runs: so most of that work is
    done by the end of the utterance, whose closing silence is a pause too.
    """

    def __init__(self, decoder: Decoder, idle: list[Decoder]) -> None:
        self._decoder: Decoder | None = decoder
        self._idle = idle
        self._pauses = PauseDetector()
        self._samples = 0
        """Pushed so far."""
        self._words: list[Word] = []
        """Of the finished segments."""
        self._partial = ""
        """The last partial transcript returned."""
        self._pre_roll = b""
        """The newest audio while no segment is open."""
        decoder.set_cmn(MEAN_CEPSTRUM)
        self._begin_segment(decoder, 0)

    def push(self, pcm: bytes) -> str | None:
        decoder = self._open_decoder()
        samples = samples_from_pcm(pcm)
        if not len(samples):
            return None
        self._samples += len(samples)
        quiet = self._pauses.push(samples)
        if not self._in_segment:
            self._pre_roll = (self._pre_roll + pcm)[-2 * PRE_ROLL :]
            if quiet:
                return None
            self._begin_segment(decoder, self._samples - len(self._pre_roll) // 2)
            pcm, self._pre_roll = self._pre_roll, b""
        with self._engine_errors(f"on {len(pcm)} bytes"):
            decoder.process_raw(pcm)
            hypothesis = decoder.hyp()
        stable = self._agreement.push(hypothesis.hypstr.split() if hypothesis else [])
        if self._pauses.pause_samples >= PAUSE:
            self._end_segment(decoder)
            stable = ""
        return None if stable is None else self._new_partial(stable)

    def finish(self) -> Transcript:
        decoder = self._open_decoder()
        if self._in_segment:
            self._end_segment(decoder)
        self._decoder = None
        self._idle.append(decoder)
        words = tuple(self._words)
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        return Transcript(_text(words), round(confidence, 4), words, "en")

    def close(self) -> None:
        if self._decoder is not None:
            decoder, self._decoder = self._decoder, None
            if self._in_segment:
                decoder.end_utt()
            self._idle.append(decoder)

    def _begin_segment(self, decoder: Decoder, start: int) -> None:
        self._agreement = LocalAgreement()
        self._segment_start = start / MICROPHONE_RATE
        self._in_segment = True
        decoder.start_utt()

    def _end_segment(self, decoder: Decoder) -> None:
        with self._engine_errors("at the end of a segment"):
            decoder.end_utt()
            if decoder.hyp():
                self._words += _words(decoder, self._segment_start)
        self._in_segment = False

    def _new_partial(self, stable: str) -> str | None:
        """The words of all segments, None if they are the same as last time."""
        text = " ".join(filter(None, (_text(self._words), stable)))
        if text in ("", self._partial):
            return None
        self._partial = text
        return text

    @contextmanager
    def _engine_errors(self, where: str) -> Iterator[None]:
        """Raises pocketsphinx's errors as EngineError and drops the decoder, whose state is then unknown."""
        try:
            yield
        except RuntimeError as error:
            self._decoder = None
            raise EngineError(f"pocketsphinx failed {where}: {error}", retryable=True) from error

    def _open_decoder(self) -> Decoder:
        if self._decoder is None:
            raise EngineError("the utterance is over: nothing can be pushed any more")
        return self._decoder


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _words(decoder: Decoder, offset: float) -> Iterator[Word]:
    for segment in decoder.seg():
        if segment.word[0] in "<[+":  # silence, breath, noise
            continue
        yield Word(
            text=segment.word.split("(")[0],  # "the(2)" is a pronunciation of "the"
            start=round(offset + segment.start_frame / FRAMES_PER_SECOND, 3),
            end=round(offset + (segment.end_frame + 1) / FRAMES_PER_SECOND, 3),
            confidence=round(min(max(float(segment.prob), 0.0), 1.0), 4),
        )
