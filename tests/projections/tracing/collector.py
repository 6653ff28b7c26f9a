"""A collector that takes OTLP over HTTP and decodes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What has arrived."""

    url: str
    spans: list[tuple[str, Span]] = field(default_factory=list)
    """Each with the name of its service."""
    refusals: int = 0
    """Requests to refuse from now on."""

    def take(self) -> list[tuple[str, Span]]:
        """What arrived since the last call."""
        found, self.spans = self.spans, []
        return found


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector on a free port while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            status = 200 if self.path == "/v1/traces" else 404
            if here.refusals:
                here.refusals -= 1
                status = 400
            if status == 200:
                for of_resource in ExportTraceServiceRequest.FromString(data).resource_spans:
                    named = {one.key: one.value.string_value for one in of_resource.resource.attributes}
                    for of_scope in of_resource.scope_spans:
                        here.spans += [(named["service.name"], span) for span in of_scope.spans]
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield here
        server.shutdown()
        thread.join()
