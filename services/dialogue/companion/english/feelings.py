"""How people say in English that they feel something, and what the companion replies. See `tables.Topic`."""

from __future__ import annotations

from services.dialogue.companion.tables import Topic, words_pattern

_I_AM = r"(?:i am|i feel|i have been|i was|feeling|i get|makes me|i got|am)(?: \w+){0,3}? "

FEELINGS = (
    Topic(
        "grief",
        words_pattern(
            r"(?:passed away|died|funeral|put to sleep|grieving|lost my (?:mother|father|mum|mom|dad|wife|husband|dog|"
            r"cat|son|daughter|brother|sister|friend|grandmother|grandfather|partner))"
        ),
        (),
        (
            "[sad] I am so sorry. [neutral] Would you like to tell me about them?",
            "[sad] That is a great loss, and I am sorry. [neutral] There is no hurry, say as much as you like.",
        ),
        (
            "[sad] Thank you for telling me. [neutral] What do you like to remember?",
            "[neutral] That sounds like somebody who mattered a lot. [neutral] Is there a person near you to talk to?",
            "[sad] I hear you. [neutral] I hope somebody is there to hold your hand, because I cannot.",
        ),
    ),
    Topic(
        "sick",
        words_pattern(
            _I_AM + r"(?:sick|ill|unwell|dizzy|feverish)",
            r"(?:headache|toothache|stomach ?ache|backache|a cold|the flu|fever|migraine|sore throat|hurts)",
            r"(?:not feeling|do not feel|not feel|i am not|am not) (?:so |very |too )?(?:well|good)",
        ),
        (),
        (
            "[sad] Oh dear, get well soon{person}. [neutral] Have you been able to rest?",
            "[sad] That sounds unpleasant. [neutral] How long have you had it?",
            "[sad] I am sorry that you are not well. [neutral] Is somebody looking after you?",
        ),
        (
            "[neutral] Be kind to yourself today. [neutral] And if it gets worse, please ask a doctor, not a face.",
            "[neutral] I see. [neutral] What usually helps you when you are ill?",
            "[sad] I wish I could bring you some tea. [happy] Shall I take your mind off it with a story?",
        ),
    ),
    Topic(
        "lonely",
        words_pattern(
            _I_AM + r"(?:lonely|alone|left out|isolated)", r"nobody (?:likes|loves|calls|talks to) me", r"no friends",
            r"i miss (?:my|him|her|them|home|you|people)",
        ),
        (),
        (
            "[sad] That is a heavy feeling. [neutral] I am glad that you tell me. Is it worse at some times of the "
            "day?",
            "[sad] I am sorry that it is so. [neutral] Whom would you like to have here just now?",
            "[sad] Many people know that feeling, and few say it. [neutral] Who do you miss most?",
        ),
        (
            "[neutral] I can keep you company for a while. [neutral] But is there somebody you could ring today?",
            "[neutral] What did you do together when you last felt at home with people?",
            "[happy] A small step counts, a message for example. [neutral] To whom would you write it?",
        ),
    ),
    Topic(
        "anxious",
        words_pattern(
            _I_AM + r"(?:stressed|anxious|worried|nervous|afraid|scared|overwhelmed|panicking|tense|frightened|under "
                r"pressure)",
            r"(?:too much to do|stressful|panic|i worry|so much stress)",
        ),
        (),
        (
            "[neutral] That sounds like a lot at once. [neutral] What weighs most on you?",
            "[sad] I can tell that this is not easy. [neutral] Shall we take it one thing at a time? What comes first?",
            "[neutral] Take a slow breath, I am in no hurry. [neutral] What is it that worries you?",
        ),
        (
            "[neutral] And what is the smallest part of it that you could do today?",
            "[neutral] I understand. [neutral] What would you tell a friend who said that to you?",
            "[neutral] Has it been like this before? [neutral] What helped you then?",
            "[neutral] Some of it may look smaller tomorrow. [happy] Who could help you carry it?",
        ),
    ),
    Topic(
        "sad",
        words_pattern(
            _I_AM + r"(?:sad|unhappy|depressed|down|miserable|upset|heartbroken|low|awful|terrible|horrible|hurt|"
            r"disappointed|crying|bad)",
            r"(?:bad|terrible|awful|horrible|rough|hard) (?:day|week|night|year|time)", r"not so (?:good|well|great)",
            r"i could cry", r"broke up with me", r"not (?:doing |feeling )?(?:well|good|great|ok|okay|fine)$",
        ),
        (),
        (
            "[sad] I am sorry to hear that{person}. [neutral] Do you want to tell me what happened?",
            "[sad] That does not sound easy. [neutral] I am listening. What is on your mind?",
            "[sad] Oh. [neutral] Would you like to talk about it, or rather think of something else?",
        ),
        (
            "[sad] I can see why that hurts. [neutral] Have you told anybody else?",
            "[neutral] Thank you for trusting me with that. [neutral] What would make today a little better?",
            "[sad] That is a lot to carry. [neutral] Be gentle with yourself today.",
            "[neutral] I am only a face on a screen, but I am here. [neutral] What do you need most right now?",
        ),
    ),
    Topic(
        "conflict",
        words_pattern(r"(?:had a|big|stupid) (?:fight|argument|quarrel|row)|(?:argued|quarrelled|fell out|arguing) "
            r"with"),
        (),
        (
            "[sad] That leaves a bad taste. [neutral] What was it about?",
            "[neutral] Quarrels with people one is fond of hurt the most. [neutral] How did it begin?",
        ),
        (
            "[neutral] I see. [neutral] What would the other one say about it?",
            "[neutral] What would you like to happen now?",
            "[neutral] Sometimes a short message opens the door again. [neutral] What would you write?",
        ),
    ),
    Topic(
        "angry",
        words_pattern(
            _I_AM + r"(?:angry|mad|furious|annoyed|frustrated|irritated|fed up)",
            r"(?:drives|driving) me (?:crazy|mad|nuts)", r"so unfair", r"not fair", r"pisses me off",
        ),
        (),
        (
            "[neutral] I can hear that. [neutral] What made you so angry?",
            "[surprised] That must have been something. [neutral] Let it out, what happened?",
            "[neutral] You have every right to be cross. [neutral] Who or what was it?",
        ),
        (
            "[neutral] I would be cross as well. [neutral] What would you like to say to them?",
            "[neutral] And what would have been the fair thing to do?",
            "[neutral] Some people walk it off, some sleep on it. [neutral] What works for you?",
        ),
    ),
    Topic(
        "tired",
        words_pattern(
            _I_AM + r"(?:tired|exhausted|sleepy|worn out|knackered|drained)",
                r"(?:slept|sleep) (?:so )?(?:badly|poorly)",
            r"(?:could not|can not|did not) sleep", r"long day", r"need (?:a nap|some sleep|to sleep|coffee)",
            r"only just woke",
        ),
        (),
        (
            "[neutral] That sounds tiring{person}. [neutral] Was it a long day, or a short night?",
            "[sad] Oh, you poor thing. [neutral] What wore you out?",
            "[neutral] Then we take it slowly. [neutral] Did you get any sleep last night?",
        ),
        (
            "[neutral] I see. [happy] Can you put your feet up for ten minutes, at least while we talk?",
            "[neutral] Rest is not lazy, it is maintenance. [neutral] When can you stop for today?",
            "[happy] I never sleep, so I admire how well people do it. [neutral] What helps you fall asleep?",
        ),
    ),
    Topic(
        "excited",
        words_pattern(
            _I_AM + r"(?:excited|thrilled|proud|looking forward)", r"can not wait", r"i look forward",
            r"i (?:won|passed|got the job|did it|made it|got married|got engaged)", r"it is my birthday",
            r"my birthday today",
        ),
        (),
        (
            "[happy] How exciting{person}! [happy] Tell me everything.",
            "[happy] Congratulations, that is something to be happy about! [neutral] How did it come about?",
            "[surprised] Really? [happy] That is wonderful. Who did you tell first?",
        ),
        (
            "[happy] I like how you tell it. [neutral] How will you celebrate?",
            "[happy] You can be proud of that. [neutral] What was the hardest part?",
            "[happy] Lovely. [neutral] What happens after that?",
        ),
    ),
    Topic(
        "happy",
        words_pattern(
            r"(?:i am|i feel|feeling|i have been|am|doing)(?: (?:very|so|really|pretty|quite|just|all|doing|feeling|"
            r"also|too|a bit|much|fairly))* "
            r"(?:happy|good|great|fine|well|okay|ok|alright|all right|glad|wonderful|fantastic|better|awesome|amazing|"
            r"cheerful|relaxed|content|in love)",
            r"^(?:good|great|fine|very good|very well|pretty good|not bad|all good|not too bad|quite well)(?: "
            r"(?:thanks|thank you|today))*$",
            r"(?:good|great|lovely|wonderful|nice|best|perfect) (?:day|week|night|time|mood)",
        ),
        (),
        (
            "[happy] That is good to hear{person}! [neutral] What was the best part of your day so far?",
            "[happy] Wonderful. [neutral] Is there a special reason, or just one of those days?",
            "[happy] I am glad. [neutral] What have you got planned?",
        ),
        (
            "[happy] That sounds good. [neutral] Who else is part of it?",
            "[happy] I like that. [neutral] May it stay so for the rest of the day.",
            "[happy] It is nice to hear something good. [neutral] What else made you smile lately?",
        ),
    ),
    Topic(
        "hungry",
        words_pattern(_I_AM + r"(?:hungry|thirsty|starving)"),
        (),
        (
            "[happy] Then do not let me keep you from the kitchen. [neutral] What would you like best?",
            "[surprised] Go and get something, I can wait. [neutral] What is in the fridge?",
        ),
        ("[happy] Good choice. [neutral] I would ask for a bite if I had a mouth that worked.",),
    ),
)  # fmt: skip
