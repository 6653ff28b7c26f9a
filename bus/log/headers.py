"""Names of the headers that messages of the log carry beside those of NATS itself."""

from __future__ import annotations

COPY = "Visavis-Copy"
"""On every fact of a conversation that was copied to this log: when the original was stored, microseconds since 1970.
No service works on such a fact: it took place before."""

TRACE_PARENT = "traceparent"
"""On every fact of a conversation and its media, unless it is a copy: W3C Trace Context, `bus.log.trace_context`."""

INCOMING_TRACE = "Visavis-Trace-Parent"
"""On a message that a person wrote: the `traceparent` of the request that brought it, if it had one. The turn's own
trace links to it: one request is not the whole turn, and a turn may not belong to two traces."""

DELIVERIES = "Visavis-Deliveries"
"""On what a work item gave that was delivered more than once: how often, with the delivery that gave it."""
