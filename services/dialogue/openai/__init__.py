"""Chat engines over OpenAI's protocol, which is understood in every form that servers send it."""

from services.dialogue.openai.engine import OpenAI as OpenAI
