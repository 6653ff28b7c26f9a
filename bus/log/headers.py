"""Names of the headers that messages of the log carry beside those of NATS itself."""

from __future__ import annotations

COPY = "Visavis-Copy"
"""On every fact of a conversation that was copied to this log: when the original was stored, microseconds since 1970.
No service works on such a fact: it took place before."""
