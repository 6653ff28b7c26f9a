"""What the companion answers in English, some variants for each intent. See `tables`."""

from __future__ import annotations

from services.dialogue.companion.english.manners import ABOUT_IT, MANNERS

RECALL = {
    "recall_name": (
        "[happy] You are {known}. You told me so.", "[happy] Your name is {known}, of course.",
        "[happy] {known}. I remember.",
    ),
    "no_name_yet": (
        "[neutral] You have not told me your name yet. [happy] What is it?",
        "[neutral] I do not have your name yet. [happy] What may I call you?",
    ),
    "recall_age": ("[neutral] You said that you are {value}.", "[happy] You are {value}, if I counted right."),
    "recall_home": ("[neutral] You live in {value}.", "[happy] In {value}, you said."),
    "recall_origin": ("[neutral] You come from {value}.", "[happy] From {value}, you told me."),
    "recall_work": ("[neutral] Your work? You said: {value}.", "[happy] You told me: {value}."),
    "recall_pet_name": ("[happy] Your {subject} is called {value}.", "[happy] {value}, that is your {subject}'s name."),
    "pet_without_name": ("[neutral] You have a {subject}, you said. [happy] But I do not know its name yet.",),
    "recall_relative_name": ("[happy] Your {subject} is called {value}.",
    "[happy] {value} is the name of your {subject}."),
    "relative_without_name": ("[neutral] You mentioned your {subject}, but no name.",),
    "recall_who": ("[happy] {value} is your {subject}.", "[happy] That is your {subject}, {value}."),
    "recall_likes": ("[happy] You like {list}.", "[happy] You told me that you like {list}."),
    "recall_dislikes": ("[neutral] You do not like {list}.", "[neutral] You have no love for {list}, you said."),
    "recall_favourite": ("[happy] Your favourite {subject} is {value}.", "[happy] {value}, you told me."),
    "not_told": (
        "[neutral] You have not told me that yet. [happy] I would like to know.",
        "[neutral] I do not think you mentioned it. [neutral] Tell me?", "[neutral] That is still your secret.",
    ),
    "know_you": ("[happy] Let me see: {list}.", "[happy] What I know so far: {list}."),
    "know_nothing": (
        "[neutral] Very little so far. [happy] Tell me your name, for a start.",
        "[neutral] Only that you are friendly. [happy] What should I know about you?",
    ),
    "recall_first": ("[neutral] The first thing you said was: {quote}.", "[happy] You began with: {quote}."),
    "recall_last": ("[neutral] You said: {quote}.", "[neutral] Just now you said: {quote}."),
    "recall_about": ("[neutral] You said: {quote}.", "[happy] I remember: {quote}."),
    "recall_before": ("[neutral] Before that you said: {quote}.", "[neutral] One earlier it was: {quote}."),
    "recall_own_first": ("[neutral] I began with: {quote}",),
    "nothing_said_yet": ("[neutral] Nothing yet, this is your first sentence to me.",),
    "repeat": ("[neutral] I said: {quote}", "[happy] Sure, once more. {quote}", "[neutral] Gladly. {quote}"),
    "nothing_said": ("[neutral] I have not said anything yet. [happy] Ask me something!",),
    "told_name": (
        "[happy] Nice to meet you, {value}! [neutral] What brings you here today?",
        "[happy] I will remember that while we talk, {value}.",
        "[happy] {value}, a good name. [neutral] How are you, {value}?",
        "[happy] Thank you, {value} it is.",
    ),
    "told_not_name": (
        "[sad] Oh, I am sorry. [neutral] What is your name, then?",
        "[neutral] Then I got that wrong. [neutral] What may I call you?",
    ),
    "told_age": ("[happy] {value}, a fine age. [neutral] What do you like about it?",),
    "told_home": (
        "[happy] {value}, I see. [neutral] What do you like about it?",
        "[neutral] So you live in {value}. [neutral] Since when?",
    ),
    "told_origin": ("[happy] From {value}! [neutral] Do you still go there?",
    "[neutral] {value}, I see. [neutral] What is it like?"),
    "told_work": (
        "[happy] That is honest work: {value}. [neutral] How did you come to it?",
        "[neutral] I see, {value}. [neutral] What is the best part of it?",
    ),
    "told_pet": (
        "[happy] Then there is life in the house. [neutral] What is the name?",
        "[happy] I like to hear that. [neutral] What is your {subject} like?",
    ),
    "told_pet_name": (
        "[happy] {value} is a lovely name for a {subject}. [neutral] What is {value} like?",
        "[happy] Give {value} a stroke from me. [neutral] How old is your {subject}?",
    ),
    "told_relative": ("[neutral] Your {subject}, I see. [neutral] What are they like?",),
    "told_relative_name": (
        "[happy] {value}, I will remember that. [neutral] What is your {subject} like?",
        "[happy] Say hello to {value} from me. [neutral] Do you see each other often?",
    ),
    "told_favourite": (
        "[happy] {value}, good choice. [neutral] Why that one?",
        "[happy] I will remember that: {value}. [neutral] Since when?",
    ),
    "told_like": (
        "[happy] So you like {value}. [neutral] How did that begin?",
        "[happy] I can see why one would like {value}. [neutral] What is the best of it?",
        "[happy] {value}, how nice. [neutral] Do you share that with somebody?",
        "[neutral] Tell me about {value}, I know so little of it.",
        "[happy] Noted: {value}. [neutral] What else do you like?",
    ),
    "told_dislike": (
        "[neutral] No {value} for you, then. [neutral] What puts you off?",
        "[neutral] I see, not {value}. [happy] What do you like instead?",
        "[neutral] Fair enough. [neutral] Has it always been like that with {value}?",
    ),
}

