"""The bus: events on NATS JetStream, and how services work on them."""

from bus.cancellation import replace_wait_for

replace_wait_for()  # before anything else uses it
