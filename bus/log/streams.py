"""The declaration of every JetStream stream, applied at start-up. Architecture, section "Streams and subjects"."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus.errors import BusError, ConfigurationError, Forbidden
from bus.log.store_folder import kept_blocks
from bus.settings import Settings

log = logging.getLogger(__name__)

CONVERSATIONS = "CONVERSATIONS"
AUDIO = "AUDIO"
FRAMES = "FRAMES"
IDLE = "IDLE"
CHARACTERS = "CHARACTERS"
LIVE = "LIVE"
DEAD = "DEAD"
REQUEUE = "REQUEUE"
PEOPLE = "PEOPLE"
ACCESS = "ACCESS"
INBOX = "INBOX"
DELIVERIES = "DELIVERIES"
BUCKET = "assets"
ASSETS = f"OBJ_{BUCKET}"
"""The stream of the object store, named as NATS names it."""

_DAY = 86_400.0
_STREAM_OF_PREFIX = {
    "conv": CONVERSATIONS,
    "audio": AUDIO,
    "frames": FRAMES,
    "idle": IDLE,
    "character": CHARACTERS,
    "live": LIVE,
    "dead": DEAD,
    "requeue": REQUEUE,
    "link": PEOPLE,
    "access": ACCESS,
    "inbox": INBOX,
    "delivery": DELIVERIES,
}
FOR_EVER = (CONVERSATIONS, CHARACTERS, PEOPLE)
"""Streams that lose no message by age or size."""
NAMES = tuple(dict.fromkeys((*_STREAM_OF_PREFIX.values(), ASSETS)))
"""All streams."""
RESTORING = "RESTORING"
"""A stream that is there while the others are put back from a backup, and after that was broken off."""
_UNCHANGEABLE_FIELDS = ("storage", "retention")
TRANSIENT_CODES = (408, 500, 503)
"""Error codes of a JetStream that is busy or has no leader yet; a later request may succeed."""
_NAME_IN_USE, _NO_SPACE, _NO_PEERS, _NO_CLUSTER = 10058, 10047, 10005, 10074
_COMPARED_FIELDS = (
    "subjects",
    "max_age",
    "max_bytes",
    "discard",
    "max_msgs_per_subject",
    "duplicate_window",
    "allow_direct",
    "compression",
    *_UNCHANGEABLE_FIELDS,
)


def stream_of(subject: str) -> str:
    """The stream that stores a subject."""
    return _STREAM_OF_PREFIX[subject.split(".", 1)[0]]


def stream_configs(settings: Settings) -> tuple[api.StreamConfig, ...]:
    """The configuration of every stream."""

    def stream(name: str, subject: str, **limits: object) -> api.StreamConfig:
        config = api.StreamConfig(
            name=name,
            subjects=[subject],
            retention=api.RetentionPolicy.LIMITS,
            storage=api.StorageType.FILE,
            discard=api.DiscardPolicy.OLD,
            max_age=0.0,
            max_bytes=-1,
            duplicate_window=120.0,
            allow_direct=True,
            # nats-server 2.15.1 drops a whole stream for one damaged compressed block, and with several replicas a node
            # that restarts destroys the last block of its copy (`s2: corrupt input`).
            compression=api.StoreCompression.NONE,
            num_replicas=settings.nats_replicas,
        )
        return config.evolve(**limits)

    return (
        # DiscardPolicy.NEW: a full log must be a loud error, never silently lose history.
        stream(CONVERSATIONS, "conv.>", discard=api.DiscardPolicy.NEW),
        stream(AUDIO, "audio.>", max_age=settings.audio_days * _DAY, max_bytes=settings.audio_bytes),
        stream(FRAMES, "frames.>", max_age=_DAY, max_bytes=settings.frames_bytes),
        # Not among the pictures of speeches, which would push them out. A loop has 20 messages.
        stream(IDLE, "idle.>", max_age=7 * _DAY, max_msgs_per_subject=32),
        stream(CHARACTERS, "character.>", discard=api.DiscardPolicy.NEW),
        stream(LIVE, "live.>", storage=api.StorageType.MEMORY, max_age=3600.0, max_msgs_per_subject=64),
        stream(DEAD, "dead.>", max_age=30 * _DAY),
        stream(REQUEUE, "requeue.>", max_age=30 * _DAY),
        stream(PEOPLE, "link.>", discard=api.DiscardPolicy.NEW),
        stream(ACCESS, "access.>", discard=api.DiscardPolicy.NEW),
        # DiscardPolicy.NEW: what was not stored is not confirmed to the channel, which sends it again.
        stream(INBOX, "inbox.>", max_age=8 * _DAY, max_bytes=settings.inbox_bytes, discard=api.DiscardPolicy.NEW),
        stream(DELIVERIES, "delivery.>", max_age=30 * _DAY),
        # Configured as NATS configures object stores, so that its own tools can read it.
        stream(
            ASSETS,
            f"$O.{BUCKET}.C.>",
            subjects=[f"$O.{BUCKET}.C.>", f"$O.{BUCKET}.M.>"],
            discard=api.DiscardPolicy.NEW,
            allow_rollup_hdrs=True,
            max_bytes=settings.assets_bytes,
        ),
    )


async def ensure_streams(js: JetStreamContext, settings: Settings, *, update: bool) -> None:
    """Create missing streams and update changed ones; safe to call from many processes at once.

    On a server with permissions, only one user may declare streams; the others leave their limits as they are.

    Args:
        update: change an existing stream whose configuration differs.
    Raises:
        ConfigurationError: an existing stream cannot be changed to the declared configuration, or there are too few
            servers or too little space for it; or the log is only partly restored.
        BusError: a stream is missing, and this user may not create it.
    """
    with suppress(NotFoundError):
        await js.stream_info(RESTORING)
        raise ConfigurationError("the log is only partly restored: wait until it is, or restore it with --replace")
    for wanted in stream_configs(settings):
        await ensure_stream(js, wanted, settings, update=update)


async def ensure_streams_in_time(js: JetStreamContext, settings: Settings, *, update: bool, wait: float) -> None:
    """Create or update the streams; a cluster that has just started needs some seconds for that.

    Args:
        wait: seconds.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        try:
            return await ensure_streams(js, settings, update=update)
        except (NatsError, TimeoutError) as error:
            if loop.time() > deadline or (isinstance(error, APIError) and not _is_transient(error)):
                raise BusError(f"JetStream at {settings.redacted_url} does not answer: {error!r}") from error
            log.info("waiting for jetstream", extra={"why": str(error) or type(error).__name__})
            await asyncio.sleep(0.2)


