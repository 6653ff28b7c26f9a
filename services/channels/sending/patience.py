"""How long the sender waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the sender waits for what; in seconds."""

    for_proof: float = 90.0
    """For the channel to tell what became of a message whose outcome is unknown."""
    for_another: float = 10.0
    """For another process that has begun to send, before that counts as dead."""
    to_begin: float = 5.0
    """From the step that says that the call is about to be made, until it is; below `for_another`. What passes it was
    stopped in between, and leaves the message to whoever goes on."""
    at_the_end: float = 5.0
    """For the answer to a call, when this process has to stop."""
    oldest: float = 86_400.0
    """A message that has waited for longer is not sent any more."""
    backoff: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 60.0)
    """Before the next try, where the channel names no time; the last value repeats."""
    most_media_tries: int = 4
    """Then the text is sent instead."""
    most_attempts: int = 3
    """Calls whose outcome stays unknown; then it is given up also where the channel would have told."""
    lease: float = 5.0
    """After which the messages of a process that has died are delivered again."""


PATIENCE = Patience()
