"""What the companion can perform in English: jokes, facts, poems, riddles and stories, all written for it.

Facts are true and widely known. The parts of a story are told one by one.
"""

from __future__ import annotations

import re

from services.dialogue.companion.tables import Repertoire, Riddle

_JOKES = (
    "[happy] Why do programmers confuse Halloween and Christmas? [happy] Because oct 31 equals dec 25.",
    "[happy] I would tell you a joke about a lost letter. [surprised] But you might not get it.",
    "[happy] What did the avatar say to the microphone? [happy] You always make me repeat myself.",
    "[happy] Why did the clock go to the doctor? [happy] It felt run down.",
    "[happy] Two goldfish sit in a tank. [surprised] Says one: do you know how to drive this thing?",
    "[happy] Why do bees hum? [happy] Because they have forgotten the words.",
    "[happy] What is brown and sticky? [happy] A stick.",
    "[neutral] Why did the computer catch a cold? [happy] Somebody had left a window open.",
    "[happy] Why was the maths book so sad? [happy] It had too many problems.",
    "[happy] A man walks into a library and orders fish and chips. [neutral] This is a library, says the lady."
    " [happy] Sorry, he whispers, fish and chips please.",
    "[happy] What do you call a snowman in July? [happy] A puddle.",
    "[happy] Why can a bicycle not stand up by itself? [happy] It is two tired.",
)
_FACTS = (
    "[surprised] Did you know that an octopus has three hearts? [happy] I have none, so it is well ahead of me.",
    "[neutral] Here is one that I like: honey hardly ever spoils. [surprised] Honey from old tombs could still be "
    "eaten.",
    "[surprised] A day on Venus is longer than its year. [happy] Imagine the birthdays.",
    "[neutral] Bananas are berries, to a botanist. [surprised] Strawberries are not.",
    "[surprised] Sharks are older than trees, as a kind. [neutral] They have been around for over 400 million years.",
    "[neutral] Light needs about eight minutes from the Sun to us. [happy] So you always see it as it was.",
    "[happy] A group of flamingos is called a flamboyance. [neutral] Somebody had a good day when they chose that.",
    "[surprised] Wombats make droppings in the shape of cubes. [happy] Now you cannot forget it either.",
    "[neutral] The Eiffel Tower is some centimetres taller in summer. [neutral] Iron grows when it is warm.",
    "[happy] Sea otters hold hands when they sleep, so as not to drift apart.",
    "[neutral] Water can boil and freeze at the same time. [surprised] It is called the triple point.",
    "[surprised] There are more ways to shuffle a pack of cards than there are atoms on Earth.",
    "[neutral] Butterflies taste with their feet. [happy] I would not even know where to begin.",
    "[neutral] The shortest war on record lasted less than an hour, in Zanzibar in 1896.",
)
_POEMS = (
    "[neutral] A little light upon a screen, the quietest guest you have ever seen."
    " [happy] It cannot walk, it cannot stay, but likes to hear about your day.",
    "[neutral] The rain has written on the pane. [neutral] I cannot read it, but again it tries,"
    " and all the glass is bright with letters made of light.",
    "[happy] I asked the clock to slow its pace, it smiled at me with its round face."
    " [neutral] I only count, it said, my dear. [happy] The hours go, but you are here.",
    "[neutral] A leaf let go, as leaves will do, and took the long way, turning through"
    " the yellow air. [happy] It did not fall. [neutral] It danced, and landed, that was all.",
)
_RIDDLES = (
    Riddle(
        "[happy] Here is one: what has keys, but opens no door? [neutral] Take your time.",
        "[happy] It is a piano. [neutral] Eighty-eight keys, and not one lock.",
        re.compile(r"\b(?:piano|keyboard|typewriter)\b"),
    ),
    Riddle(
        "[happy] What gets wetter the more it dries? [neutral] Have a guess.",
        "[happy] It is a towel. [neutral] Poor thing.",
        re.compile(r"\btowels?\b"),
    ),
    Riddle(
        "[happy] What belongs to you, but others use it more than you do? [neutral] Think about it.",
        "[happy] It is your name. [neutral] You hardly ever need it yourself.",
        re.compile(r"\bname\b"),
    ),
    Riddle(
        "[happy] The more you take of them, the more you leave behind. [neutral] What are they?",
        "[happy] Footsteps, that is what they are. [neutral] I have taken none so far.",
        re.compile(r"\b(?:foot)?(?:steps?|prints?)\b|\bfootprints?\b"),
    ),
    Riddle(
        "[happy] What can you break without touching it? [neutral] There is more than one good answer.",
        "[happy] I was thinking of a promise. [neutral] Silence counts as well.",
        re.compile(r"\b(?:promise|silence|heart|record|word|law|rule|habit)s?\b"),
    ),
    Riddle(
        "[happy] What has a neck, but no head? [neutral] You may have one in the kitchen.",
        "[happy] A bottle has a neck and no head.",
        re.compile(r"\b(?:bottle|shirt|guitar)\b"),
    ),
    Riddle(
        "[happy] What goes up and never comes down? [neutral] Everybody has one.",
        "[happy] It is your age. [neutral] We shall say no more about it.",
        re.compile(r"\bages?\b|\bhow old\b"),
    ),
)
_STORIES = (
    (
        "[neutral] There was once a lighthouse keeper who had not spoken for so long that he feared his voice was gone."
        " [neutral] So one evening he said good night to the sea.",
        "[surprised] The next evening, the sea answered. [neutral] It said only one word: louder."
        " [happy] He laughed so hard that the gulls flew up.",
        "[neutral] From then on they talked every night. [neutral] Ships that passed wondered about the man who told"
        " jokes to the waves.",
        "[happy] And on his last day the sea was as flat as a mirror. [neutral] It had come to listen. That is the "
        "end.",
    ),
    (
        "[neutral] In a small town there was a clock that was always four minutes late. [neutral] Everybody knew it, "
        "and"
        " nobody minded.",
        "[neutral] One day a clockmaker came and set it right. [surprised] From that hour on, people missed their "
        "buses,"
        " burned their bread, and quarrelled.",
        "[neutral] At last a girl climbed up at night with a broomstick, and pushed the hand back by four minutes.",
        "[happy] In the morning the whole town was on time again. [neutral] And that is the end of the story.",
    ),
    (
        "[happy] A fox and a snail agreed to race to the old mill. [neutral] The fox gave the snail a day's head start,"
        " to be fair.",
        "[neutral] On the way the fox stopped at every hedge, to sniff, to chat, and to tell everybody how easily he"
        " would win.",
        "[surprised] When he came to the mill, the snail was already there, drinking dew. [neutral] How did you do it,"
        " asked the fox.",
        "[happy] I had nothing to tell, said the snail, so I walked. [neutral] And there my story ends.",
    ),
    (
        "[neutral] An old woman planted a button, because her grandson had asked her what would grow from it."
        " [neutral] They watered it all spring.",
        "[neutral] In May there was a green shoot. [surprised] In June it had small round leaves, each with four "
        "holes.",
        "[neutral] By autumn it carried a coat, a little short in the sleeves, and very warm.",
        "[happy] The boy wore it all winter. [neutral] Nobody believed him, but nobody else had such a coat. The end.",
    ),
)

REPERTOIRE = Repertoire(_JOKES, _FACTS, _POEMS, _RIDDLES, _STORIES)
