"""Every stream, declared in one place and applied at start-up. Architecture, section "Streams and subjects"."""

from __future__ import annotations

import logging

from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from bus.errors import BusError, ConfigurationError, Forbidden
from bus.settings import Settings

log = logging.getLogger(__name__)

CONVERSATIONS = "CONVERSATIONS"
AUDIO = "AUDIO"
FRAMES = "FRAMES"
CHARACTERS = "CHARACTERS"
LIVE = "LIVE"
DEAD = "DEAD"
REQUEUE = "REQUEUE"
BUCKET = "assets"
ASSETS = f"OBJ_{BUCKET}"
"""What NATS calls the stream of an object store."""

_DAY = 86_400.0
_OF_PREFIX = {
    "conv": CONVERSATIONS,
    "audio": AUDIO,
    "frames": FRAMES,
    "character": CHARACTERS,
    "live": LIVE,
    "dead": DEAD,
    "requeue": REQUEUE,
}
_UNCHANGEABLE = ("storage", "retention")
PASSING = (408, 500, 503)
"""Codes of answers by a JetStream that is busy, or without a leader yet: asked again a little later it may be well."""
_NAME_IN_USE, _NO_SPACE, _NO_PEERS, _NO_CLUSTER = 10058, 10047, 10005, 10074
_COMPARED = (
    "subjects",
    "max_age",
    "max_bytes",
    "discard",
    "max_msgs_per_subject",
    "duplicate_window",
    "allow_direct",
    "compression",
    *_UNCHANGEABLE,
)


def stream_of(subject: str) -> str:
    """The stream that a subject is kept in."""
    return _OF_PREFIX[subject.split(".", 1)[0]]


def declared(settings: Settings) -> tuple[api.StreamConfig, ...]:
    """All streams as they should be."""

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
            compression=api.StoreCompression.NONE,
            num_replicas=settings.nats_replicas,
        )
        return config.evolve(**limits)

    return (
        # A full log must be a loud error, never silently forgotten history.
        stream(CONVERSATIONS, "conv.>", discard=api.DiscardPolicy.NEW, compression=api.StoreCompression.S2),
        stream(AUDIO, "audio.>", max_age=settings.audio_days * _DAY, max_bytes=settings.audio_bytes),
        stream(FRAMES, "frames.>", max_age=_DAY, max_bytes=settings.frames_bytes),
        stream(CHARACTERS, "character.>", discard=api.DiscardPolicy.NEW),
        stream(LIVE, "live.>", storage=api.StorageType.MEMORY, max_age=3600.0, max_msgs_per_subject=64),
        stream(DEAD, "dead.>", max_age=30 * _DAY),
        stream(REQUEUE, "requeue.>", max_age=30 * _DAY),
        # As NATS makes object stores, so that its own tools can read it.
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
    """Create what is missing and update what has changed; safe to call from many processes at once.

    On a server with permissions one user declares the streams; the others find them, and leave limits as they are.

    Args:
        update: apply other limits to a stream that is there; who only looks leaves it as it is.

    Raises:
        ConfigurationError: a stream is there in a form that cannot be changed into the declared one, or there is not
            the space or the servers that it asks for.
        BusError: a stream is missing and this user may not make it.
    """
    for wanted in declared(settings):
        assert wanted.name is not None
        try:
            found = (await js.stream_info(wanted.name)).config
        except NotFoundError:
            found = await _create(js, wanted)
        different = [name for name in _COMPARED if getattr(found, name) != getattr(wanted, name)]
        # More copies than asked for are kept: a process that lacks the setting must not make the log less safe.
        if (found.num_replicas or 1) < (wanted.num_replicas or 1):
            different.append("num_replicas")
        if not different or not update:
            continue
        for name in _UNCHANGEABLE:
            if name in different:
                raise ConfigurationError(
                    f"stream {wanted.name} has {name}={getattr(found, name)}, "
                    f"this version needs {getattr(wanted, name)}; move its data away or set VISAVIS_NATS_URL"
                )
        try:
            await js.update_stream(found.evolve(**{name: getattr(wanted, name) for name in different}))
        except Forbidden:
            log.info("limits of a stream are others' to change", extra={"stream": wanted.name, "differ": different})
        except APIError as error:
            _raise_too_few(error, wanted)
            if error.code in PASSING:
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
        if error.err_code == _NAME_IN_USE:  # another process was first, with another declaration: compare below
            return (await js.stream_info(str(wanted.name))).config
        if error.err_code == _NO_SPACE:
            raise ConfigurationError(
                f"stream {wanted.name} asks for {wanted.max_bytes} bytes, more than NATS may store; lower "
                "VISAVIS_AUDIO_BYTES, VISAVIS_FRAMES_BYTES or VISAVIS_ASSETS_BYTES, or free disk space"
            ) from error
        _raise_too_few(error, wanted)
        if error.code in PASSING:
            raise
        raise BusError(f"stream {wanted.name} cannot be created: {error.description}") from error


def _raise_too_few(error: APIError, wanted: api.StreamConfig) -> None:
    """Raise where it is the number of servers that is wrong."""
    if error.err_code in (_NO_PEERS, _NO_CLUSTER):
        raise ConfigurationError(
            f"stream {wanted.name} asks for {wanted.num_replicas} copies, and there are not so many NATS servers "
            f"in the cluster ({error.description}); see VISAVIS_NATS_REPLICAS"
        ) from error
