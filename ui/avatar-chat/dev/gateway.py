"""A gateway for working on the page alone: docs/api.md with a scripted character, in memory, without NATS.

    python ui/avatar-chat/dev/gateway.py --port 28080      # serves ui/avatar-chat/dist, too
    # http://127.0.0.1:28080/#replay=past, #replay=expired and #replay=hour are past conversations
    curl -d '{"text": "how are you"}' http://127.0.0.1:28080/dev/speak/<conversation>

Not part of the product: conversations are gone when it stops, and everybody sees all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import uvicorn
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from past_conversation import past
from replay_routes import ReplayRoutes, character

from bus import events as e
from projections import conversation as projection
from projections.read_model import searchable_text
from projections.view import ConversationUpdate, changes, view

CHARACTERS = {
    "ada": ("Ada", "Curious about everything, and happy to explain it.", "#6d5ae6", "Hello, I am Ada. What is on your mind?"),
    "noor": ("Noor", "Calm, warm, and in no hurry at all.", "#0f8a7e", "Good to see you. Take your time."),
    "leo": ("Leo", "Quick with an answer, quicker with a joke.", "#d9653b", "Hi! Ask me anything, I might even know it."),
}
ANSWER = (
    "That is a good question.",
    "I think the most interesting part is how a face and a voice agree on one clock, because a delay of only "
    "a few hundredths of a second is enough for people to notice that something is off.",
    "Shall I go on?",
)


class Thread:
    """One conversation: its facts, and a condition that is notified of new ones."""

    def __init__(self, character: str) -> None:
        self.id = f"c{uuid.uuid4().hex}"
        self.facts: list[tuple[int, e.Event]] = []
        self.changed = asyncio.Condition()
        self.live: list[e.LiveEvent] = []
        self.reply: str | None = None
        self.speaking = False
        self.sessions = 0
        self.first = (e.ConversationOpened(person="p1", character=character), None)

    @property
    def state(self) -> projection.Conversation:
        return projection.fold_all(projection.Conversation(id=self.id), self.facts)

    async def append(self, body: e.Fact, turn: str | None = None) -> None:
        event = e.Event(id=uuid.uuid4().hex, at=time.time_ns() // 1000, conversation=self.id, turn=turn, body=body)
        async with self.changed:
            self.facts.append((len(self.facts) + 1, event))
            self.changed.notify_all()

    async def show(self, body: e.Live) -> None:
        async with self.changed:
            self.live.append(e.LiveEvent(at=time.time_ns() // 1000, conversation=self.id, body=body))
            self.changed.notify_all()

    async def answer(self, turn: str) -> None:
        reply = self.reply = f"r{uuid.uuid4().hex}"
        character = self.state.character
        await asyncio.sleep(0.7)
        await self.append(e.ReplyStarted(reply=reply, character=character, engine="script"), turn)
        for index, text in enumerate(ANSWER):
            await self.append(e.ReplySentence(reply=reply, index=index, text=text, character=character), turn)
            await asyncio.sleep(0.1)
        await self.append(e.ReplyEnded(reply=reply, sentences=len(ANSWER)), turn)
        for index, text in enumerate(ANSWER):
            await self.tell(turn, reply, index, text, character)
            if self.reply != reply:
                return
        self.reply = None

    async def tell(self, turn: str, reply: str, index: int, text: str, character: str) -> None:
        part: dict[str, Any] = {"speech": f"{reply}-{index}", "reply": reply, "index": index}
        await self.append(e.SpeechStarted(**part, character=character, voice="female", engine="script"), turn)
        if self.sessions:
            self.speaking = True
            await self.append(e.PlaybackStarted(session="s", **part, video=True), turn)
            for _ in range(len(text) * 7 // 10):
                await asyncio.sleep(0.1)
                if self.reply != reply:
                    break
            self.speaking = False
            samples = len(text) * 3360
            await self.append(e.PlaybackFinished(session="s", **part, samples=samples, complete=True), turn)

    async def interrupt(self) -> None:
        turns = self.state.turns
        if self.reply and turns:
            reply, self.reply, self.speaking = self.reply, None, False
            fact = e.ReplyInterrupted(reply=reply, heard=ANSWER[0], by="button")
            await self.append(fact, turns[-1].id)


def past_thread(id: str, **how: Any) -> Thread:
    """A conversation that took place before the start."""
    thread = Thread("ada")
    thread.id, thread.facts = id, past(id, **how)
    return thread


THREADS: dict[str, Thread] = {
    "past": past_thread("past"),
    "expired": past_thread("expired", copied=True),
    "hour": past_thread("hour", turns=400),
}
PEERS: dict[str, RTCPeerConnection] = {}
TASKS: set[asyncio.Task[Any]] = set()


def background(work: Any) -> None:
    task = asyncio.create_task(work)
    TASKS.add(task)
    task.add_done_callback(TASKS.discard)


def picture(accent: str, mouth: float, at: float, size: int = 384) -> np.ndarray:
    """A face of ellipses, [size, size, 3]: enough to see that it moves."""
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    x = x + 0.01 * np.sin(at)
    colour = np.array([int(accent[i : i + 2], 16) for i in (1, 3, 5)])
    image = colour * (0.55 + 0.35 * (0.5 - y))[..., None]

    def ellipse(cx: float, cy: float, rx: float, ry: float, paint: tuple[int, int, int]) -> None:
        image[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = paint

    ellipse(0, 0.62, 0.42, 0.3, (60, 62, 78))
    ellipse(0, -0.06, 0.27, 0.33, (70, 48, 40))
    ellipse(0, 0.02, 0.22, 0.27, (236, 200, 176))
    for side in (-1, 1):
        ellipse(side * 0.085, -0.02, 0.03, 0.03 if at % 4 > 0.15 else 0.004, (40, 36, 44))
    ellipse(0, 0.15, 0.07, 0.012 + 0.035 * mouth, (150, 60, 66))
    return np.clip(image, 0, 255).astype(np.uint8)


class Picture(VideoStreamTrack):
    def __init__(self, thread: Thread) -> None:
        super().__init__()
        self.thread = thread

    async def recv(self) -> av.VideoFrame:
        pts, base = await self.next_timestamp()
        at = pts * base
        mouth = abs(np.sin(float(at) * 9)) if self.thread.speaking else 0.0
        frame = av.VideoFrame.from_ndarray(picture(CHARACTERS[self.thread.state.character][2], mouth, float(at)))
        frame.pts, frame.time_base = pts, base
        return frame


class Voice(AudioStreamTrack):
    def __init__(self, thread: Thread) -> None:
        super().__init__()
        self.thread = thread

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        if not self.thread.speaking:
            return frame
        at = (frame.pts + np.arange(frame.samples)) / frame.sample_rate
        wave = (900 * np.sin(2 * np.pi * 160 * at) * np.abs(np.sin(9 * at))).astype(np.int16)
        spoken = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        spoken.pts, spoken.sample_rate, spoken.time_base = frame.pts, frame.sample_rate, Fraction(1, frame.sample_rate)
        return spoken


def thread_of(request: Request) -> Thread:
    return THREADS[request.path_params["id"]]


async def characters(request: Request) -> Response:
    return JSONResponse([
        {"id": id, "name": name, "tagline": tagline, "greeting": greeting, "accent": accent, "language": "en",
         "portrait": f"api/characters/{id}/portrait", "own": False}
        for id, (name, tagline, accent, greeting) in CHARACTERS.items()
    ])  # fmt: skip


async def portrait(request: Request) -> Response:
    frame = av.VideoFrame.from_ndarray(picture(CHARACTERS[request.path_params["id"]][2], 0.0, 1.0))
    return Response(_jpeg(frame), media_type="image/jpeg")


def _jpeg(frame: av.VideoFrame) -> bytes:
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = frame.width, frame.height, "yuvj420p", Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*codec.encode(frame.reformat(format="yuvj420p")), *codec.encode(None)])


async def conversations(request: Request) -> Response:
    if request.method == "POST":
        thread = Thread((await request.json()).get("character", "ada"))
        THREADS[thread.id] = thread
        await thread.append(thread.first[0])
        return JSONResponse({"id": thread.id}, status_code=201)
    states = sorted((thread.state for thread in THREADS.values()), key=lambda state: -state.updated_at)
    keys = ("id", "title", "character", "updated_at")
    return JSONResponse([{key: getattr(state, key) for key in keys} for state in states])


async def search(request: Request) -> Response:
    """Every word anywhere in a turn; the real one finds whole words, whatever their case and accents."""
    words = request.query_params.get("text", "").lower().split()
    found = []
    for thread in THREADS.values() if words else ():
        for turn in thread.state.turns:
            text = searchable_text(turn)
            if all(word in text.lower() for word in words):
                for word in words:
                    start = text.lower().index(word)
                    text = f"{text[:start]}\u2068{text[start : start + len(word)]}\u2069{text[start + len(word) :]}"
                about = {"conversation": thread.id, "title": thread.state.title, "turn": turn.id, "at": turn.at}
                found.append({**about, "excerpt": text})
    return JSONResponse(found)


async def conversation(request: Request) -> Response:
    thread = THREADS.get(request.path_params["id"])
    if thread is None:
        return JSONResponse({"error": {"code": "not_found", "message": "no such conversation"}}, status_code=404)
    return Response(msgspec.json.encode(view(thread.state)), media_type="application/json")


async def events(request: Request) -> Response:
    thread = thread_of(request)
    seq = int(request.headers.get("last-event-id") or request.query_params.get("after", 0))

    async def stream() -> AsyncIterator[bytes]:
        place, live = seq, len(thread.live)
        state = projection.fold_all(projection.Conversation(id=thread.id), thread.facts[:place])
        yield b": hello\n\n"
        while True:
            async with thread.changed:
                while place >= len(thread.facts) and live >= len(thread.live):
                    await thread.changed.wait()
            for event in thread.live[live:]:
                yield b"event: live\ndata: " + msgspec.json.encode(event) + b"\n\n"
            live = len(thread.live)
            for number, event in thread.facts[place:]:
                before, state = state, projection.fold(state, number, event)
                update = ConversationUpdate(event=event, changes=changes(before, state))
                yield b"id: %d\ndata: " % number + msgspec.json.encode(update) + b"\n\n"
                place = number

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def messages(request: Request) -> Response:
    thread, text = thread_of(request), (await request.json())["text"]
    turn, message = f"t{uuid.uuid4().hex}", f"m{uuid.uuid4().hex}"
    await thread.interrupt()
    await thread.append(e.MessageReceived(message=message, text=text), turn)
    background(thread.answer(turn))
    return JSONResponse({"message": message, "turn": turn}, status_code=202)


async def speak(request: Request) -> Response:
    """Plays the person: speaks this text, word by word."""
    thread, words = thread_of(request), (await request.json())["text"].split()
    turn = utterance = f"u{uuid.uuid4().hex}"
    await thread.append(e.UtteranceStarted(utterance=utterance, session="s"), turn)
    for count in range(1, len(words) + 1):
        await asyncio.sleep(0.35)
        await thread.show(e.TranscriptPartial(utterance=utterance, text=" ".join(words[:count])))
    await asyncio.sleep(0.4)
    ended = e.UtteranceEnded(utterance=utterance, samples=16000, speech_ended=9600, reason="silence")
    await thread.append(ended, turn)
    await asyncio.sleep(0.1)
    final = e.TranscriptFinal(utterance=utterance, text=" ".join(words), language="en", confidence=0.9)
    await thread.append(final, turn)
    background(thread.answer(turn))
    return Response(status_code=204)


async def choose(request: Request) -> Response:
    await thread_of(request).append(e.CharacterChosen(character=(await request.json())["character"]))
    return Response(status_code=204)


async def interrupt(request: Request) -> Response:
    await thread_of(request).interrupt()
    return Response(status_code=204)


async def rtc(request: Request) -> Response:
    thread, session = thread_of(request), f"s{uuid.uuid4().hex}"
    peer = PEERS[session] = RTCPeerConnection()
    thread.sessions += 1

    @peer.on("datachannel")
    def pings(channel: Any) -> None:
        async def ping() -> None:
            while channel.readyState == "open":
                channel.send(f'{{"type":"ping","at":{int(time.time() * 1000)}}}')
                await asyncio.sleep(1)

        background(ping())

    @peer.on("connectionstatechange")
    def gone() -> None:
        if peer.connectionState == "closed":
            thread.sessions -= 1

    await peer.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
    peer.addTrack(Voice(thread))
    peer.addTrack(Picture(thread))
    await peer.setLocalDescription(await peer.createAnswer())
    headers = {"Location": f"/api/rtc/{session}"}
    return Response(peer.localDescription.sdp, 201, media_type="application/sdp", headers=headers)


async def leave(request: Request) -> Response:
    if peer := PEERS.pop(request.path_params["session"], None):
        await peer.close()
    return Response(status_code=204)


async def ice(request: Request) -> Response:
    return JSONResponse({"iceServers": []})


def facts_of(id: str) -> list[tuple[int, e.Event]] | None:
    return THREADS[id].facts if id in THREADS else None


async def status(request: Request) -> Response:
    """An installation that is fetching a voice."""
    fetching = [{"model": "kokoro", "percent": int(time.time()) % 100}]
    rows = [
        ("stt", "moonshine", "Moonshine, English, on this machine", []),
        ("dialogue", "companion", "Offline companion, answers by patterns, no language model", []),
        ("tts", "hibari", "hibari for women in English, simpler voices for the others until Kokoro is here", fetching),
        ("render", "layered", "Drawn characters; photos are warped by the processor", []),
    ]
    services = [
        {"name": name, "engine": engine, "words": words, "up": True, "note": "", "downloads": downloads}
        for name, engine, words, downloads in rows
    ]
    mind = {"service": "dialogue", "title": "A language model makes the conversation real.",
            "cost": "1.1 GB to download", "command": "make mind"}  # fmt: skip
    return JSONResponse({"bus": "up", "services": services, "suggestions": [mind], "faces_per_person": 0, "channels": []})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=28080)
    port = parser.parse_args().port
    c = "/api/conversations/{id}"
    created = {id: character(id, *values) for id, values in CHARACTERS.items()}
    replay = ReplayRoutes(facts_of, picture, created, expired=frozenset(("expired",)))
    routes: list[Any] = [
        Route("/api/characters", characters),
        Route("/api/characters/{id}/portrait", portrait),
        Route("/api/conversations", conversations, methods=["GET", "POST"]),
        Route("/api/search", search),
        Route(c, conversation),
        Route(f"{c}/events", events),
        Route(f"{c}/messages", messages, methods=["POST"]),
        Route(f"{c}/character", choose, methods=["PUT"]),
        Route(f"{c}/interrupt", interrupt, methods=["POST"]),
        Route(f"{c}/rtc", rtc, methods=["POST"]),
        Route("/api/rtc/ice", ice),
        Route("/api/status", status),
        Route("/api/rtc/{session}", leave, methods=["DELETE"]),
        Route("/api/rtc/{session}/leave", leave, methods=["POST"]),
        Route("/dev/speak/{id}", speak, methods=["POST"]),
        *replay.routes(),
        Mount("/", StaticFiles(directory=Path(__file__).parent.parent / "dist", html=True)),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
