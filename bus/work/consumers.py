"""The durable JetStream consumers that the workers of a service share: one for facts, one for requeued dead letters."""

from __future__ import annotations

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

    def config(*filters: str) -> api.ConsumerConfig:
        return api.ConsumerConfig(
            name=service.name,
            durable_name=service.name,
            filter_subjects=list(filters),
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=service.lease,
            max_ack_pending=MAX_ACK_PENDING,
        )

    return (
        (CONVERSATIONS, config(*(subjects.facts_of_kind(kind) for kind in service.consumes))),
        (REQUEUE, config(subjects.requeue(service.name))),
    )


async def ensure_consumers(js: JetStreamContext, service: Service) -> None:
    """Create the consumers of a service, or update them to the declared configuration; safe to call from many workers
    at once.

    A consumer keeps its position and its acknowledgements. A kind of fact that the service newly consumes is delivered
    from that position on, not from the beginning of the log; only a new consumer starts there.

    Raises:
        ConfigurationError: a consumer exists and cannot be changed to the declared configuration.
    """
    for stream, wanted in consumer_configs(service):
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
