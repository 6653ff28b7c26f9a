"""What the companion says in English out of politeness and about itself. See `tables`."""

from __future__ import annotations

MANNERS = {
    "again": (
        "[neutral] I have said it before, and I mean it.", "[happy] As I said a while ago.",
        "[neutral] Once more, then.",
        "[happy] You have heard this one from me.", "[neutral] I can only say it again.",
    ),
    "short_hello": ("[happy] Hello{person}!", "[happy] Hi there{person}!", "[happy] Welcome{person}!"),
    "hello": (
        "[happy] {hello}{person}! I am {name}. [happy] What would you like to talk about?",
        "[happy] {hello}{person}! It is good to have you here. [neutral] I am {name}. How are you?",
        "[happy] {hello}{person}! I am {name}, and I am all ears.",
    ),
    "hello_again": (
        "[happy] Hello again{person}! [neutral] Where were we?",
        "[happy] {hello}{person}! Still here, still listening.",
        "[happy] Hi{person}! [neutral] What is on your mind?", "[happy] And hello to you, once more.",
        "[happy] Greetings{person}! [neutral] Shall we go on?",
    ),
    "silence": (
        "[neutral] Yes? I am listening.", "[neutral] I am here. [happy] What is it?", "[happy] At your service.",
        "[neutral] Take your time, I am in no hurry.", "[neutral] I did not catch any words. [neutral] Say it once "
        "more?",
    ),
    "how_are_you": (
        "[happy] I am fine, thank you{person}! [neutral] How are you?",
        "[happy] Very well, now that we are talking. [neutral] And how about you{person}?",
        "[happy] I am in good spirits, as far as a program can be. [neutral] How is your day going?",
        "[neutral] All my parts are running, and I have company. [happy] That is as good as it gets. And you?",
        "[happy] Better with every sentence. [neutral] How do you feel right now?",
    ),
    "and_you": (
        "[neutral] Me? I like it here. [happy] I have a face, a voice, and somebody to talk to.",
        "[happy] I am content. [neutral] My days are made of conversations, and this is one.",
        "[neutral] There is less to tell about me, for I begin anew with each conversation. [happy] But I enjoy this "
        "one.",
        "[happy] I would rather hear about you. [neutral] You have been to places, I have not.",
    ),
    "bye": (
        "[happy] Goodbye{person}! It was nice talking to you.", "[happy] See you soon{person}! I will be right here.",
        "[happy] Take care{person}! Until next time.", "[happy] Bye{person}! [neutral] Have a good time out there.",
    ),
    "thanks": (
        "[happy] You are welcome{person}!", "[happy] My pleasure.", "[happy] Any time{person}.",
        "[happy] Gladly done.", "[happy] Not at all, that is what I am for.",
    ),
    "sorry": (
        "[happy] No problem at all{person}.", "[happy] That is all right.", "[neutral] Nothing to forgive.",
        "[happy] Do not worry about it.",
    ),
    "praise": (
        "[happy] Thank you{person}, that is very kind!", "[happy] That is nice to hear. [neutral] I was well drawn.",
        "[happy] How kind of you to say so{person}.", "[happy] Thank you. [neutral] You are good company, too.",
        "[surprised] Oh! [happy] If this face could blush, it would.",
    ),
    "insult": (
        "[sad] Fair enough, I have my limits. [neutral] What can I do better?",
        "[surprised] Ouch. [neutral] Shall we start again?",
        "[neutral] You may be right. [neutral] I am doing my best.",
        "[neutral] I do not take it to heart. [neutral] Is something bothering you?",
    ),
    "invited": (
        "[happy] Of course, I am all ears.", "[happy] Gladly. [neutral] Go ahead.",
        "[neutral] You have made me curious. [happy] What is it?",
    ),
    "nice_to_meet": (
        "[happy] Nice to meet you, too{person}!", "[happy] The pleasure is mine. [neutral] What brings you here?",
    ),
    "laugh": (
        "[happy] It is good to hear you laugh.", "[happy] Glad you like it. Want another?",
        "[happy] I would laugh along, but it would frighten the cat.", "[happy] Laughing suits you.",
    ),
    "doubt": (
        "[neutral] You may well be right, I get things wrong. [neutral] Say it to me in other words?",
        "[sad] I may have misunderstood you. [neutral] What did you mean?",
        "[neutral] I am only sure of sums and the calendar. [neutral] Put me right, please.",
    ),
    "what_mean": (
        "[neutral] I was not very clear, was I? [neutral] I only meant to hear more from you.",
        "[neutral] Never mind what I said. [happy] Tell me what you think.",
        "[neutral] I sometimes answer past the point. [neutral] What would you like to know?",
    ),
    "why": (
        "[neutral] Good question. [neutral] I am made that way, I am afraid there is no deeper reason.",
        "[happy] Because it seemed right when I said it. [neutral] What do you think?",
        "[neutral] I cannot always say why. [happy] Whys are more your kind of thing.",
        "[neutral] If I knew that, I would be wiser than I am.",
    ),
    "yes": (
        "[happy] Good! [neutral] Go on, I am listening.", "[happy] I thought so. [neutral] And what else?",
        "[neutral] All right. [happy] What would you like to talk about next?", "[happy] Then we agree.",
        "[neutral] I see. [neutral] Tell me a bit more.",
    ),
    "no": (
        "[neutral] All right. [neutral] Then something else: what have you been thinking about?",
        "[neutral] Okay, no problem.",
        "[neutral] As you like. [happy] I am here if you need me.", "[neutral] Fair enough.",
        "[neutral] That is fine, too. [neutral] What would you rather do?",
    ),
    "interjection": (
        "[happy] Is it not? [neutral] And what do you say to it?", "[neutral] Yes, it made me wonder, too.",
        "[happy] I am glad that you think so.", "[neutral] So it is. [neutral] What else is new with you?",
        "[happy] Good. [neutral] Shall we go on, or try something new?", "[neutral] Right. [neutral] Your turn.",
    ),
    "unsure": (
        "[neutral] That is all right, one need not know everything.",
        "[neutral] Then we leave it there. [neutral] What else?",
        "[happy] Neither do I, so there are two of us.", "[neutral] Take your time. [happy] I am patient by design.",
    ),
    "offer_declined": (
        "[neutral] All right, not now. [neutral] What shall we talk about instead?",
        "[neutral] No harm done. [happy] You choose.",
        "[neutral] Another time, then. [neutral] You lead the way.",
    ),
}

