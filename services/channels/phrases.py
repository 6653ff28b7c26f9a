"""What the channels say themselves, in the language of the person's app: English and German, English to all others."""

from __future__ import annotations

from collections.abc import Mapping

UNSUPPORTED_KINDS = ("picture", "video", "sticker", "document", "location", "contact", "poll", "other")
"""Of `services.channels.channel.Unsupported`; a kind that is not here is told as "other"."""

ENGLISH: Mapping[str, str] = {
    "pairing": "I do not know this account yet, so I have not kept what you sent. To talk with me here, open {page} "
    "and enter this code under Channels. It holds for an hour:\n{code}",
    "pairing_anew": "To link this account with a person, open {page} as that person and enter this code under "
    "Channels. It holds for an hour:\n{code}",
    "the_page": "the page of Visavis",
    "link_claimed": "Nearly done. Confirm in the page that this is your account; then we can talk here. If you did not "
    "ask for this in your own page, somebody wants to link your account with theirs: send /unlink",
    "link_invalid": "This link does not work: it has been used, or is too old, or was not copied whole. Ask for a new "
    "one in the page.",
    "linked": "This account is linked now. Write to me or send me a voice note. What you can also do: /help",
    "not_linked": "This account is linked with nobody.",
    "unlinked": "This account is no longer linked, and I keep nothing more that you send here. What was said stays in "
    "your conversations in the page.",
    "forget_ask": "With “/forget yes” I unlink this account. What has been said, with your voice notes, stays in your "
    "conversations on the server, and in this chat. Erase the conversations in the page, and this chat here.",
    "forgotten": "I have unlinked this account, and keep nothing more that you send here. What was said before is "
    "still in your conversations on the server; you can erase them in the page.",
    "start": "Hello. Write to me or send me a voice note. What you can also do: /help",
    "help": "Write to me, or send me a voice note.\n"
    "/new a new conversation\n"
    "/character who you talk to, or another: /character Milo\n"
    "/voice I answer by voice\n"
    "/text I answer in writing\n"
    "/both I answer by voice and in writing\n"
    "/video I answer with a video\n"
    "/same I answer as you wrote or spoke\n"
    "/repeat I say the last answer again\n"
    "/link a code to link this account with another person\n"
    "/unlink I forget whose account this is\n"
    "/forget what I keep, and how it is deleted",
    "unknown_command": "I do not know this command.",
    "new": "This is a new conversation.",
    "form_voice": "From now on I answer by voice.",
    "form_text": "From now on I answer in writing.",
    "form_both": "From now on I answer by voice and in writing.",
    "form_video": "From now on I answer with a video.",
    "form_same": "From now on I answer a voice note by voice, and what you write in writing.",
    "form_impossible": "I cannot do that here.",
    "characters": "You are talking to {character}. There are: {names}. Choose one with /character and the name.",
    "character_chosen": "You are talking to {character} now.",
    "character_already": "You are talking to {character} already.",
    "character_unknown": "I do not know {said}. There are: {names}.",
    "too_long": "That was too long for me: {length} characters, and I read {most} at once. Please send it in parts.",
    "not_arrived": "My last message may not have reached you. You find it in our conversation in the page.",
    "not_arrived_link": "My last message may not have reached you. Here it is: {link}",
    "edited": "I have answered that as it was before. If you want another answer, send it again.",
    "picture": "I cannot look at pictures yet. Tell me about it?",
    "video": "I cannot watch videos yet. Tell me about it?",
    "sticker": "I cannot read stickers. Tell me in words?",
    "document": "I cannot read documents here yet. Send me a part of it as text?",
    "location": "I cannot read places on a map. Tell me in words?",
    "contact": "I do not take contacts.",
    "poll": "I cannot vote. Ask me instead?",
    "other": "I cannot read that. Write to me, or send me a voice note.",
}
GERMAN: Mapping[str, str] = {
    "pairing": "Ich kenne dieses Konto noch nicht und habe deshalb nichts von dir behalten. Um hier mit mir zu "
    "sprechen, öffne {page} und gib dort unter „Channels“ diesen Code ein. Er gilt eine Stunde:\n{code}",
    "pairing_anew": "Um dieses Konto mit einer Person zu verknüpfen, öffne als diese Person {page} und gib dort "
    "unter „Channels“ diesen Code ein. Er gilt eine Stunde:\n{code}",
    "the_page": "die Seite von Visavis",
    "link_claimed": "Fast fertig. Bestätige auf der Seite, dass dies dein Konto ist; dann können wir hier sprechen. "
    "Wenn du das nicht auf deiner eigenen Seite wolltest, will jemand dein Konto mit seinem verknüpfen: "
    "Sende /unlink",
    "link_invalid": "Dieser Link geht nicht: Er wurde schon benutzt, ist zu alt oder nicht ganz kopiert. Hol dir auf "
    "der Seite einen neuen.",
    "linked": "Dieses Konto ist jetzt verknüpft. Schreib mir oder schick mir eine Sprachnachricht. Was noch geht: "
    "/help",
    "not_linked": "Dieses Konto ist mit niemandem verknüpft.",
    "unlinked": "Dieses Konto ist nicht mehr verknüpft, und ich behalte nichts mehr, was du hier schickst. Was gesagt "
    "wurde, bleibt auf der Seite in deinen Gesprächen.",
    "forget_ask": "Mit „/forget yes“ löse ich die Verknüpfung dieses Kontos. Was gesagt wurde, auch deine "
    "Sprachnachrichten, bleibt in deinen Gesprächen auf dem Server und in diesem Chat. Lösche die Gespräche auf der "
    "Seite, und diesen Chat hier.",
    "forgotten": "Ich habe die Verknüpfung dieses Kontos gelöst und behalte nichts mehr, was du hier schickst. Was "
    "vorher gesagt wurde, ist noch in deinen Gesprächen auf dem Server; löschen kannst du sie auf der Seite.",
    "start": "Hallo. Schreib mir oder schick mir eine Sprachnachricht. Was noch geht: /help",
    "help": "Schreib mir oder schick mir eine Sprachnachricht.\n"
    "/new ein neues Gespräch\n"
    "/character mit wem du sprichst, oder jemand anderes: /character Milo\n"
    "/voice ich antworte mit Stimme\n"
    "/text ich antworte schriftlich\n"
    "/both ich antworte mit Stimme und schriftlich\n"
    "/video ich antworte mit einem Video\n"
    "/same ich antworte so, wie du schreibst oder sprichst\n"
    "/repeat ich sage die letzte Antwort noch einmal\n"
    "/link ein Code, um dieses Konto mit einer anderen Person zu verknüpfen\n"
    "/unlink ich vergesse, wessen Konto dies ist\n"
    "/forget was ich behalte und wie es gelöscht wird",
    "unknown_command": "Diesen Befehl kenne ich nicht.",
    "new": "Dies ist ein neues Gespräch.",
    "form_voice": "Ab jetzt antworte ich mit Stimme.",
    "form_text": "Ab jetzt antworte ich schriftlich.",
    "form_both": "Ab jetzt antworte ich mit Stimme und schriftlich.",
    "form_video": "Ab jetzt antworte ich mit einem Video.",
    "form_same": "Ab jetzt antworte ich auf eine Sprachnachricht mit Stimme und auf Geschriebenes schriftlich.",
    "form_impossible": "Das kann ich hier nicht.",
    "characters": "Du sprichst mit {character}. Es gibt: {names}. Wähle mit /character und dem Namen.",
    "character_chosen": "Du sprichst jetzt mit {character}.",
    "character_already": "Du sprichst schon mit {character}.",
    "character_unknown": "{said} kenne ich nicht. Es gibt: {names}.",
    "too_long": "Das war zu lang für mich: {length} Zeichen, und ich lese höchstens {most} auf einmal. Schick es bitte "
    "in Teilen.",
    "not_arrived": "Vielleicht ist meine letzte Nachricht nicht bei dir angekommen. Du findest sie auf der Seite in "
    "unserem Gespräch.",
    "not_arrived_link": "Vielleicht ist meine letzte Nachricht nicht bei dir angekommen. Hier ist sie: {link}",
    "edited": "Ich habe das beantwortet, wie es vorher war. Wenn du eine andere Antwort willst, schick es noch einmal.",
    "picture": "Bilder kann ich noch nicht ansehen. Erzählst du mir davon?",
    "video": "Videos kann ich noch nicht ansehen. Erzählst du mir davon?",
    "sticker": "Sticker kann ich nicht lesen. Sagst du es mir mit Worten?",
    "document": "Dokumente kann ich hier noch nicht lesen. Schickst du mir einen Teil als Text?",
    "location": "Orte auf der Karte kann ich nicht lesen. Sagst du es mir mit Worten?",
    "contact": "Kontakte nehme ich nicht an.",
    "poll": "Abstimmen kann ich nicht. Fragst du mich stattdessen?",
    "other": "Das kann ich nicht lesen. Schreib mir oder schick mir eine Sprachnachricht.",
}


def phrase(name: str, language: str, **values: object) -> str:
    """One of the texts.

    Args:
        name: of the text in the tables.
        language: BCP-47 tag of the person's app; empty: unknown.
        values: what stands in it in braces.
    """
    table = GERMAN if is_german(language) else ENGLISH
    return table[name].format(**values)


def is_german(language: str) -> bool:
    """Whether a BCP-47 tag is one of German."""
    return language.lower().replace("_", "-").split("-")[0] == "de"
