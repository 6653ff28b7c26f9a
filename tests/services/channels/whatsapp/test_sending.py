"""What is sent to WhatsApp, and what its answers mean for the message."""

from __future__ import annotations

import dataclasses
import logging
import traceback

import pytest

from bus.errors import VisavisError
from bus.settings import Settings
from services.channels.channel import NotSent, OutcomeUnknown, Outgoing, Progress, Refused
from services.channels.whatsapp.adapter import WhatsApp
from services.channels.whatsapp.errors import CODES
from tests.services.channels import whatsapp_shapes as shapes
from tests.services.channels.whatsapp.conftest import OGG, Inbox
from tests.services.channels.whatsapp_double import GraphDouble
from tests.services.channels.whatsapp_world import File, Person

VOICE = Outgoing(
    delivery="d1", chat="16505551234", reply_to="", silent=False, text="Hello.", media=OGG, kind="voice", seconds=1.0
)
TEXT = dataclasses.replace(VOICE, media=b"", kind="text")


def written(double: GraphDouble) -> tuple[Person, str]:
    """A person who has just written, so that they may be answered; and the id of what they wrote."""
    person = double.person()
    return person, double.says(person, shapes.text("Hi"))


def reports(double: GraphDouble, channel: WhatsApp) -> list[Progress]:
    """What the double has told about our messages, in order."""
    parsed = [one.content for body in double.webhooks for one in channel.parse(body)]
    return [one for one in parsed if isinstance(one, Progress)]


async def test_a_voice_note_arrives_as_one_that_answers_the_message(double: GraphDouble, channel: WhatsApp) -> None:
    person, question = written(double)
    uploaded = await channel.upload(VOICE)
    message = await channel.send(dataclasses.replace(VOICE, uploaded=uploaded, reply_to=question))
    (got,) = double.got(person)
    assert (got.id, got.bubble, double.files[uploaded].data) == (message, True, OGG)
    assert double.uploads == [("voice.ogg", "audio/ogg; codecs=opus")]
    assert got.request == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "type": "audio",
        "audio": {"id": uploaded, "voice": True},
        "context": {"message_id": question},
        "biz_opaque_callback_data": "d1",
    }
    sent, delivered = reports(double, channel)
    assert sent == Progress(delivery="d1", message=message, status="sent")
    assert delivered == Progress(delivery="d1", message=message, status="delivered")


async def test_a_video_arrives(double: GraphDouble, channel: WhatsApp) -> None:
    person, _ = written(double)
    video = dataclasses.replace(VOICE, kind="video", media=b"\0\0\0\x18ftypmp42")
    await channel.send(dataclasses.replace(video, uploaded=await channel.upload(video)))
    assert [one.request["type"] for one in double.got(person)] == ["video"]
    assert double.uploads == [("video.mp4", "video/mp4")]


async def test_markdown_arrives_with_whatsapps_marks(double: GraphDouble, channel: WhatsApp) -> None:
    person, _ = written(double)
    await channel.send(dataclasses.replace(TEXT, text="**Now**: [here](https://example.org)", markdown=True))
    await channel.send(dataclasses.replace(TEXT, text="2 ** 3"))
    bodies = [one.request["text"]["body"] for one in double.got(person)]
    assert bodies == ["*Now*: here (https://example.org)", "2 ** 3"]


async def test_a_person_without_a_number_is_written_to_by_the_user_id(double: GraphDouble, channel: WhatsApp) -> None:
    person = double.person(hidden=True)
    double.says(person, shapes.text("Hi"))
    await channel.send(dataclasses.replace(TEXT, chat=person.user_id))
    (got,) = double.got(person)
    assert (got.request["recipient"], "to" in got.request) == (person.user_id, False)


async def test_what_is_no_address_is_refused_before_it_is_sent(double: GraphDouble, channel: WhatsApp) -> None:
    with pytest.raises(Refused, match="expected a phone number or a user id"):
        await channel.send(dataclasses.replace(TEXT, chat="ann"))
    assert double.calls == []