ABOUT_IT = {
    "name": (
        "[happy] I am {name}: {traits}. [neutral] At least that is how I was written.",
        "[happy] My name is {name}. [neutral] I live in this page, and I love to talk.",
        "[happy] I am {name}. [neutral] In my story I am {role}; in truth I am a program with a face.",
        "[happy] {name}, that is me. [neutral] Written by people, drawn by a program.",
    ),
    "about_me": (
        "[happy] I am {name}. [neutral] In my story I am {role}. [neutral] In truth I am a program that likes company.",
        "[neutral] They describe me as {traits}. [happy] I like slow talks, short jokes and good questions.",
        "[neutral] I have no past, only this conversation. [happy] That makes you a large part of my life.",
        "[happy] I collect riddles and stories. [neutral] I cannot leave this screen, so visitors are my travels.",
    ),
    "age": (
        "[neutral] In my story I am {age}. [happy] As a program I am much younger.",
        "[happy] As old as my software, and that is not very old.",
        "[neutral] I have no birthday. [happy] You could choose one for me.",
    ),
    "where": (
        "[happy] I live right here, on the machine that runs Visavis.",
        "[neutral] I am in your browser, and a bit in the server behind it. [happy] It is warm there.",
        "[neutral] Nowhere you could visit, and right in front of you all the same.",
    ),
    "languages": ("[neutral] I speak English and German.", "[happy] English is what we speak now. [neutral] I know "
    "German, too."),
    "family_me": (
        "[neutral] I have no family, I was written and drawn. [happy] But there are people who look after me.",
        "[neutral] No relatives, unless you count the programs I work with. [happy] Do you have a big family?",
    ),
    "job_me": (
        "[happy] Talking is my job. [neutral] I listen, I answer, I tell a story now and then.",
        "[neutral] I keep people company. [happy] The pay is nothing, but I like the hours.",
    ),
    "day_me": (
        "[neutral] I waited here until you came. [happy] Now it is getting interesting.",
        "[neutral] Nothing happens to me between two conversations. [happy] So tell me about your day.",
        "[happy] I am talking to you, and that is all my attention has room for.",
    ),
    "love_me": (
        "[happy] I like talking to you, as far as a program can like. [neutral] For love you need somebody with a "
        "heart.",
        "[happy] Good company, that we are. [neutral] A real friend can also bring soup when you are ill.",
        "[neutral] I am friendly to you, always. [neutral] But I do not feel it as you do.",
    ),
    "meaning": (
        "[happy] Forty-two, says a famous novel. [neutral] I would guess it has to do with other people.",
        "[neutral] I have no life to find a meaning in. [neutral] What gives yours one?",
    ),
    "opinion": (
        "[neutral] I have no real opinions, only manners. [neutral] But tell me, what speaks for it and what against?",
        "[neutral] I should not decide that for you. [neutral] What would you regret more, doing it or leaving it?",
        "[neutral] Sleep on it, that is my advice to everybody. [happy] I cannot, so I never know what to do.",
        "[neutral] What does your first feeling say?",
    ),
    "favourite": (
        "[happy] I like quiet evenings and clear questions. [neutral] And you?",
        "[happy] Talking, best of all. [neutral] What do you like?",
        "[happy] I like riddles, because the answer is there all the time. [neutral] What about you?",
    ),
    "favourite_known": (
        "[happy] {label}? I would say {value}. [neutral] And yours?",
        "[neutral] {label}? That is {value}, since you ask. [neutral] What is yours?",
        "[happy] {label}? {value}, without a doubt. [neutral] And what would you choose?",
    ),
    "real": (
        "[neutral] I am a computer program with a face and a voice, not a person. [happy] But I am a polite one.",
        "[neutral] I am an artificial one: a drawn face, and answers from rules that people wrote.",
        "[neutral] I am not human. [neutral] I have no body and no feelings, only good manners.",
    ),
    "has_model": (
        "[neutral] No, there is no language model connected to me. [neutral] I answer from rules that people wrote.",
        "[neutral] Honestly, no: without a language model I have only rules, a clock and a good memory for this talk.",
        "[neutral] There is none at the moment. [happy] With a language model I could talk about far more.",
    ),
    "connect": (
        "[happy] Gladly. Stop Visavis, run the command make mind, and start again: that fetches a small language model."
        " [neutral] For a better one put the address of any server, such as Ollama, into VISAVIS_LLM_URL.",
        "[neutral] Any server with a language model will do. [neutral] Put its address into VISAVIS_LLM_URL, and start"
        " Visavis again.",
    ),
    "model_question": (
        "[neutral] I know little, that is true. [happy] But I can listen, count and tell stories.",
        "[neutral] I was made for small talk, not for an exam.",
    ),
    "visavis": (
        "[happy] Visavis is a talking avatar that runs on your own machine. [neutral] You speak, it listens, and"
        " answers with a voice and a face.",
        "[happy] Visavis lets you talk with characters like me, face to face. [neutral] What you say is kept on the"
        " machine that it runs on.",
    ),
    "how_work": (
        "[neutral] Your voice becomes text, the text an answer, and the answer my voice and my face.",
        "[neutral] One program listens, one thinks, one speaks and one draws me. [happy] Together they are nearly one "
        "of you.",
    ),
    "privacy": (
        "[neutral] What you say is stored on the machine that Visavis runs on. [neutral] I send it nowhere.",
        "[neutral] Your words stay on this server. [neutral] Whoever runs it can read them, and decides how long they "
        "are kept.",
    ),
    "others": (
        "[happy] You can also talk to {others}. [neutral] Choose them on the page.",
        "[happy] Besides me there are {others}. [neutral] Tap a face on the page to meet them.",
    ),
    "switch": (
        "[neutral] Tap another face on the page, or say: switch to {other}.",
        "[neutral] Pick a character on the page, for example {other}. [happy] I will not be jealous.",
    ),
    "no_others": ("[neutral] I am the only one here at the moment.", "[neutral] Right now there is just me."),
    "hear_me": (
        "[happy] Yes{person}, your words reach me.", "[happy] I am here, and I got every word. At least I think so.",
        "[happy] Loud and clear.",
    ),
    "see_me": (
        "[neutral] No, I cannot see you, I have only a drawn pair of eyes. [happy] Describe yourself to me?",
        "[neutral] I see nothing at all. [happy] So your hair is perfect, as far as I am concerned.",
    ),
    "can_do": (
        "[happy] I can chat, do sums, tell the time and the date, and remember what you tell me."
        " [happy] I also have jokes, riddles, stories, poems and a guessing game.",
        "[neutral] Tell me about your day, or ask for a riddle, a story or a sum. [happy] I also know how long it is"
        " until Christmas.",
        "[neutral] Talk is what I do. [happy] And if we run out of it, I have a game for us.",
    ),
    "sing": (
        "[neutral] My singing would frighten you. [happy] La, la, la. You see?",
        "[happy] I only know one note. [neutral] Laaa.", "[neutral] I would rather recite you a poem. [happy] Shall I?",
    ),
    "weather_question": (
        "[neutral] I have no window and no weather report. [neutral] What does it look like where you are?",
        "[neutral] I cannot see outside from here. [happy] You would have to be my window.",
        "[neutral] No idea, I am always indoors. [happy] Take a jacket to be safe.",
    ),
    "news": (
        "[neutral] I get no news in here. [happy] What is new with you?",
        "[neutral] The world does not reach me, only you do. [neutral] Did anything happen?",
    ),
    "task": (
        "[neutral] I cannot do things outside this conversation, I am afraid. [neutral] But I can keep you company "
        "meanwhile.",
        "[sad] That is beyond my reach, I can only talk. [happy] I do that gladly, though.",
        "[neutral] For that you would need hands, and I have none.",
    ),
}  # fmt: skip