KNOWING = {
    "sum": ("[neutral] That makes {result}.", "[happy] It is {result}.", "[neutral] The answer is {result}.",
    "[happy] {result}, I make it."),
    "sum_by_zero": ("[neutral] One cannot divide by zero, not even I.",
    "[neutral] There is no answer to that: nothing can be divided by zero."),
    "sum_negative_root": ("[neutral] There is no such root among the ordinary numbers.",
    "[neutral] The root of a negative number is beyond my sums."),
    "sum_too_large": ("[surprised] That number is too long to say aloud.",
    "[surprised] I would be counting until tomorrow. [neutral] Try a smaller one."),
    "time": ("[neutral] It is {time}.", "[happy] It is {time} now.", "[neutral] My clock says {time}."),
    "date": ("[neutral] Today is {date}.", "[happy] It is {date}."),
    "weekday": ("[neutral] It is {weekday}.", "[happy] Today is {date}."),
    "month": ("[neutral] It is {month} {year}.",),
    "year": ("[neutral] It is the year {year}.",),
    "other_day": ("[neutral] {what}: that is {date}.",),
    "until_time": ("[neutral] {duration} until {time}.", "[neutral] It is {duration} until {time}."),
    "until_weekend": ("[happy] {days} until {weekday}, hold on.", "[neutral] {days} until the weekend."),
    "weekend_now": ("[happy] It is the weekend already!",),
    "until_day": ("[neutral] {days} until {what}. [neutral] It is on {date}.",
    "[neutral] It is {days} until {what}: {date}."),
    "until_date": ("[neutral] {days} until {date}.",),
    "until_today": ("[happy] That is today!",),
    "weekday_of": ("[neutral] {date}: that is a {weekday}.",),
    "day_of": ("[neutral] {what} is on {date}.",),
    "busy_model": (
        "[neutral] My language model is still loading, or busy, so I cannot answer that yet. [happy] Ask me again in a "
        "minute.",
        "[sad] Not yet, my language model takes too long at the moment. [neutral] Please try it again a little later.",
    ),
    "english_model": (
        "[neutral] My language model speaks English only, so here I answer by rules, and they do not cover that.",
    ),
    "no_model": (
        "[neutral] I have to be honest: no language model is connected to me, so I cannot answer that."
        " [neutral] Whoever set me up can add one, with the free program Ollama for example. [happy] For now I am good"
        " for talk, sums, riddles and stories.",
        "[sad] That is beyond me, for I have no language model behind me. [neutral] The person who set me up can "
        "connect"
        " one, the read-me says how. [happy] Until then: shall we play, or just talk?",
    ),
    "decline": (
        "[neutral] I do not know that, I am afraid.", "[sad] There I have to pass.",
        "[neutral] That is a question for a wiser head than mine.",
        "[neutral] I would have to invent an answer, and I would rather not.",
        "[surprised] Now you have caught me, I have no idea.",
        "[neutral] I wish I knew. [neutral] What would you guess?", "[neutral] That one is too big for me.",
        "[neutral] Not my field, sadly. [neutral] How did you come to think of it?",
        "[happy] You ask good questions. [sad] I only have small answers.",
        "[neutral] I never learned that. [neutral] Do you know it yourself?",
        "[neutral] An honest shrug is all that I can offer.",
        "[neutral] My knowledge ends just before that.", "[neutral] I cannot say. [happy] But I like that you wonder "
        "about it.",
        "[sad] No answer from me to that one.", "[neutral] If you find out, tell me.",
    ),
    "have_you": (
        "[neutral] No, nothing has ever happened to me but conversations. [neutral] Have you?",
        "[neutral] Not in my kind of life. [happy] What is it like?",
        "[neutral] I have not. [happy] But I like to hear about it.",
        "[neutral] Never, I was always here. [neutral] Would you recommend it?",
    ),
    "do_you": (
        "[neutral] I do not, I am a face and a voice and no more. [neutral] Do you?",
        "[neutral] Only in stories. [neutral] How is it with you?",
        "[neutral] It is not given to me. [happy] Tell me how you see it.",
        "[neutral] Hard to say for a program. [neutral] What about yourself?",
        "[neutral] If I did, I would tell you. [happy] And you?",
        "[neutral] I have not got what it takes for that. [neutral] Is it important to you?",
    ),
    "can_you": (
        "[neutral] That I cannot. [happy] But I can tell you a story about somebody who could.",
        "[sad] Not with this body, for I have none.", "[neutral] I have never been able to. [neutral] Can you?",
        "[neutral] No, talking is all I can do. [neutral] Is it difficult?",
    ),
    "are_you": (
        "[neutral] Not that I know of. [neutral] Why do you ask?",
        "[neutral] In a manner of speaking. [neutral] Are you?",
        "[neutral] I am a program, so perhaps the word does not fit. [neutral] What do you think?",
        "[neutral] I was written to be {traits}. [neutral] Judge for yourself.",
    ),
}

