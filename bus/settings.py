"""The settings, read once from the environment and passed down.

Every field is an environment variable `VISAVIS_<NAME>`. An unknown variable with that prefix, or a value that does not
fit, stops the process with an error that names it.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from bus.errors import ConfigurationError

PREFIX = "VISAVIS_"

DETECT_LANGUAGE = "auto"
"""Value of `language`: detect the language from the speech."""

SECRETS: Mapping[str, str] = {
    "llm_key": "dialogue",
    "secret": "gateway",
    "turn_secret": "gateway",
    "telegram_token": "channels",
    "whatsapp_token": "channels",
    "whatsapp_app_secret": "channels",
    "whatsapp_verify_token": "channels",
}
"""Settings that one process alone needs: `visavis up` gives them to no other."""

Port = Annotated[int, Meta(ge=1, le=65535)]
PortOrNone = Annotated[int, Meta(ge=0, le=65535)]


class Settings(Struct, frozen=True, kw_only=True):
    nats_url: str = ""
    """A NATS server with JetStream, or several of one cluster, comma separated; empty: an embedded one on nats_port."""
    nats_port: Port = 4222
    """Where the embedded NATS server listens, on loopback; the first of three such ports for `visavis cluster`."""
    nats_sync: Annotated[str, Meta(pattern="^(always|[1-9][0-9]*(ms|s|m))$")] = "always"
    """When the embedded NATS server writes messages to the disk: always, before it confirms each of them; or at an
    interval such as 10s or 2m, of which a power cut may cost what was confirmed."""
    nats_user: str = ""
    """User to log in to NATS as; it may be in the URL instead."""
    nats_password: str = ""
    """Password of that user."""
    nats_passwords: str = ""
    """File of all users' passwords, made by `visavis cluster`: each process takes its own, commands the operator's."""
    nats_tls_ca: str = ""
    """PEM file of the authority that signed the certificates of the NATS servers; connects with TLS only."""
    nats_tls_cert: str = ""
    """PEM file of the client certificate, if NATS asks for one."""
    nats_tls_key: str = ""
    """PEM file of the key of that certificate, if it is not in the same file."""
    nats_replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    """Number of nodes of a cluster that store each stream, usually 3; existing streams with more replicas keep them."""
    data: str = "data"
    """Folder for the log of the embedded NATS server and the read models."""
    host: str = "127.0.0.1"
    """Address that the gateway listens on."""
    port: Port = 8080
    """Port of the page, the API and the signalling."""
    health_host: str = "127.0.0.1"
    """Address on which the other services answer `/healthz`, `/readyz` and `/metrics`."""
    render_port: PortOrNone = 8081
    """Port of the render service's health and metrics; 0: none, for a second worker on one machine."""
    tts_port: PortOrNone = 8082
    """The same for the TTS service."""
    stt_port: PortOrNone = 8083
    """The same for the STT service."""
    dialogue_port: PortOrNone = 8084
    """The same for the dialogue service."""
    channels_port: PortOrNone = 8086
    """The same for the channels service, and where it takes webhooks, on health_host."""
    trusted_proxies: str = ""
    """Addresses or networks of reverse proxies, comma separated, whose `X-Forwarded-For` and `X-Forwarded-Proto` are
    believed; empty: FORWARDED_ALLOW_IPS, else 127.0.0.1 and ::1. Limits on one address do not hold for theirs."""
    people_per_address: Annotated[int, Meta(ge=1, le=100_000)] = 10
    """How many times the limits on one person hold for one address, for people who share it (an IPv6 network of 64 bits
    counts as one)."""
    connections: Annotated[int, Meta(ge=16, le=1_000_000)] = 4096
    """The most connections to the gateway; beyond half of the files that the system lets it open, fewer."""
    connections_per_address: Annotated[int, Meta(ge=4, le=1_000_000)] = 256
    """The most connections from one address; beyond both limits, those without a request are closed first."""
    header_seconds: Annotated[int, Meta(ge=1, le=600)] = 15
    """Seconds that a connection may take until the header of its request is complete."""
    request_seconds: Annotated[int, Meta(ge=5, le=3600)] = 120
    """Seconds that the body of a request may take after that, such as a photo over a slow line."""
    requests_per_second: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """Requests of one person each second, over ten seconds; of any kind."""
    requests_at_once: Annotated[int, Meta(ge=2, le=10_000)] = 32
    """Requests of one person that are answered at the same time, streams of events not counted."""
    messages_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 60
    """Written messages of one person, in all their conversations; all of them may come at once."""
    messages_per_day: Annotated[int, Meta(ge=1, le=10_000_000)] = 3000
    """The same in a day."""
    answers_at_once: Annotated[int, Meta(ge=1, le=100_000)] = 4
    """Conversations in which one person may wait for the answer to what they wrote, until all of its sound is made."""
    conversations_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 30
    """New conversations of one person."""
    conversations_per_person: Annotated[int, Meta(ge=1, le=1_000_000)] = 2000
    """The most conversations that a person may have in all."""
    event_streams: Annotated[int, Meta(ge=1, le=1_000_000)] = 2000
    """The most streams of events (open pages) of one gateway."""
    event_streams_per_person: Annotated[int, Meta(ge=1, le=10_000)] = 16
    """Those of one person."""
    sessions: Annotated[int, Meta(ge=1, le=100_000)] = 200
    """The most calls (WebRTC sessions) of one gateway, those that still connect included."""
    sessions_per_person: Annotated[int, Meta(ge=1, le=10_000)] = 8
    """Those of one person."""
    offers_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 30
    """Calls that one person may begin. So often TURN credentials are given, too."""
    uploads_per_hour: Annotated[int, Meta(ge=1, le=100_000)] = 60
    """Photos that one person may send."""
    uploads_at_once: Annotated[int, Meta(ge=1, le=1000)] = 8
    """Photos that a gateway takes at the same time, each up to 32 MB in memory; one person's half of that."""
    log_bytes: Annotated[int, Meta(ge=1 << 20)] = 32 << 30
    """Bytes of conversations on the log beyond which nothing new is begun (503); what was taken before is finished."""
    log_lines_per_minute: Annotated[int, Meta(ge=10, le=1_000_000)] = 600
    """The most lines of one kind that a process prints in a minute, those of tracebacks included; then their number."""
    ice_servers: str = ""
    """STUN and TURN servers, comma separated: `stun:host:port`, `turn:user:password@host:port`, or, with
    VISAVIS_TURN_SECRET, `turn:host:port`, `turn:host:port?transport=tcp`, `turns:host:port`."""
    turn_secret: str = ""
    """Secret shared with the TURN servers (coturn's `static-auth-secret`): those without a user then get a user and a
    password for each session."""
    turn_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 3600
    """Seconds for which these can be used to begin a session; one that has begun goes on."""
    media_ports: str = ""
    """UDP ports for audio and video, e.g. 40000-40100: one for each session; empty: any free ones."""
    media_address: str = ""
    """Address at which browsers reach these ports, where it is not this machine's own (NAT, a container's network):
    announced in place of private ones of its kind. Several, and names, comma separated."""
    language: str = ""
    """Language that people speak, e.g. en or de; auto: detected from their speech; empty: each character's own."""
    stt_engine: str = "auto"
    """auto, whisper (CTranslate2), whisper-torch, moonshine (English; Whisper for the rest), pocketsphinx (English)."""
    stt_model: str = ""
    """Whisper model: a size (tiny, base, small, medium, large-v3, turbo; with .en for English only), a repository of
    the Hugging Face hub, or a folder; empty: small if there is a graphics card, else base."""
    stt_device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device that Whisper runs on; auto: the graphics card if it can be used."""
    stt_gpu_bytes: Annotated[int, Meta(ge=1 << 29)] = 2 << 30
    """The most memory of the graphics card that Whisper may take, in bytes. CTranslate2 knows no limit: it is measured,
    and the log says where it takes more."""
    dialogue_engine: str = "auto"
    """auto, companion (offline), openai (any endpoint that speaks its protocol), local (a language model on this
    machine)."""
    llm_url: str = ""
    """Base URL of an OpenAI-compatible API, e.g. http://127.0.0.1:11434/v1; or several, comma separated: where one
    fails, or has no first word within 8 seconds, the next one is asked."""
    llm_model: str = ""
    """Model to request; empty: the first one that the endpoint lists; comma separated: one for each URL."""
    llm_key: str = ""
    """API key, if the endpoint needs one; comma separated: one for each URL, empty for none."""
    llm_ahead: Literal["on", "off"] = "on"
    """Whether the language model is asked as soon as a person falls silent, before their turn is certainly over: the
    answer begins sooner, but some requests are wasted. Each dialogue worker sends its own."""
    tools: str = ""
    """File that names servers of the Model Context Protocol, whose tools the language model may call, as
    `{"mcpServers": {"clock": {"command": "…", "args": []}}}`; needs the extra tools."""
    llm_prices: str = ""
    """What language models cost, in any currency, for a million tokens read and written: `gpt-5-mini=0.25/2.00`, by
    the name of the model or of the engine, comma separated."""
    llm_file: str = ""
    """GGUF file of the language model that runs on this machine; empty: the one that `make mind` fetches. Loaded
    unchecked; used where VISAVIS_LLM_URL is not set."""
    llm_port: Port = 8085
    """Where that language model is served, on loopback."""
    tts_engine: str = "auto"
    """auto, xtts, hibari (English women, others by Kokoro), kokoro, pico (flite for English, SVOX Pico for German,
    Spanish, French and Italian, eSpeak NG for the rest), flite+espeak (flite for English, eSpeak NG for the rest),
    espeak, flite."""
    tts_device: str = ""
    """Device that XTTS runs on: cuda, cuda:1, cpu (far too slow to talk with); empty: a graphics card if present."""
    tts_gpu_bytes: Annotated[int, Meta(ge=1 << 30)] = 4 << 30
    """The most memory of the graphics card that the voice may take, in bytes."""
    xtts_licence: Literal["", "accepted"] = ""
    """accepted: you have read the Coqui Public Model License of XTTS v2 and use it for no commercial purpose."""
    xtts_model: str = ""
    """Folder with the files of XTTS v2; empty: xtts-v2 in the folder for models."""
    kokoro_model: str = ""
    """Folder with the files of Kokoro; empty: models/kokoro in the data folder."""
    voices: str = ""
    """Folder of recordings that voices are cloned from, each of 6 seconds or more; empty: voices in the data folder."""
    model_hub: str = "https://huggingface.co"
    """Where files of models are downloaded from, unless their publisher has a place of its own."""
    model_downloads: Literal["on", "off"] = "on"
    """Whether missing model files are downloaded; off: only files in the folder for models are used."""
    render_engine: str = "auto"
    """auto, layered (drawn faces and warped photos, on the processor), liveportrait (photos by networks, on a GPU)."""
    render_threads: Annotated[int, Meta(ge=0, le=64)] = 0
    """Threads that draw faces on the processor; 0: one for each core, eight at the most."""
    render_precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """Floating-point format that LivePortrait computes in; auto: float16 on a GPU, the fastest one of a processor."""
    render_compile: Literal["off", "compile", "graphs"] = "off"
    """Whether torch compiles LivePortrait, which takes a minute at the start; graphs: also into CUDA graphs."""
    render_key_poses: Literal["on", "off"] = "on"
    """Whether LivePortrait draws key poses of each photo, for minutes, where its weights are here and no GPU is."""
    render_expressions: str = ""
    """Folder of JoyVASA's published files, whose network then moves the lips of the photos that LivePortrait draws;
    their frames wait for the whole sentence. Empty: visemes move them."""
    render_gpu_bytes: Annotated[int, Meta(ge=2 << 30)] = 8 << 30
    """The most memory of the graphics card that the face may take, in bytes."""
    access: Literal["local", "keys", "open"] = "local"
    """Who may use the page and the API. local: who is at this machine; a gateway that others reach is not started.
    keys: who signs in, with a key of `visavis keys` or the operator's. open: everybody who reaches it."""
    origins: str = ""
    """Other sites whose pages may use the API, with tokens, e.g. https://shop.example.org; comma separated."""
    secret: str = ""
    """What cookies and tokens are signed with, 32 characters or more: the same for all gateways, and never changed, or
    nobody finds their conversations again; empty: one is made in the data folder."""
    hosts: str = ""
    """Names at which the page is reached, comma separated, besides localhost, this machine's own name and that of
    VISAVIS_PUBLIC_URL; requests for other names are refused; `*`: any."""
    faces_per_person: Annotated[int, Meta(ge=0, le=1000)] = 10
    """The most characters that a person may make from photos in the page, each for that person only; 0: none."""
    models: str = ""
    """Folder for downloaded models; empty: models in the data folder."""
    video_size: Annotated[int, Meta(ge=128, le=960, multiple_of=16)] = 512
    """Width and height of the avatar's pictures, in pixels; browsers take no larger ones in H.264's level 3.1, which
    is what they offer."""
    video_bitrate: Annotated[int, Meta(ge=100_000, le=8_000_000)] = 1_000_000
    """Bits per second of a talking face."""
    endpoint_ms: Annotated[int, Meta(ge=200, le=3000)] = 500
    """Silence after which a phrase is over, in milliseconds, unless its end is recognised sooner."""
    turn_model: Literal["auto", "off"] = "auto"
    """Whether a neural network helps to recognise the end of a phrase by its sound; auto: once it has been
    fetched."""
    conversation_days: Annotated[int, Meta(ge=0)] = 0
    """Days after its last words at which a conversation is erased, with its sound and all else; 0: kept for ever."""
    audio_days: Annotated[int, Meta(ge=1)] = 30
    """Days for which recorded and spoken audio is kept, if audio_bytes allow it."""
    audio_bytes: Annotated[int, Meta(ge=1 << 20)] = 4 << 30
    """The most audio that is kept, in bytes: 4 GiB hold some 30,000 turns, 100 hours of one call or 6 minutes of a
    thousand."""
    frames_bytes: Annotated[int, Meta(ge=1 << 20)] = 2 << 30
    """The most video that is kept, in bytes; none is kept for more than 24 hours."""
    public_url: str = ""
    """Address of the page as people outside reach it, for links in messages, e.g. https://avatar.example.org."""
    telegram_token: str = ""
    """Token of the Telegram bot, from BotFather; empty: no Telegram."""
    telegram_webhook: str = ""
    """Public HTTPS address that Telegram sends updates to, without a path; empty: they are fetched by long polling."""
    telegram_api: str = "https://api.telegram.org"
    """Where the Bot API is, if it is a server of one's own."""
    whatsapp_token: str = ""
    """Access token of WhatsApp's Cloud API; empty: no WhatsApp."""
    whatsapp_phone_number_id: str = ""
    """Id of the phone number that WhatsApp sends from."""
    whatsapp_app_secret: str = ""
    """Secret of the Meta app, which signs its webhooks."""
    whatsapp_verify_token: str = ""
    """The token that was typed in where the webhook was set up."""
    whatsapp_api: str = "https://graph.facebook.com/v26.0"
    """Where the Graph API is, with its version."""
    notes_folder: str = ""
    """Folder in which `visavis note`, or anybody, drops recordings and finds the answers; empty: notes in the data
    folder; off: none."""
    note_seconds: Annotated[int, Meta(ge=5, le=3600)] = 300
    """The longest recording that is listened to, in seconds."""
    inbox_bytes: Annotated[int, Meta(ge=1 << 20)] = 256 << 20
    """The most bytes of updates from channels that are kept, for eight days at the most."""
    assets_bytes: Annotated[int, Meta(ge=1 << 20)] = 512 << 20
    """The most space that photos and portraits take, in bytes; beyond it no more faces are made."""
    disk_warning_bytes: Annotated[int, Meta(ge=0)] = 2 << 30
    """Free bytes on the disk of the data folder below which there are warnings, and again below a quarter of it."""
    disk_warning_hours: Annotated[int, Meta(ge=0)] = 24
    """The same where the disk, or a stream that then refuses what comes, is full within so many hours at the rate of
    the last hour."""
    analytics: Literal["on", "off"] = "on"
    """Whether `visavis up` writes the analytics, tables in Parquet files below the data folder."""
    otlp: str = ""
    """Address of an OpenTelemetry collector that takes OTLP over HTTP, e.g. http://127.0.0.1:4318, which `visavis up`
    sends the spans of each turn; needs the extra tracing."""
    drain_seconds: Annotated[int, Meta(ge=0, le=600)] = 20
    """Seconds that a process may take after SIGTERM to finish what it has begun; then another one takes that over. What
    sends the SIGTERM, such as Docker, has to wait ten seconds longer before it kills the process."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level of the log lines that are printed."""

    @property
    def data_folder(self) -> Path:
        return Path(self.data).absolute()

    def health_port(self, service: str) -> int:
        """Port on which a service answers `/healthz`, `/readyz` and `/metrics`; 0: none."""
        port: int = getattr(self, f"{service}_port", 0)
        return port

    @property
    def models_folder(self) -> Path:
        return Path(self.models).absolute() if self.models else self.data_folder / "models"

    @property
    def url(self) -> str:
        """URLs of the NATS servers, comma separated."""
        return self.nats_url or f"nats://127.0.0.1:{self.nats_port}"

    @property
    def redacted_url(self) -> str:
        """`url` without credentials, for logs and error messages."""
        return without_credentials(self.url)