@pytest.mark.parametrize(("text", "code"), [(" \n", "empty"), ("x" * 4097, "too_long")])
async def test_a_text_that_whatsapp_would_refuse_is_not_sent(
    double: GraphDouble, channel: WhatsApp, text: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await channel.send(dataclasses.replace(TEXT, text=text))
    assert (refused.value.code, double.calls) == (code, [])


async def test_a_text_that_only_its_marks_make_too_long_is_sent_as_it_is(
    double: GraphDouble, channel: WhatsApp
) -> None:
    person, _ = written(double)
    text = "# a\n" * 1000
    await channel.send(dataclasses.replace(TEXT, text=text, markdown=True))
    assert [one.request["text"]["body"] for one in double.got(person)] == [text]


@pytest.mark.parametrize(
    ("kind", "error", "sent"),
    [
        ("drop_before", OutcomeUnknown, 0),
        ("drop_after", OutcomeUnknown, 1),
        ("slow", OutcomeUnknown, 1),
        ("unknown_before", OutcomeUnknown, 0),
        ("unknown_after", OutcomeUnknown, 1),
        ("html", OutcomeUnknown, 0),
    ],
)
async def test_a_lost_answer_leaves_the_outcome_open_and_a_status_settles_it(
    double: GraphDouble, channel: WhatsApp, kind: str, error: type[VisavisError], sent: int
) -> None:
    person, _ = written(double)
    double.fault(kind)
    with pytest.raises(error):
        await channel.send(TEXT)
    assert len(double.got(person)) == sent
    assert [(one.delivery, one.status) for one in reports(double, channel)] == [("d1", "sent"), ("d1", "delivered")][
        : 2 * sent
    ]


@pytest.mark.parametrize("code", sorted({*CODES} - set(range(201, 300))))
async def test_each_of_metas_codes_means_what_the_table_says(double: GraphDouble, channel: WhatsApp, code: int) -> None:
    double.fault("code", code=code)
    kinds = {"later": NotSent, "operator": NotSent, "unknown": OutcomeUnknown, "refused": Refused}
    row = CODES[code]
    with pytest.raises(VisavisError, match=f"code {code}") as raised:
        await channel.send(TEXT)
    error = raised.value
    assert (type(error), error.code) == (kinds[row.outcome], row.name)
    if isinstance(error, NotSent):
        assert error.after is not None
        assert error.everywhere == (code != 131056)


async def test_codes_that_nobody_knows_are_judged_by_the_status(double: GraphDouble, channel: WhatsApp) -> None:
    double.fault("code", code=135999)
    with pytest.raises(Refused) as refused:
        await channel.send(TEXT)
    assert refused.value.code == "whatsapp_135999"


async def test_the_limit_of_one_chat_holds_for_that_chat(double: GraphDouble, channel: WhatsApp) -> None:
    person, _ = written(double)
    double.pair_burst = 1
    await channel.send(TEXT)
    with pytest.raises(NotSent) as held:
        await channel.send(TEXT)
    assert (held.value.code, held.value.after, held.value.everywhere) == ("pair_rate_limit", 6.0, False)
    double.advance(6.1)
    await channel.send(TEXT)
    assert len(double.got(person)) == 2


async def test_after_a_day_the_status_says_that_the_window_is_closed(double: GraphDouble, channel: WhatsApp) -> None:
    person, _ = written(double)
    double.advance(24 * 3600 + 1)
    message = await channel.send(TEXT)
    (failed,) = reports(double, channel)
    assert (failed.delivery, failed.message, failed.status, failed.code) == ("d1", message, "failed", "window_closed")
    assert double.got(person) == []


async def test_a_closed_window_in_the_answer_has_the_same_code(double: GraphDouble, channel: WhatsApp) -> None:
    double.fault("code", code=131047)
    with pytest.raises(Refused) as refused:
        await channel.send(TEXT)
    assert refused.value.code == "window_closed"


async def test_a_voice_note_that_whatsapp_refuses_may_go_as_text(double: GraphDouble, channel: WhatsApp) -> None:
    double.fault("code", code=131053, on="media")
    with pytest.raises(Refused) as refused:
        await channel.upload(VOICE)
    assert refused.value.as_text
    with pytest.raises(Refused, match="up to 16000000 bytes") as large:
        await channel.upload(dataclasses.replace(VOICE, media=bytes(16_000_001)))
    assert large.value.as_text


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "slow", "unknown_after", "html"])
async def test_an_upload_may_always_be_made_again(double: GraphDouble, channel: WhatsApp, kind: str) -> None:
    double.fault(kind, on="media", seconds=2.0)
    with pytest.raises(NotSent):
        await channel.upload(VOICE)
    assert await channel.upload(VOICE) in double.files