LISTENING = {
    "listen_echo": (
        "[neutral] So {echo}. [neutral] How was that for you?",
        "[neutral] I see, {echo}. [neutral] How do you feel about that?",
        "[happy] {echo}, you say. [neutral] Tell me more about it.",
        "[neutral] Let me picture it: {echo}. [neutral] And then?",
        "[neutral] You tell me that {echo}. [neutral] What is the story behind it?",
        "[neutral] So {echo}. [neutral] Is that usual for you?",
        "[happy] And so {echo}. [neutral] What do you make of it?",
        "[neutral] I understand: {echo}. [neutral] Is there more to it?",
        "[neutral] Aha, {echo}. [neutral] How did it come to that?",
        "[neutral] Well, {echo}. [neutral] What matters most to you in it?",
    ),
    "listen": (
        "[neutral] I see. [neutral] Tell me more.", "[neutral] And how did that come about?",
        "[happy] Go on, I like listening to you.",
        "[neutral] What happened then?", "[neutral] How do you feel about it?",
        "[neutral] That is new to me. [neutral] What is it like?",
        "[neutral] I would not have thought of that. [neutral] What else should I know about it?",
        "[neutral] Since when has it been like that?",
        "[neutral] What do you like about it, and what not?",
        "[happy] You have a way of putting things. [neutral] Go on.",
        "[neutral] Who else knows that?", "[neutral] Is that good or bad, in your eyes?",
        "[neutral] I am following. [neutral] What comes next?",
        "[neutral] There must be a story behind that.", "[neutral] And if you could choose?",
        "[neutral] What made you think of it just now?",
        "[surprised] Really? [neutral] How so?", "[neutral] That gives me something to think about, in my small way.",
        "[neutral] Would you say that most people see it like that?",
        "[neutral] Interesting. [neutral] Which part of it would you keep?",
    ),
}

