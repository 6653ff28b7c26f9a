"""Declares the durable consumers that a service's workers share: one for facts, one for requeued dead letters."""

from __future__ import annotations

from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus import subjects
from bus.errors import ConfigurationError
from bus.log.streams import CONVERSATIONS, REQUEUE
from bus.work.service import Service

MAX_ACK_PENDING = 5000
"""Work items that all workers of a service together hold at the most."""
_UNCHANGEABLE = ("ack_policy", "deliver_policy", "deliver_subject")
_CONSUMER_REFUSED = 10012


def consumers(service: Service) -> tuple[tuple[str, api.ConsumerConfig], ...]:
    """The queues that a service works off, each with the stream it is on; all workers of a service share them."""

    def queue(*filters: str) -> api.ConsumerConfig:
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
        (CONVERSATIONS, queue(*(subjects.facts_of_kind(kind) for kind in service.consumes))),
        (REQUEUE, queue(subjects.requeue(service.name))),
    )


async def ensure_consumers(js: JetStreamContext, service: Service) -> None:
    """Create the queues of a service, or change them to what is declared; safe to call from many workers at once.

    A queue keeps its position: what was acknowledged stays so. A kind of fact that the service takes anew comes from
    that position on, so not the whole past of it; only a queue that is new begins with the log's beginning.

    Raises:
        ConfigurationError: a queue is there in a form that cannot be changed into the declared one.
    """
    for stream, wanted in consumers(service):
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
            if error.code is not None and error.code >= 500 and error.err_code != _CONSUMER_REFUSED:
                raise
            raise ConfigurationError(f"consumer {name} on {stream} is refused: {error.description}") from error
        # An older server leaves out what it does not know, without a word: the service would then get everything.
        if sorted(_filters(made)) != sorted(_filters(wanted)):
            raise ConfigurationError(f"consumer {name} on {stream} takes {_filters(made)}, not {_filters(wanted)}")


def _filters(config: api.ConsumerConfig) -> list[str]:
    return config.filter_subjects or ([config.filter_subject] if config.filter_subject else [])
