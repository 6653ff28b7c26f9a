"""An engine whose model is still being downloaded: another engine speaks until it is loaded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from bus.errors import VisavisError
from services.tts.engine import SpeechPiece, Synthesizer, Voice

log = logging.getLogger(__name__)

RETRY_DELAYS = (5.0, 30.0, 120.0, 600.0)
"""Seconds before each retry; the last delay repeats."""


class DeferredEngine:
    """Downloads and loads an engine in the background, with retries after errors that can pass.

    Args:
        load: downloads and loads the engine; may take minutes.
        fallback: speaks until then.
        name: of the engine, for the log.
        retry_delays: seconds.
    """

    def __init__(
        self,
        load: Callable[[], Synthesizer],
        fallback: Synthesizer,
        name: str,
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self._current = fallback
        self._load = load
        self._name = name
        self._retry_delays = retry_delays
        self.resolved = threading.Event()
        """Set once the engine is loaded or has failed for good."""
        threading.Thread(target=self._run, name=f"fetch {name}", daemon=True).start()

    def voice_for(self, voice: Voice) -> str:
        return self._current.voice_for(voice)

    def speak(self, text: str, voice: Voice, seed: int) -> Iterator[SpeechPiece]:
        return self._current.speak(text, voice, seed)

    def _run(self) -> None:
        retries = 0
        while not self.resolved.is_set():
            try:
                self._current = self._load()
                log.info("engine loaded", extra={"engine": self._name})
                self.resolved.set()
            except VisavisError as error:
                extra = {"engine": self._name, "why": error.detail}
                log.error("engine cannot be loaded, the fallback speaks", extra=extra)
                if not error.retryable:
                    self.resolved.set()
                else:
                    threading.Event().wait(self._retry_delays[min(retries, len(self._retry_delays) - 1)])
                    retries += 1
            except Exception:
                log.exception("engine cannot be loaded, the fallback speaks", extra={"engine": self._name})
                self.resolved.set()
                raise
