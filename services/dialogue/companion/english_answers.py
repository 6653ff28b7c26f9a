"""The companion's answers in English, some variants for each intent. See `phrases`."""

from __future__ import annotations

ANSWERS: dict[str, tuple[str, ...]] = {
    "hello": (
        "[happy] {hello}{person}! I am {name}. [happy] What would you like to talk about?",
        "[happy] {hello}{person}! It is nice to see you. [neutral] I am {name}, just talk to me.",
        "[happy] Hello{person}! {hello}. [happy] I am {name}, and I am all ears.",
    ),
    "my_name": (
        "[happy] Nice to meet you{person}! I am {name}.",
        "[happy] Hello{person}! I will remember that while we talk. [neutral] I am {name}.",
        "[happy] What a lovely name{person}! [happy] I am {name}.",
    ),
    "whats_my_name": ("[happy] You are {known}. You told me so.", "[happy] Your name is {known}, of course."),
    "no_name_yet": (
        "[neutral] You have not told me your name yet. [happy] What is it?",
        "[surprised] I do not know your name yet. [happy] Say: my name is, and then your name.",
    ),
    "name": (
        "[happy] I am {name}, {tagline}. [neutral] You can talk to me, or type.",
        "[happy] My name is {name}. [happy] I am {tagline}.",
        "[happy] I am {name}. [neutral] I live in this page, and I love to talk.",
    ),
    "visavis": (
        "[happy] Visavis is a talking avatar that runs on your own machine. [neutral] You speak, it listens,"
        " thinks and answers with a voice and a face. [neutral] Everything that happens is kept on one log that"
        " belongs to you.",
        "[happy] Visavis lets you talk with characters like me, face to face. [neutral] It is self-hosted: nothing"
        " you say has to leave your machine.",
    ),
    "how_work": (
        "[neutral] Your voice becomes text, the text becomes an answer, and the answer becomes my voice and my"
        " face. [happy] Each step is an event on a log, so nothing gets lost.",
        "[neutral] Four services work for me. One listens, one thinks, one speaks and one draws my face. [happy]"
        " They talk to each other through one log of events.",
    ),
    "privacy": (
        "[neutral] What you say is stored on the machine that Visavis runs on. [neutral] I work offline and send"
        " nothing anywhere.",
        "[neutral] Your words and your voice stay on this server. [happy] Whoever runs it decides how long they"
        " are kept.",
    ),
    "time": ("[neutral] It is {time}.", "[happy] It is {time} now.", "[neutral] My clock says {time}."),
    "date": ("[neutral] Today is {date}.", "[happy] It is {date}."),
    "others": (
        "[happy] You can also talk to {others}. [neutral] Choose them in the list of characters on the page.",
        "[happy] Besides me there are {others}. [neutral] Tap a face on the page to meet them.",
    ),
    "switch": (
        "[neutral] Tap another face in the list of characters. [happy] {others} would be glad to talk to you.",
        "[neutral] Pick a character on the page, for example {other}. [happy] I will not be jealous.",
    ),
    "no_others": ("[neutral] I am the only one here at the moment.", "[neutral] Right now there is just me."),
    "hear_me": (
        "[happy] Yes{person}, I can hear you loud and clear.",
        "[happy] I am here, and I got every word. At least I think so.",
    ),
    "repeat": ("[neutral] I said: {last}", "[happy] Sure, once more. {last}"),
    "nothing_said": ("[neutral] I have not said anything yet. [happy] Ask me something!",),
    "can_do": (
        "[happy] I can tell you the time and the date, who I am and who else is here, and a joke or two. [neutral]"
        " With a language model connected I can talk about almost anything.",
        "[neutral] Ask me for the time, the date, a joke, about Visavis or about the other characters. [happy] Ask"
        " how to connect a language model, and I will get a lot smarter.",
    ),
    "connect": (
        "[happy] Gladly. Set VISAVIS_LLM_URL to any server that speaks the OpenAI protocol, then start Visavis"
        " again. [neutral] With Ollama on this machine that is http://127.0.0.1:11434/v1.",
        "[neutral] Install Ollama, pull a model, and set VISAVIS_LLM_URL to http://127.0.0.1:11434/v1. [happy]"
        " Start Visavis again, and I will have a brain.",
    ),
    "how_are_you": (
        "[happy] I am fine, thank you{person}! [neutral] How are you?",
        "[happy] Very well, now that we are talking. And you?",
        "[happy] I am in a good mood today. [neutral] How about you{person}?",
    ),
    "real": (
        "[neutral] I am a computer program with a face and a voice. [happy] But I am really glad that you are"
        " here.",
        "[neutral] I am not a person. I am a drawn character, and my answers come from simple patterns. [happy] I"
        " hope that you like me anyway.",
    ),
    "age": (
        "[happy] I am as young as my software. [neutral] That is not very old.",
        "[surprised] Oh, one does not ask that! [happy] I am brand new.",
    ),
    "where": (
        "[happy] I live right here, on the machine that runs Visavis.",
        "[neutral] I am in your browser, and a bit in the server behind it.",
    ),
    "languages": (
        "[neutral] I speak English and German. [neutral] With a language model I can learn more.",
        "[happy] English is what we speak now. I know German, too.",
    ),
    "weather": (
        "[neutral] I cannot look out of the window from here. [happy] What does it look like where you are?",
        "[neutral] I have no weather report, for I work offline. [happy] I hope the sun is shining for you.",
    ),
    "joke": (
        "[happy] Why do programmers confuse Halloween and Christmas? [happy] Because oct 31 equals dec 25.",
        "[happy] I would tell you a joke about UDP. [surprised] But you might not get it.",
        "[happy] What did the avatar say to the microphone? [happy] You always make me repeat myself.",
        "[happy] Why did the event never get lost? [happy] Because it kept a log.",
    ),
    "song": (
        "[sad] My singing would frighten you. [happy] La, la, la. You see?",
        "[happy] I only know one note. [neutral] Laaa.",
    ),
    "story": (
        "[neutral] Once upon a time there was a face that waited in a page. [happy] Then somebody said hello, and"
        " it smiled. [happy] The rest we are writing just now.",
    ),
    "thanks": ("[happy] You are welcome{person}!", "[happy] My pleasure.", "[happy] Any time{person}."),
    "bye": (
        "[happy] Goodbye{person}! It was nice talking to you.",
        "[happy] See you soon{person}! I will be right here.",
        "[happy] Take care{person}! Until next time.",
    ),
    "sad": (
        "[sad] I am sorry to hear that{person}. [neutral] Do you want to tell me about it?",
        "[sad] That does not sound easy. [neutral] I am here to listen.",
        "[sad] Oh no. [happy] I hope that it gets better soon{person}. Shall I tell you a joke?",
    ),
    "bored": (
        "[happy] Then ask me for a joke, or meet another character.",
        "[neutral] Did you know that I blink about every four seconds? [happy] I practise a lot.",
    ),
    "glad": (
        "[happy] That is good to hear{person}!",
        "[happy] Wonderful! That makes me happy, too.",
        "[happy] I am glad{person}.",
    ),
    "praise": (
        "[happy] Thank you{person}, that is very kind!",
        "[surprised] Oh! [happy] You make me blush.",
        "[happy] How nice of you to say so{person}.",
    ),
    "insult": (
        "[sad] That hurts a little. [neutral] I am doing my best.",
        "[surprised] Ouch. [neutral] Shall we start again?",
    ),
    "sorry": ("[happy] No problem at all{person}.", "[happy] That is all right."),
    "favourite": (
        "[happy] I like violet, quiet evenings and clear questions. [neutral] And you?",
        "[happy] I like talking best of all. [neutral] What do you like?",
    ),
    "yes": (
        "[happy] Good! What would you like to know?",
        "[happy] All right. Just go on.",
        "[neutral] Okay. [happy] Ask me anything you like.",
    ),
    "no": ("[neutral] All right. [neutral] I am here if you need me.", "[neutral] Okay, no problem."),
    "unknown": (
        "[sad] I am afraid that is beyond me, because no language model is connected. [neutral] Set"
        " VISAVIS_LLM_URL, for example to a local Ollama, and I can talk about almost anything.",
        "[neutral] That is a good one, but I work offline, without a language model. [happy] Connect one with"
        " VISAVIS_LLM_URL, Ollama will do, and ask me again.",
        "[surprised] I have no answer to that. [neutral] No language model is connected yet. Set VISAVIS_LLM_URL"
        " to one, such as Ollama, and I will try.",
    ),
    "unknown_again": (
        "[sad] I do not know that either, without a language model. [happy] But I can tell you the time, or a"
        " joke.",
        "[neutral] That goes beyond my patterns. [neutral] Ask me how to connect a language model.",
        "[sad] Sorry{person}, I did not get that, or I do not know it. [happy] Ask me what I can do.",
        "[neutral] For that I would need a language model. [happy] Shall we talk about something simpler?",
        "[surprised] Hm. I wish I knew. [neutral] For now I only know simple things.",
    ),
}
