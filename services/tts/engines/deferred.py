"""A voice that has yet to arrive: another one speaks until its model is downloaded and loaded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from bus.errors import VisavisError
from services.tts.engine import SpeechPiece, Synthesizer, Voice

log = logging.getLogger(__name__)

PAUSES = (5.0, 30.0, 120.0, 600.0)
"""Seconds before each further try; the last one again and again."""


class DeferredEngine:
    """Fetches and loads an engine beside the work, and tries again where that failed but can still succeed.

    Args:
        make: fetches and loads it; may take minutes.
        meanwhile: speaks until then.
        name: of the engine, for the log.
        pauses: seconds between tries.
    """

    def __init__(
        self, make: Callable[[], Synthesizer], meanwhile: Synthesizer, name: str, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._current = meanwhile
        self._make = make
        self._name = name
        self._pauses = pauses
        self.resolved = threading.Event()
        """It is there, or will not come."""
        threading.Thread(target=self._arrive, name=f"fetch {name}", daemon=True).start()

    def voice_for(self, voice: Voice) -> str:
        return self._current.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        return self._current.speak(text, voice, seed)

    def _arrive(self) -> None:
        tries = 0
        while not self.resolved.is_set():
            try:
                self._current = self._make()
                log.info("the voice has arrived", extra={"engine": self._name})
                self.resolved.set()
            except VisavisError as error:
                told = {"engine": self._name, "why": error.detail}
                log.error("the voice is not there, another one speaks", extra=told)
                if not error.retryable:
                    self.resolved.set()
                else:
                    threading.Event().wait(self._pauses[min(tries, len(self._pauses) - 1)])
                    tries += 1
            except Exception:
                log.exception("the voice is not there, another one speaks", extra={"engine": self._name})
                self.resolved.set()
                raise