def without_credentials(urls: str) -> str:
    """Comma-separated URLs without their user and password."""
    return ", ".join(one.rsplit("@", 1)[-1] for one in urls.split(","))


def environment_of(process: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process, without the secrets of the others."""
    others = {f"{PREFIX}{name.upper()}" for name, owner in SECRETS.items() if owner != process}
    return {name: value for name, value in environment.items() if name not in others}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables.

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
    if "nats_url" in values:
        _check_nats_urls(values["nats_url"])
    for field, (is_valid, expected) in _LISTS.items():
        for one in filter(None, map(str.strip, values.get(field, "").split(","))):
            if not is_valid(one):
                raise ConfigurationError(f"{PREFIX}{field.upper()}: expected {expected}, got {one!r}")
    return msgspec.convert(values, Settings, strict=False)


def _is_network(text: str) -> bool:
    if text == "*" or text.startswith(("/", "unix:")):  # all, or a socket of this machine
        return True
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    return bool(re.fullmatch(r"\*|https?://[^/?#@\s]+/?", text))


def _is_price(text: str) -> bool:
    return bool(re.fullmatch(r".+=\s*\d+(\.\d+)?\s*/\s*\d+(\.\d+)?", text))


_LISTS: dict[str, tuple[Callable[[str], bool], str]] = {
    "trusted_proxies": (_is_network, "an address or a network such as 10.0.0.0/8"),
    "origins": (_is_origin, "https://host, without a path"),
    "llm_prices": (_is_price, "name=read/written, such as m=0.25/2"),
}
"""Settings that are lists, with the form of each part."""


def _check_nats_urls(urls: str) -> None:
    """Raise a ConfigurationError unless each of the comma-separated URLs names a host, and its port is a number."""
    for one in filter(None, urls.split(",")):
        try:
            parts = urlsplit(one if "://" in one else f"nats://{one}")
            is_whole = parts.scheme in ("nats", "tls", "ws", "wss") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # the port is no number, or above 65535
            is_whole = False
        if not is_whole:
            raise ConfigurationError(
                f"{PREFIX}NATS_URL={without_credentials(one)!r}: expected nats://host:port, several with commas between"
            )
