"""One typed set of settings, read once from the environment and passed down.

Every field is `VISAVIS_<NAME>`; a variable with that prefix that is no setting, or a value that does not fit, stops the
program and is named.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from bus.errors import ConfigurationError

PREFIX = "VISAVIS_"

DETECT_LANGUAGE = "auto"
"""What `language` says where the language is to be found out from what somebody says."""

Port = Annotated[int, Meta(ge=1, le=65535)]
PortOrNone = Annotated[int, Meta(ge=0, le=65535)]


class Settings(Struct, frozen=True, kw_only=True):
    nats_url: str = ""
    """A NATS server with JetStream, or several of one cluster, comma separated; empty: an embedded one on nats_port."""
    nats_port: Port = 4222
    """Where the embedded NATS server listens, on loopback; the first of three such ports for `visavis cluster`."""
    nats_user: str = ""
    """User that NATS knows this process by; it may stand in the URL instead."""
    nats_password: str = ""
    """Password of that user."""
    nats_passwords: str = ""
    """File of all users' passwords, made by `visavis cluster`: each process takes its own, commands the operator's."""
    nats_tls_ca: str = ""
    """PEM file of the authority that signed the certificates of the NATS servers; speaks TLS with them only."""
    nats_tls_cert: str = ""
    """PEM file of the certificate to show to NATS, where it asks for one."""
    nats_tls_key: str = ""
    """PEM file of the key of that certificate, where it is not in the same file."""
    nats_replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    """On how many nodes of a cluster each stream is kept, 3 as a rule; streams that have more keep them."""
    data: str = "data"
    """Folder for the log of the embedded server and the read models."""
    host: str = "127.0.0.1"
    """Address that the gateway listens on."""
    port: Port = 8080
    """Port of the page, the API and the signalling."""
    health_host: str = "127.0.0.1"
    """Address that the other services answer `/healthz`, `/readyz` and `/metrics` on."""
    render_port: PortOrNone = 8081
    """Port of the render service's health and metrics; 0: none, for a second worker on one machine."""
    tts_port: PortOrNone = 8082
    """The same for the TTS service."""
    stt_port: PortOrNone = 8083
    """The same for the STT service."""
    dialogue_port: PortOrNone = 8084
    """The same for the dialogue service."""
    ice_servers: str = ""
    """STUN and TURN servers, comma separated: `stun:host:port`, `turn:user:password@host:port`."""
    language: str = ""
    """Language that people speak, e.g. en or de; auto: found out from what they say; empty: each character's own."""
    stt_engine: str = "auto"
    """auto, whisper (CTranslate2), whisper-torch, pocketsphinx (English only)."""
    stt_model: str = ""
    """Whisper model: a size (tiny, base, small, medium, large-v3, turbo; with .en for English only), a repository of
    the Hugging Face hub, or a folder; empty: small where there is a graphics card, else base."""
    stt_device: Literal["auto", "cpu", "cuda"] = "auto"
    """What Whisper runs on; auto: the graphics card where it can be used."""
    dialogue_engine: str = "auto"
    """auto, companion (offline), openai (any endpoint that speaks its protocol)."""
    llm_url: str = ""
    """Base URL of an OpenAI-compatible API, e.g. http://127.0.0.1:11434/v1."""
    llm_model: str = ""
    """Model to ask for; empty: the first one that the endpoint lists."""
    llm_key: str = ""
    """API key, where the endpoint wants one."""
    llm_ahead: Literal["on", "off"] = "on"
    """Whether the language model is asked as soon as a person falls silent, before it is sure that they are done: the
    answer begins sooner, but some that were asked for are thrown away. Each dialogue worker asks for itself."""
    tts_engine: str = "auto"
    """auto, xtts, kokoro, flite+espeak (flite for English, eSpeak NG for the rest), espeak, flite."""
    tts_device: str = ""
    """Where XTTS runs: cuda, cuda:1, cpu (far too slow to talk with); empty: a graphics card, where there is one."""
    tts_gpu_bytes: Annotated[int, Meta(ge=1 << 30)] = 6 << 30
    """How much memory of the graphics card the voice may take at the most, in bytes."""
    xtts_licence: Literal["", "accepted"] = ""
    """accepted: you have read the Coqui Public Model License of XTTS v2 and use it for no commercial purpose."""
    xtts_model: str = ""
    """Folder with the files of XTTS v2; empty: models/xtts-v2 in the data folder."""
    kokoro_model: str = ""
    """Folder with the files of Kokoro; empty: models/kokoro in the data folder."""
    voices: str = ""
    """Folder of recordings that voices are cloned from, each of 6 seconds or more; empty: voices in the data folder."""
    model_hub: str = "https://huggingface.co"
    """Where files of models are downloaded from."""
    render_engine: str = "auto"
    """auto, layered (drawn faces and warped photos, on the processor), liveportrait (photos by networks, on a GPU)."""
    render_precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """Numbers that LivePortrait computes with; auto: float16 on a GPU, float32 elsewhere."""
    render_compile: Literal["off", "compile", "graphs"] = "off"
    """Whether torch compiles LivePortrait, which takes a minute at the start; graphs: into CUDA graphs too."""
    render_gpu_bytes: Annotated[int, Meta(ge=2 << 30)] = 8 << 30
    """How much memory of the graphics card the face may take at the most, in bytes."""
    faces_per_person: Annotated[int, Meta(ge=0, le=1000)] = 10
    """How many characters a person may make of photos in the page, each for that person only; 0: none."""
    models: str = ""
    """Folder for models that are downloaded; empty: models in the data folder."""
    video_size: Annotated[int, Meta(ge=128, le=1024, multiple_of=16)] = 512
    """Width and height of the avatar's pictures, in pixels."""
    video_bitrate: Annotated[int, Meta(ge=100_000, le=8_000_000)] = 1_000_000
    """Bits a second that a talking face may take."""
    endpoint_ms: Annotated[int, Meta(ge=200, le=3000)] = 500
    """Silence after which a phrase is over, in milliseconds, where nothing tells sooner."""
    turn_model: Literal["auto", "off"] = "auto"
    """Whether a network that hears if a person sounds done helps to tell when a phrase is over; auto: where the extra
    whisper is installed and its file is in the folder for models, put there by
    python -m services.gateway.listening.turn_end."""
    audio_days: Annotated[int, Meta(ge=1)] = 30
    """How long recorded and spoken audio is kept."""
    audio_bytes: Annotated[int, Meta(ge=1 << 20)] = 4 << 30
    """How much audio is kept at the most, in bytes."""
    frames_bytes: Annotated[int, Meta(ge=1 << 20)] = 2 << 30
    """How much video is kept at the most (and never over 24 hours), in bytes."""
    assets_bytes: Annotated[int, Meta(ge=1 << 20)] = 512 << 20
    """How much room portraits may take at the most, in bytes; beyond it no face is made any more."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are printed."""

    @property
    def data_folder(self) -> Path:
        return Path(self.data).absolute()

    def health_port(self, service: str) -> int:
        """Where a service answers `/healthz`, `/readyz` and `/metrics`; 0 for nowhere."""
        port: int = getattr(self, f"{service}_port", 0)
        return port

    @property
    def models_folder(self) -> Path:
        return Path(self.models).absolute() if self.models else self.data_folder / "models"

    @property
    def url(self) -> str:
        """Where NATS is."""
        return self.nats_url or f"nats://127.0.0.1:{self.nats_port}"

    @property
    def redacted_url(self) -> str:
        """Where NATS is, fit to be shown."""
        return without_credentials(self.url)


def without_credentials(urls: str) -> str:
    """Addresses without the user and password in them."""
    return ", ".join(one.rsplit("@", 1)[-1] for one in urls.split(","))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that these environment variables spell.

    Raises:
        ConfigurationError: an unknown `VISAVIS_` variable, or a value out of range; names it.
    """
    fields = {field.name for field in msgspec.structs.fields(Settings)}
    values: dict[str, str] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX):
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in fields:
            near = difflib.get_close_matches(field, fields, n=1)
            hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
            raise ConfigurationError(f"{name} is not a setting{hint}")
        values[field] = value
    for field, value in values.items():
        try:
            msgspec.convert({field: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            reason = str(error).split(" - at ")[0]
            raise ConfigurationError(f"{PREFIX}{field.upper()}={value!r}: {reason}") from error
    return msgspec.convert(values, Settings, strict=False)
