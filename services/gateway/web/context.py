"""The objects of a gateway that its routes share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bus.log.event_log import EventLog
from bus.process import health
from bus.process.drain import Drain
from bus.settings import Settings
from services.gateway.feed import Feed
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.playing.idle_loops import IdleLoops
from services.gateway.playing.session import Session
from services.gateway.playing.sessions import Sessions
from services.gateway.replaying.media_files import MediaFiles
from services.gateway.replaying.recordings import Recordings
from services.gateway.web.configured_channels import ConfiguredChannels
from services.gateway.web.conversations import Conversations
from services.gateway.web.face_requests import FaceRequests
from services.gateway.web.identity import Persons
from services.gateway.web.keys import Keys
from services.gateway.web.limits import Limits
from services.gateway.web.links import Links
from services.gateway.web.origins import Origins
from services.gateway.web.space import Space
from services.gateway.web.unanswered import UnansweredMessages
from services.improvements import Machine


@dataclass(frozen=True)
class GatewayContext:
    """The objects of one gateway, passed to every group of routes."""

    event_log: EventLog
    settings: Settings
    feed: Feed
    idle: IdleLoops
    conversations: Conversations
    faces: FaceRequests
    links: Links
    persons: Persons
    keys: Keys
    origins: Origins
    channels: ConfiguredChannels
    open_session: Callable[[str, str], Session]
    """Makes a session for a conversation and a character; not yet connected."""
    sessions: Sessions
    limits: Limits
    unanswered: UnansweredMessages
    ice: IceConfiguration
    video_level: int
    """H.264's level_idc of the pictures that are sent."""
    recordings: Recordings
    media_files: MediaFiles
    page: Path
    """Folder of the built page."""
    space: Space
    health: health.Monitored
    drain: Drain
    """Once it begins, no new sessions are taken."""
    this_machine: Callable[[], Machine]
    """Describes what is installed here; reads folders."""
