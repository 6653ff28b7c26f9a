"""Chat engines over OpenAI's protocol, in every form in which servers speak it."""

from services.dialogue.openai.engine import OpenAI as OpenAI
