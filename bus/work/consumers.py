"""The durable JetStream consumers that the workers of a service share: one for facts, one for requeued dead letters."""

from __future__ import annotations

from collections.abc import Iterable

from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus import subjects
from bus.errors import ConfigurationError
from bus.log.streams import CONVERSATIONS, REQUEUE
from bus.work.service import Service

MAX_ACK_PENDING = 5000
"""The most work items that all workers of a service hold together."""
_UNCHANGEABLE = ("ack_policy", "deliver_policy", "deliver_subject")
_CONSUMER_REFUSED = 10012


def consumer_configs(service: Service) -> tuple[tuple[str, api.ConsumerConfig], ...]:
    """The consumers of a service as declared, each with the stream that it is on."""

    filters = map(subjects.facts_of_kind, service.consumes)
    return shared_consumers(service.name, CONVERSATIONS, filters, lease=service.lease)


def shared_consumers(
    name: str, stream: str, filters: Iterable[str], *, lease: float
) -> tuple[tuple[str, api.ConsumerConfig], ...]:
    """The consumer of the workers of a name on a stream, and that of the dead letters that they have to handle again.

    Args:
        lease: seconds after which a message is delivered to another worker, if its worker does not extend the lease.
    """

    def config(filter_subjects: list[str]) -> api.ConsumerConfig:
        return api.ConsumerConfig(
            name=name,
            durable_name=name,
            filter_subjects=filter_subjects,
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=lease,
            max_ack_pending=MAX_ACK_PENDING,
        )

    return (stream, config(list(filters))), (REQUEUE, config([subjects.requeue(name)]))


async def ensure_consumers(js: JetStreamContext, consumers: Iterable[tuple[str, api.ConsumerConfig]]) -> None:
    """Create consumers, each on its stream, or update them to the declared configuration; safe to call from many
    workers at once.

    A consumer keeps its position and its acknowledgements. A kind of fact that the service newly consumes is delivered
    from that position on, not from the beginning of the log; only a new consumer starts there.

    Raises:
        ConfigurationError: a consumer exists and cannot be changed to the declared configuration.
    """
    for stream, wanted in consumers:
        name = str(wanted.durable_name)
        try:
            found = (await js.consumer_info(stream, name)).config
        except NotFoundError:
            found = wanted
        for field in _UNCHANGEABLE:
            if getattr(found, field) != getattr(wanted, field):
                raise ConfigurationError(
                    f"consumer {name} on {stream} has {field}={getattr(found, field)}, this version needs "
                    f"{getattr(wanted, field)}; end its workers and delete it: its work is then done from the beginning"
                )
        try:
            made = (await js.add_consumer(stream, wanted)).config
        except APIError as error:
            if isinstance(error, NotFoundError):
                raise  # the stream is not there
            if error.code is not None and error.code >= 500 and error.err_code != _CONSUMER_REFUSED:
                raise
            raise ConfigurationError(f"consumer {name} on {stream} is refused: {error.description}") from error
        # An older server silently ignores fields that it does not know; without filters all facts would be delivered.
        if sorted(_filters(made)) != sorted(_filters(wanted)):
            raise ConfigurationError(f"consumer {name} on {stream} takes {_filters(made)}, not {_filters(wanted)}")


def _filters(config: api.ConsumerConfig) -> list[str]:
    return config.filter_subjects or ([config.filter_subject] if config.filter_subject else [])