async def ensure_stream(js: JetStreamContext, wanted: api.StreamConfig, settings: Settings, *, update: bool) -> None:
    """Create one stream, or update it; see `ensure_streams`."""
    assert wanted.name is not None
    try:
        found = (await js.stream_info(wanted.name)).config
    except NotFoundError:
        if (folder := kept_blocks(settings, wanted.name)) is not None:
            raise ConfigurationError(
                f"nats-server cannot read stream {wanted.name}; its log says why, and its blocks are in {folder}. "
                "Restore a backup with `visavis restore --replace`; or, to begin without it, move that folder away"
            ) from None
        found = await _create(js, wanted)
    # The number of replicas is never lowered: a process without the setting must not make the log less safe.
    replicas = max(found.num_replicas or 1, wanted.num_replicas or 1)
    different = [name for name in _COMPARED_FIELDS if getattr(found, name) != getattr(wanted, name)]
    if (found.num_replicas or 1) < replicas:
        different.append("num_replicas")
    if not different or not update:
        return
    for name in _UNCHANGEABLE_FIELDS:
        if name in different:
            raise ConfigurationError(
                f"stream {wanted.name} has {name}={getattr(found, name)}, "
                f"this version needs {getattr(wanted, name)}; move its data away or set VISAVIS_NATS_URL"
            )
    try:
        await js.update_stream(found.evolve(**{name: getattr(wanted, name) for name in different}))
    except Forbidden:
        log.info("this user may not change a stream", extra={"stream": wanted.name, "differ": different})
    except APIError as error:
        _raise_if_too_few_servers(error, wanted)
        if _is_transient(error):
            raise
        raise ConfigurationError(
            f"stream {wanted.name} cannot be changed ({different}): {error.description}"
        ) from error


async def _create(js: JetStreamContext, wanted: api.StreamConfig) -> api.StreamConfig:
    try:
        return (await js.add_stream(wanted)).config
    except Forbidden as error:
        raise BusError(
            f"stream {wanted.name} is not there and this user may not make it: run `visavis streams` as the operator"
        ) from error
    except APIError as error:
        if error.err_code == _NAME_IN_USE:  # another process created it first, maybe with another configuration
            return (await js.stream_info(str(wanted.name))).config
        if error.err_code == _NO_SPACE:
            raise ConfigurationError(
                f"stream {wanted.name} asks for {wanted.max_bytes} bytes, more than NATS may store; lower "
                "VISAVIS_AUDIO_BYTES, VISAVIS_FRAMES_BYTES, VISAVIS_INBOX_BYTES or VISAVIS_ASSETS_BYTES, or free "
                "disk space"
            ) from error
        _raise_if_too_few_servers(error, wanted)
        if _is_transient(error):
            raise
        raise BusError(f"stream {wanted.name} cannot be created: {error.description}") from error


def _is_transient(error: APIError) -> bool:
    """Whether a later request may succeed: JetStream is busy, has no leader yet, or a node is away or starting."""
    is_away = error.err_code == _NO_PEERS and "offline" in (error.description or "")
    # A single server tells with the code of a passing fault that it will never have copies.
    return is_away or (error.code in TRANSIENT_CODES and error.err_code != _NO_CLUSTER)


def _raise_if_too_few_servers(error: APIError, wanted: api.StreamConfig) -> None:
    """Raise a ConfigurationError if the cluster has too few servers for the replicas."""
    if _is_transient(error):
        return
    if error.err_code in (_NO_PEERS, _NO_CLUSTER):
        raise ConfigurationError(
            f"stream {wanted.name} asks for {wanted.num_replicas} copies, and there are not so many NATS servers "
            f"in the cluster ({error.description}); see VISAVIS_NATS_REPLICAS"
        ) from error
