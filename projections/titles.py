"""Titles of conversations that nobody has named."""

TITLE_LENGTH = 60


def title_of(text: str) -> str:
    """A title made of the first words of a text, up to 60 characters."""
    words = " ".join(text.split())
    if len(words) > TITLE_LENGTH:
        head = words[: TITLE_LENGTH - 1]
        cut = head.rfind(" ")
        words = (head[:cut] if cut > TITLE_LENGTH // 2 else head).rstrip(" ,.;:-") + "…"
    return words[:1].upper() + words[1:]