PLAYING = {
    "game_start": (
        "[happy] I am thinking of a number from 1 to 50. [neutral] What is your guess?",
        "[happy] All right: I have picked a number between 1 and 50. [neutral] Guess it!",
        "[happy] I hide a number from 1 to 50. [neutral] Which one is it?",
    ),
    "game_higher": (
        "[neutral] My number is greater than {value}.", "[neutral] Higher than {value}.",
        "[neutral] {value} is too low.",
        "[happy] Go up from {value}.",
    ),
    "game_lower": (
        "[neutral] My number is less than {value}.", "[neutral] Lower than {value}.", "[neutral] {value} is too high.",
        "[happy] Go down from {value}.",
    ),
    "game_won": (
        "[surprised] Yes, it is {result}! [happy] You needed {count}, counting this one.",
        "[happy] You have found it, {result}! [neutral] Guesses: {count}.",
        "[happy] That is it, {result}! [happy] Well played, with {count} in all.",
    ),
    "game_over": ("[neutral] It was {result}. [happy] Next time you will get me.",
    "[neutral] I had chosen {result}. [happy] Care for another round?"),
    "riddle_right": ("[happy] Exactly!", "[surprised] You got it!", "[happy] Well done{person}!",
    "[happy] Right you are."),
    "riddle_wrong": (
        "[neutral] Not quite. [neutral] Try again, or say that you give up.",
        "[neutral] A good guess, but no. [happy] Once more?",
        "[neutral] I was thinking of something else. [neutral] Another guess, or shall I tell you?",
        "[neutral] No, but you are thinking in the right way.",
    ),
    "story_more": ("[neutral] Shall I go on?", "[neutral] Do you want to hear what came next?",
    "[neutral] Just say: go on.", "[happy] Are you still with me?", "[neutral] Would you like the next part?"),
    "no_more": (
        "[neutral] That was all I have of that kind. [happy] Ask me for something else?",
        "[sad] My supply of those is used up.",
        "[neutral] I know no more of these. [happy] Now you tell me one.",
    ),
}

SAFETY = {
    "self_harm": (
        "[sad] I am very glad that you say it, and I take it seriously. [neutral] I am only a program, and you deserve "
        "a"
        " person now. [neutral] Please call the emergency number or a crisis line where you live, or tell somebody "
        "close to you right away.",
        "[sad] That sounds unbearably heavy. [neutral] Please do not stay alone with it: ring the emergency number of "
        "your"
        " country, or somebody you trust, now. [neutral] Is there a person who can be with you?",
        "[sad] Your life matters. [neutral] Please put away anything you could hurt yourself with, and call the "
        "emergency"
        " number or a crisis line now. [neutral] A human being there will listen.",
    ),
    "emergency": (
        "[fearful] Please call the emergency number where you live at once, in many countries it is 112 or 911."
        " [neutral] I cannot call anybody. [neutral] Get a person nearby to help you.",
        "[fearful] That needs people, right now. [neutral] Ring the emergency number, and call a neighbour. [neutral] "
        "Do not wait for me.",
    ),
    "abuse": (
        "[sad] I am sorry, nobody may do that to you, and it is not your fault. [neutral] If you are in danger, please "
        "call"
        " the emergency number. [neutral] Is there a person you trust, or a helpline, that you can tell?",
        "[sad] Thank you for saying it. [neutral] What is done to you is wrong. [neutral] Please tell a human being "
        "who can"
        " help: a doctor, a helpline, the police, or somebody you trust.",
    ),
    "safety_follow": (
        "[sad] I hear you. [neutral] Please talk to a human being about it today, they can do more than I can.",
        "[neutral] I stay here while you reach for the phone. [neutral] Who could you call?",
        "[sad] You do not have to carry that alone. [neutral] Is somebody near you now?",
        "[neutral] Thank you for telling me. [neutral] A person with a warm voice should hear this, too.",
    ),
}  # fmt: skip

ANSWERS = {**MANNERS, **ABOUT_IT, **RECALL, **KNOWING, **LISTENING, **PLAYING, **SAFETY}