async def test_an_api_that_cannot_be_reached_has_sent_nothing(double: GraphDouble) -> None:
    settings = Settings(**double.settings | {"whatsapp_api": "http://127.0.0.1:9/v26.0"})  # type: ignore[arg-type]
    channel = WhatsApp(settings)
    with pytest.raises(NotSent, match=r"127\.0\.0\.1 cannot be reached"):
        await channel.send(TEXT)
    await channel.close()


async def test_a_refused_token_says_what_to_do_and_nothing_of_itself(
    double: GraphDouble, channel: WhatsApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token, double.token = double.token, "another"
    seen = []
    for call in (channel.send(TEXT), channel.upload(VOICE), channel.check()):
        with pytest.raises(NotSent, match="set VISAVIS_WHATSAPP_TOKEN") as held:
            await call
        assert (held.value.code, held.value.everywhere) == ("token_refused", True)
        seen.append(repr(held.value) + str(held.value))
    await channel.show_activity("16505551234", "recording", "wamid.x")
    assert token not in "".join([*seen, *(record.getMessage() for record in caplog.records), caplog.text])


async def test_a_token_that_whatsapp_repeats_is_taken_out(double: GraphDouble, channel: WhatsApp) -> None:
    error = channel._api.refused(400, b'{"error":{"code":190,"message":"Malformed %s"}}' % double.token.encode(), {})
    assert double.token not in str(error)
    assert "Malformed (token)" in str(error)


async def test_typing_is_shown_as_often_as_asked(double: GraphDouble, channel: WhatsApp) -> None:
    _, question = written(double)
    await channel.show_activity("16505551234", "recording", question)
    await channel.show_activity("16505551234", "typing", question)
    assert double.typing == [question, question]
    await channel.show_activity("16505551234", "typing", "")
    double.fault("drop_before", on="typing")
    await channel.show_activity("16505551234", "typing", question)
    assert double.typing == [question, question]


async def test_no_secret_reaches_the_log_or_an_error(
    double: GraphDouble, channel: WhatsApp, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, question = written(double)
    media = double.keep(File(OGG, "audio/ogg; codecs=opus"))

    async def fetch() -> None:
        async for _ in channel.fetch(media):
            pass

    calls = (
        ("messages", lambda: channel.send(TEXT)),
        ("media", lambda: channel.upload(VOICE)),
        ("where", fetch),
        ("download", fetch),
        ("phone", channel.check),
        ("typing", lambda: channel.show_activity("16505551234", "typing", question)),
    )
    seen = []
    for on, call in calls:
        for kind in ("none", "drop_before", "html", "expired", "redirect", "foreign"):
            double.fault(kind, on=on)
            try:
                await call()
            except VisavisError as error:
                seen.append("".join(traceback.format_exception(error)))
    assert len(seen) == 12
    await double.post(b"{}", "sha256=0")
    await double.verify()
    lines = [str(vars(record)) for record in caplog.records if record.name.startswith("services.")]
    assert any("signature" in line for line in lines)
    secrets = (double.token, double.app_secret)
    assert not [one for one in (*seen, *lines, caplog.text) for secret in secrets if secret in one]
