"""Whisper as a recogniser that answers while somebody speaks, and soon after the last word.

Whisper hears 30 s at a time and starts anew each time. So what is open is decoded again and again as it grows; the
words on which two hypotheses in a row agree are settled (Macháček et al., 2023, "LocalAgreement") and shown, and where
the network goes through them at once, the next decoding begins after them. In each pause of the speaker everything is
decoded once as if it were the end: where nothing follows, that is the transcript, and it is there when the phrase is
over.

When something is settled depends on how fast the device is. Where decoding begins after it, the same audio heard again
can differ in a word; a recording that is all there at once is decoded once.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import numpy as np

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE, UNKNOWN_LANGUAGE
from services.audio import Samples
from services.silero import WINDOW, SileroVad
from services.stt.batcher import Device
from services.stt.engine import Transcript
from services.stt.local_agreement import StablePrefix
from services.stt.whisper.decoder import Decoded, WhisperDecoder, Window, separator, shifted
from services.stt.whisper.hallucination_filter import believable, said
from services.stt.whisper.network import Network
from services.stt.whisper.segments import Stretch, Stretches

LEAST_VOICE = MICROPHONE_RATE * 200 // 1000
"""Samples of speech under which there is nothing to be decoded: a cough, a click."""
STEP = MICROPHONE_RATE // 2
"""Samples of new sound that a partial hypothesis is worth."""
PAUSE = MICROPHONE_RATE * 200 // 1000
"""Samples of quiet after which everything is decoded as if it were the end."""
SHARE = 4
"""One speaker's partial hypotheses take a quarter of the device's time at the most: the final one must not wait."""
AGREEING = 2
SURE = 0.7
"""Probability from which a language that was found out counts for the rest of the utterance."""
PATIENCE = 60.0
"""Seconds that a decoding may take."""


class Whisper:
    """Keeps the network and its device; any number of utterances at once.

    Args:
        network: with its weights loaded.
        activity: makes the speech detector of one utterance, which judges windows of 512 samples.
    """

    threads = 8
    prompted = True

    def __init__(self, network: Network, activity: Callable[[], Callable[[Samples], float]] | None = None) -> None:
        self._decoder = WhisperDecoder(network)
        self._keeps_prefix = network.keeps_prefix
        self._activity = activity or (lambda: SileroVad().probability)
        self.device: Device[Window, Decoded] = Device(self._decoder.decode, network.batch)

    def open(self, language: str, prompt: str = "") -> WhisperTranscription:
        code = language.lower().split("-")[0]
        if code == UNKNOWN_LANGUAGE:
            code = ""
        elif not self._decoder.knows(code):
            raise EngineError(f"this Whisper model does not know language {language!r}", code="language_unsupported")
        stretches = Stretches(self._activity(), WINDOW)
        return WhisperTranscription(self.device, stretches, code, prompt, keeps_prefix=self._keeps_prefix)

    def warm_up(self) -> None:
        """Decode silence twice: the first decoding pays for setting up the device, the second one tells its cost."""
        for _ in range(2):
            self.device.cost = 0.0
            self.device.submit(Window(np.zeros(MICROPHONE_RATE, np.int16))).result(PATIENCE)

    def close(self) -> None:
        self.device.close()


@dataclass(frozen=True)
class _Asked:
    """A stretch that is with the device."""

    stretch: Stretch
    future: Future[Decoded]
    final: bool
    voice_end: int
    """Sample of the utterance up to which the speech in it goes."""


class WhisperTranscription:
    """One utterance. See `Transcription`."""

    def __init__(
        self,
        device: Device[Window, Decoded],
        stretches: Stretches,
        language: str,
        prompt: str,
        *,
        keeps_prefix: bool,
    ) -> None:
        self._keeps_prefix = keeps_prefix
        self._device = device
        self._stretches = stretches
        self._language = language
        self._prompt = prompt
        self._closed_stretches: list[_Asked] = []
        self._asked: _Asked | None = None
        """Of the open stretch, under way."""
        self._whole: _Asked | None = None
        """The last decoding of the open stretch as if it were the end."""
        self._stable = StablePrefix(AGREEING)
        self._settled = ""
        self._shown = ""
        """Of the open stretch: what is understood of it."""
        self._before = ""
        """Of the stretches before: what was understood of them."""
        self._told = ""
        """What `push` gave last."""
        self._heard = 0
        """Samples pushed."""
        self._asked_at = 0
        """Samples that had been pushed when the device was last asked."""
        self._over = False

    def push(self, pcm: bytes) -> str | None:
        if self._over:
            raise EngineError("the utterance is over: nothing can be pushed any more")
        closed = self._stretches.push(pcm)
        self._heard += len(pcm) // 2
        for stretch in closed:
            self._close_stretch(stretch)
        if self._asked is not None and self._asked.future.done():
            self._take(self._asked)
            self._asked = None
        self._ask()
        return self._tell()

    def finish(self) -> Transcript:
        if self._over:
            raise EngineError("the utterance is over: it was finished before")
        self._over = True
        asked = list(self._closed_stretches)
        if self._stretches.voice >= LEAST_VOICE:
            asked.append(self._last())
        parts = [self._part(one) for one in asked]
        words = tuple(word for part in parts for word in part.words)
        text = separator(self._language).join(part.text for part in parts if part.text)
        confidence = float(np.mean([word.confidence for word in words])) if words else 0.0
        return Transcript(text, round(confidence, 4), words, self._language or "en")

    def close(self) -> None:
        self._over = True
        for one in (*self._closed_stretches, self._asked, self._whole):
            if one is not None:
                one.future.cancel()

    # asking the device

    def _ask(self) -> None:
        """Have the open stretch decoded where that is worth it by now."""
        voice_end = self._stretches.voice_end
        pause = self._stretches.quiet >= PAUSE
        known = self._whole is not None and self._whole.voice_end == voice_end
        if self._stretches.voice < LEAST_VOICE or known:
            return
        if pause:
            if self._asked is not None and not self._asked.final and self._asked.future.cancel():
                self._asked = None  # it had not begun, and this is better
            if self._asked is None:
                self._whole = self._asked = self._submit(self._stretches.open(), final=True)
        elif self._asked is None and self._heard - self._asked_at >= self._step():
            self._asked = self._submit(self._stretches.open(), final=False)

    def _step(self) -> int:
        return max(STEP, round(SHARE * self._device.cost * MICROPHONE_RATE))

    def _submit(self, stretch: Stretch, *, final: bool) -> _Asked:
        self._asked_at = self._heard
        prefix = self._settled if self._keeps_prefix else ""
        window = Window(stretch.samples, self._language, self._prompt, prefix, final)
        future = self._device.submit(window, urgent=final)
        return _Asked(stretch, future, final, stretch.start + stretch.voiced[-1][1])

    def _close_stretch(self, stretch: Stretch) -> None:
        """It is complete: decode it for good, and begin anew with what follows."""
        if self._asked is not None:
            self._asked.future.cancel()
            self._asked = None
        if stretch.voice >= LEAST_VOICE:
            self._closed_stretches.append(self._submit(stretch, final=True))
            self._before = " ".join(filter(None, (self._before, self._shown)))
        self._whole, self._settled, self._shown = None, "", ""
        self._stable = StablePrefix(AGREEING)

    def _last(self) -> _Asked:
        whole = self._whole
        if whole is not None and whole.voice_end == self._stretches.voice_end and not whole.future.cancelled():
            return whole
        if self._asked is not None:
            self._asked.future.cancel()
        return self._submit(self._stretches.open(), final=True)

    # what it answers

    def _take(self, asked: _Asked) -> None:
        """Look at a hypothesis of the open stretch."""
        try:
            decoded = asked.future.result()
        except (CancelledError, EngineError):
            return  # the final decoding says so, if it still fails then
        if not self._language and decoded.language_probability >= SURE:
            self._language = decoded.language
        if not _believed(decoded, asked.stretch):
            return
        words = decoded.text.split()
        # The last word may be half a word yet.
        settled = self._stable.push(words[:-1])
        if settled is not None:
            self._settled = settled
        shown = decoded.text if asked.final else self._settled or " ".join(words[:-1])
        if not self._shown.startswith(shown):  # what was understood in a pause is more than what is settled yet
            self._shown = shown

    def _tell(self) -> str | None:
        text = " ".join(filter(None, (self._before, self._shown)))
        if text in ("", self._told):
            return None
        self._told = text
        return text

    def _part(self, asked: _Asked) -> Transcript:
        """What a stretch says for good."""
        try:
            decoded = asked.future.result(PATIENCE)
        except CancelledError as error:
            raise EngineError("the decoding was taken back", retryable=True) from error
        except TimeoutError as error:
            raise EngineError(f"Whisper did not answer within {PATIENCE:g} s", retryable=True) from error
        self._language = self._language or decoded.language
        if not _believed(decoded, asked.stretch):
            return Transcript("", 0.0)
        voiced = [(start / MICROPHONE_RATE, end / MICROPHONE_RATE) for start, end in asked.stretch.voiced]
        words = said(decoded.words, voiced)
        text = decoded.text
        if len(words) < len(decoded.words):
            text = separator(decoded.language).join(word.text for word in words)
        return Transcript(text, 0.0, shifted(words, asked.stretch.start / MICROPHONE_RATE))


def _believed(decoded: Decoded, stretch: Stretch) -> bool:
    voice = stretch.voice / MICROPHONE_RATE
    return believable(decoded.text, voice=voice, no_speech=decoded.no_speech, logprob=decoded.logprob)
