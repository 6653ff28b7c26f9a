"""The networks of the listening side, with simpler means until they are fetched and loaded."""

from __future__ import annotations

from pathlib import Path

from bus.settings import Settings
from services.gateway.listening.turn_end import TurnEndDetector
from services.gateway.listening.voice_activity import PocketsphinxDetector, SileroDetector, VoiceActivityDetector
from services.models.catalogue import SILERO, SMART_TURN
from services.models.deferred import Deferred
from services.models.loading import load_or_defer


class ListeningModels:
    """Voice activity detection and turn end detection for all sessions of a gateway.

    Raises:
        ConfigurationError: a model's file is another one than was published.
    """

    def __init__(self, settings: Settings) -> None:
        self._silero: Deferred[Path | None] = load_or_defer(SILERO, settings, _network, lambda: None)
        self._turn_end: Deferred[TurnEndDetector | None] = (
            Deferred.ready(None, SMART_TURN.name)
            if settings.turn_model == "off"
            else load_or_defer(SMART_TURN, settings, _turn_end_detector, lambda: None)
        )

    def voice_activity_detector(self) -> VoiceActivityDetector:
        """A detector for a new session: Silero's, or the WebRTC detector while Silero's network is missing."""
        network = self._silero.current
        return PocketsphinxDetector() if network is None else SileroDetector(network)

    @property
    def turn_end_detector(self) -> TurnEndDetector | None:
        """None while it is missing or where it is switched off."""
        return self._turn_end.current

    def close(self) -> None:
        if self._turn_end.current is not None:
            self._turn_end.current.close()


def _network(folder: Path) -> Path:
    return folder / SILERO.files[0].path


def _turn_end_detector(folder: Path) -> TurnEndDetector:
    return TurnEndDetector(folder / SMART_TURN.files[0].path)
