"""Sends spans to an OpenTelemetry collector, as OTLP over HTTP."""

from __future__ import annotations

from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from bus.errors import InvalidInput
from projections.tracing.follower import Send

_PATH = "/v1/traces"


def endpoint(url: str) -> str:
    """The address that takes spans, of that of a collector.

    Raises:
        InvalidInput: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"expected the address of a collector such as http://127.0.0.1:4318, got {url!r}")
    return url if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}{_PATH}"


def sender(url: str, *, timeout: float = 10.0) -> Send:
    """Sends to the collector at an address; `OTEL_EXPORTER_OTLP_HEADERS` and the like hold.

    Args:
        timeout: seconds for a request, repeats included.
    """
    exporter = OTLPSpanExporter(endpoint=endpoint(url), timeout=timeout)
    return lambda spans: exporter.export(spans) is SpanExportResult.SUCCESS
