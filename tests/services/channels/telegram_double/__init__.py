"""A server with the Bot API of Telegram, for one bot: its shapes, errors, limits and faults.

    async with serving() as telegram:            # telegram.url is the setting VISAVIS_TELEGRAM_API
        telegram.text("hello")                   # Ann writes to the bot
        telegram.voice(ogg)                      # Ann sends a voice note
        telegram.fault("sendVoice", "429", retry_after=7)
        telegram.sent                            # what reached people, in order
        await telegram.reached(1)                # waits for it

As a process, `python -m tests.services.channels.telegram_double --port 8081 [--token 123:abc]`; see
`control.py` for how it is steered.

Bot API 10.3; its server's source, telegram-bot-api 10.0, where the documents are silent.
"""

from tests.services.channels.telegram_double.double import TOKEN, USERNAME, TelegramDouble
from tests.services.channels.telegram_double.people import Call, Fault, Person, Sent
from tests.services.channels.telegram_double.server import running, serving

__all__ = ["TOKEN", "USERNAME", "Call", "Fault", "Person", "Sent", "TelegramDouble", "running", "serving"]
