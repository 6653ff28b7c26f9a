"""TLS between services and nodes, and between nodes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bus.errors import BusError
from bus.events import Event, MessageReceived
from bus.log.event_log import connect
from tests.cluster.certificates import make_certificates
from tests.cluster.conftest import Nodes, nodes_in
from visavis.nats.cluster import ServerTls

MESSAGE = Event(id="e1", at=1, conversation="c1", turn="t", body=MessageReceived(message="m1", text="hello"))


async def test_a_client_that_trusts_the_authority_gets_tls_and_never_plain_text(tmp_path: Path, nodes: Nodes) -> None:
    certificates, other_authority = tmp_path / "tls", tmp_path / "other_authority"
    make_certificates(certificates)
    make_certificates(other_authority)
    ca, certificate, key = (certificates / name for name in ("ca.pem", "cert.pem", "key.pem"))
    secure = nodes_in(tmp_path / "cluster", ServerTls(ca, certificate, key, verify=True))
    try:
        trusting = secure.settings(nats_tls_ca=str(ca))
        known = msgspec.structs.replace(trusting, nats_tls_cert=str(certificate), nats_tls_key=str(key))
        async with connect(known, name="operator"), connect(known, name="gateway") as gateway:
            await gateway.append(MESSAGE)
            assert [found for _, found in await gateway.facts("c1")] == [MESSAGE]
        with pytest.raises(BusError, match=r"no NATS server|no TLS"):  # it shows no certificate
            async with connect(trusting, name="gateway", wait=1):
                pass
        with pytest.raises(BusError, match=r"no TLS with NATS .*certificate verify failed"):
            async with connect(secure.settings(nats_tls_ca=str(other_authority / "ca.pem")), name="gateway", wait=1):
                pass
    finally:
        secure.close()
    with pytest.raises(BusError, match="TLS is asked for and the server offers none"):
        async with connect(nodes.settings(nats_tls_ca=str(ca)), name="gateway", wait=1):
            pass
