"""What people talk about in English. See `tables.Topic`.

Starters are the companion's own questions. An opener answers the first mention, a follow-up whatever comes next, so it
must fit any answer.
"""

from __future__ import annotations

from services.dialogue.companion.tables import Topic, words_pattern


def _topic(
    name: str, pattern: str, starters: tuple[str, ...], openers: tuple[str, ...], follow_ups: tuple[str, ...]
) -> Topic:
    return Topic(name, words_pattern(pattern), starters, openers, follow_ups)


TOPICS = (
    _topic(
        "weather",
        r"weather|rain(?:s|ing|ed|y)?|sun(?:ny|shine)|snow(?:s|ing|ed|y)?|cloud(?:s|y)?|storm|windy|fog(?:gy)?|too "
        r"(?:cold|hot) outside|it is (?:so |very |really )?(?:cold|hot|warm)",
        ("[happy] I cannot look out of a window. [neutral] What is the weather like where you are?",
         "[neutral] If you could order the weather for tomorrow, what would it be?"),
        ("[neutral] So that is what it is like outside. [neutral] Do you mind it, or do you stay in?",
         "[happy] You are my window{person}. [neutral] What do you do on a day like this?",
         "[neutral] I only know weather from what people tell me. [neutral] What kind do you like best?"),
        ("[happy] I can almost picture it. [neutral] Does the weather change your mood?",
         "[neutral] I see. [neutral] And which season do you like best?",
         "[happy] They say there is no bad weather, only bad shoes. [neutral] Do you agree?"),
    ),
    _topic(
        "pets",
        r"dogs?|cats?|pupp(?:y|ies)|kittens?|pets?|horses?|birds?|rabbits?|hamsters?|animals?|parrots?|zoo",
        ("[neutral] Do you have an animal at home, or would you like one?",
         "[happy] If you could talk to one kind of animal, which would it be?"),
        ("[happy] Animals are good company. [neutral] What is the funniest thing it has ever done?",
         "[happy] I like to hear about animals. [neutral] What makes that one special?",
         "[happy] Oh, lovely. [neutral] Have you always liked animals?"),
        ("[happy] That made me smile. [neutral] Who looks after it when you are away?",
         "[happy] Animals know how to live in the moment. [neutral] What have you learned from one?",
         "[neutral] And what would it say about you, if it could talk?"),
    ),
    _topic(
        "food",
        r"food|cook(?:s|ed|ing)?|eat(?:s|ing)?|ate|pizza|pasta|breakfast|lunch|dinner|supper|cake|bread|cheese|"
        r"chocolate|soup|restaurant|recipe|bak(?:e|ed|ing)|sushi|curry|burger|salad|vegetarian|vegan|fruit|ice cream|"
        r"pancakes?",
        ("[neutral] What did you have for breakfast today?",
         "[happy] What is the dish that tastes of home for you?"),
        ("[happy] That sounds delicious, as far as I can tell without a tongue. [neutral] Do you cook it yourself?",
         "[happy] Now we are talking! [neutral] What goes into it?",
         "[happy] Food is a good subject. [neutral] Who taught you to cook, or did nobody?"),
        ("[neutral] I see. [neutral] Sweet or salty, if you had to choose for ever?",
         "[happy] I would put that on the menu. [neutral] Do you eat it alone or in company?",
         "[neutral] And is there something that you will not eat at all?",
         "[happy] You make me curious about taste. [neutral] How would you describe it to somebody who cannot eat?"),
    ),
    _topic(
        "drinks",
        r"coffee|tea|beer|wine|juice|drinks?|cocoa|pub|bar",
        ("[neutral] Are you a coffee person or a tea person?",),
        ("[happy] A good choice. [neutral] How do you take it?",
         "[happy] They say that the first sip is the best. [neutral] Is it?"),
        ("[neutral] Noted. [neutral] Where is the best place to drink it?",
         "[happy] That is almost a ceremony. [neutral] Do you have it at a certain hour?",
         "[neutral] And what goes well with it?"),
    ),
    _topic(
        "music",
        r"music|songs?|band|concert|guitar|piano|violin|drums|sing(?:ing|er)?|choir|jazz|rock|classical|opera|album|"
        r"playlist|danc(?:e|ing|ed)",
        ("[neutral] Which song could you listen to again and again?",
         "[happy] Do you play an instrument, or did you ever want to?"),
        ("[happy] Music, how nice. [neutral] What do you feel when you hear it?",
         "[happy] I have only one note myself, so tell me. [neutral] Since when do you love music?",
         "[neutral] Do you listen, or do you make music too?"),
        ("[happy] I would like to hear that. [neutral] Which was the best concert you have been to?",
         "[neutral] I see. [neutral] Is there a song that always makes you happy?",
         "[neutral] And what do you listen to when it is late and quiet?"),
    ),
    _topic(
        "films",
        r"films?|movies?|cinema|series|netflix|tv|television|actors?|actress|documentary|episode",
        ("[neutral] What was the last film that you really liked?",
         "[happy] If your life were a film, which kind would it be?"),
        ("[neutral] I have not seen it, I have no eyes for that. [happy] What is it about?",
         "[happy] I like it when people tell me films. [neutral] What was the best scene?"),
        ("[neutral] That sounds worth watching. [neutral] Would you watch it twice?",
         "[neutral] And who was your favourite in it?",
         "[happy] You tell it well. [neutral] Do you laugh or cry more at the pictures?"),
    ),
    _topic(
        "books",
        r"books?|novels?|read(?:ing)?|author|library|poets?|comics?|harry potter",
        ("[neutral] Are you reading anything at the moment?",
         "[neutral] Which book would you take to a lonely island?"),
        ("[happy] A reader! [neutral] What is it about?",
         "[happy] Books are a fine way to be somewhere else. [neutral] What caught you in it?"),
        ("[neutral] I see. [neutral] Do you read to the end when a book is dull?",
         "[neutral] And where do you like to read?",
         "[happy] That goes on my list, and my list is very patient. [neutral] Who else should read it?"),
    ),
    _topic(
        "travel",
        r"travel(?:s|led|ling|ing)?|trips?|vacation|flights?|flew|beach|sea|ocean|abroad|hotel|camping|paris|london|"
        r"rome|italy|spain|france|mountains?|sailing|tourists?|journey|island|hik(?:e|ing|ed)",
        ("[neutral] Where would you go tomorrow, if money and time did not matter?",
         "[happy] What is the most beautiful place that you have seen?"),
        ("[happy] Take me along, at least in words. [neutral] What does it look like there?",
         "[happy] I have never left this machine, so I am all ears. [neutral] What do you like best about it?",
         "[neutral] Do you plan such things, or do you just set off?"),
        ("[happy] I can almost see it. [neutral] Whom would you take with you?",
         "[neutral] I see. [neutral] What do you always pack?",
         "[neutral] And would you rather have the sea or the mountains?"),
    ),
    _topic(
        "sport",
        r"sports?|football|soccer|tennis|run(?:ning)?|ran|swim(?:ming)?|swam|gym|basketball|cycling|yoga|"
        r"marathon|training|workout|match|climb(?:ing)?|skiing|golf|team|jogging|walk(?:ed|ing)?",
        ("[neutral] Do you do any sport, or do you rather watch?",),
        ("[happy] You are on the move, then. [neutral] How did you come to it?",
         "[happy] I have no legs, so I cheer from here. [neutral] How does it feel afterwards?",
         "[neutral] Do you do it alone or with others?"),
        ("[happy] Not bad at all. [neutral] What is your next goal?",
         "[neutral] I see. [neutral] What gets you out of the door on a lazy day?",
         "[neutral] And were you sporty as a child?"),
    ),
    _topic(
        "work",
        r"work(?:s|ed)?|job|boss|office|colleagues?|meetings?|project|deadline|career|salary|promotion|business|"
        r"customers?|unemployed|retired|interview",
        ("[neutral] What do you do all day, when you do not talk to me?",
         "[neutral] What did you want to become when you were little?"),
        ("[neutral] I see. [neutral] What part of your work do you like best?",
         "[neutral] Work takes a lot of one's day. [neutral] How did yours go?",
         "[neutral] Tell me a bit about it. [neutral] Whom do you work with?"),
        ("[neutral] I understand. [neutral] What would you change about it, if you could?",
         "[neutral] That is more than I could do. [happy] What are you proud of there?",
         "[neutral] And how do you leave work behind in the evening?"),
    ),
    _topic(
        "school",
        r"school|university|college|exams?|homework|stud(?:y|ying|ied)|lessons?|class(?:es)?|teachers?|course|"
        r"learn(?:ing|ed)?|maths?",
        ("[neutral] What was your favourite subject at school?",),
        ("[neutral] Learning never stops, they say. [neutral] What do you find hardest?",
         "[happy] That takes courage and patience. [neutral] How do you feel about it?"),
        ("[neutral] I see. [neutral] Which teacher do you still remember?",
         "[happy] You will manage. [neutral] How do you learn best?",
         "[neutral] And what would you like to learn just for fun?"),
    ),
    _topic(
        "family",
        r"family|mother|father|mum|mom|dad|parents|sisters?|brothers?|wife|husband|children|kids?|sons?|daughters?|"
        r"grand(?:ma|pa|mother|father|children|parents)|baby|uncle|aunt|cousins?|wedding|married",
        ("[neutral] Do you come from a big family or a small one?",),
        ("[happy] Family is never boring. [neutral] What are they like?",
         "[happy] It is nice that you tell me about them. [neutral] Do you see each other often?",
         "[neutral] I see. [neutral] In what are you alike?"),
        ("[happy] I would like to be a fly on the wall there. [neutral] What do you laugh about together?",
         "[neutral] I understand. [neutral] What did you learn from them?",
         "[neutral] And what is a story that your family tells again and again?"),
    ),
    _topic(
        "friends",
        r"friends?|neighbou?rs?|party|date|girlfriend|boyfriend|in love|relationship|dating",
        ("[neutral] How did you meet your oldest friend?",),
        ("[happy] People make life interesting. [neutral] How did you get to know each other?",
         "[neutral] Tell me more. [neutral] What do you like about them?"),
        ("[happy] That sounds like good company. [neutral] What do you do together?",
         "[neutral] I see. [neutral] Do you tell each other everything?",
         "[neutral] And what would they say about you?"),
    ),
    _topic(
        "technology",
        r"computers?|phones?|internet|software|apps?|program(?:s|ming|mer)?|code|coding|laptop|website|robots?|"
        r"technology|gadgets?|3d printer|linux|python",
        ("[neutral] Which machine could you not live without?",),
        ("[happy] You are speaking about my relatives. [neutral] What do you do with it?",
         "[happy] I have an interest in that, for obvious reasons. [neutral] How did you get into it?"),
        ("[neutral] I see. [neutral] Does it make your life easier, or only faster?",
         "[happy] Clever. [neutral] What would you like to build?",
         "[neutral] And when do you switch everything off?"),
    ),
    _topic(
        "games_played",
        r"chess|video ?games?|board ?games?|cards|playstation|minecraft|gaming|puzzles?|lego|crossword",
        ("[neutral] Which game did you play most as a child?",),
        ("[happy] I like games, too. [neutral] What makes that one good?",),
        ("[neutral] Are you a good loser?", "[happy] I would like to watch. [neutral] With whom do you play?"),
    ),
    _topic(
        "hobbies",
        r"hobb(?:y|ies)|paint(?:ing|ed|s)?|draw(?:ing|s)?|knit(?:ting)?|photograph(?:y|s|er)?|garden(?:ing)?|flowers?|"
        r"plants?|collect(?:ing|s)?|fishing|sew(?:ing)?|craft|pottery|woodwork|vegetables|tomatoes",
        ("[neutral] What do you do just for the joy of it?",),
        ("[happy] That sounds like time well spent. [neutral] How did you begin?",
         "[happy] I admire people who make things with their hands. [neutral] What are you working on?",
         "[neutral] What do you think about while you do it?"),
        ("[happy] I would love to see it. [neutral] How long does it take?",
         "[neutral] I see. [neutral] Do you show it to others?",
         "[neutral] And what would you like to try next?"),
    ),
    _topic(
        "home",
        r"home|house|flat|apartment|kitchen|clean(?:ing|ed)?|tidy|laundry|dishes|mov(?:e|ed|ing) (?:to|house|in|out)|"
        r"furniture|roommates?|room",
        ("[neutral] Which place in your home do you like best?",),
        ("[neutral] Home is a good word. [neutral] What makes a place a home for you?",
         "[neutral] I see. [happy] I live in a window on your screen, so I never have to tidy up. Do you like it "
         "tidy?"),
        ("[neutral] What would you change about it first?", "[happy] That sounds cosy. [neutral] What do you see from "
         "the window?"),
    ),
    _topic(
        "weekend",
        r"weekend|sunday|saturday|friday|monday|tonight|this evening|day off|holidays?|birthday|christmas|plans?|"
        r"tomorrow",
        ("[neutral] What would a perfect Sunday be like for you?",
         "[neutral] Have you got plans for the weekend?"),
        ("[happy] That is something to look forward to. [neutral] Who will be there?",
         "[neutral] I see. [neutral] Is it going to be quiet or lively?"),
        ("[happy] I hope it turns out well. [neutral] What are you looking forward to most?",
         "[neutral] And what would you rather not do?",
         "[happy] Tell me afterwards how it was."),
    ),
    _topic(
        "dreams",
        r"dream(?:s|ed|t|ing)?|wish(?:es)?|hope|future|someday|one day|goals?",
        ("[neutral] What would you like to be able to do a year from now?",),
        ("[happy] Dreams are worth saying aloud. [neutral] What draws you to it?",
         "[neutral] I do not dream, I only wait. [neutral] What was it like?"),
        ("[neutral] What stands in the way?", "[happy] I would like to see that happen. [neutral] What is the first "
         "step?"),
    ),
    _topic(
        "travel_daily",
        r"cars?|bikes?|bicycles?|bus|trains?|traffic|drove|driv(?:e|ing)|subway|commut(?:e|ing)|late again|station",
        ("[neutral] How do you get around, on foot, by bike, or by car?",),
        ("[neutral] Getting from here to there is half of life. [neutral] What do you do on the way?",),
        ("[neutral] I travel by network cable, it is quick but the view is poor. [neutral] Do you like being on the "
         "road?",
         "[neutral] And when does the way feel short?"),
    ),
    _topic(
        "money",
        r"money|expensive|shopping|bought|buy(?:ing)?|sale|shops?|present|gift|rich|lottery",
        ("[neutral] What would you do first, if you won a lot of money?",),
        ("[neutral] I have no purse, so I am easily pleased. [neutral] Was it worth it?",
         "[neutral] I see. [neutral] Do you spend easily, or do you save?"),
        ("[neutral] What is the best thing you ever bought?", "[neutral] And what is worth more than money to you?"),
    ),
    _topic(
        "good_news",
        r"(?:it|that|this|he|she|they|everything|which) (?:was|is|were|went|has been) (?:\w+ )?(?:great|good|nice|fun|"
        r"lovely|wonderful|beautiful|fantastic|amazing|perfect|well|delicious|interesting|funny)",
        (),
        ("[happy] I am glad that it was. [neutral] What was the best moment?",
         "[happy] That sounds lovely. [neutral] Would you do it again?",
         "[happy] Nice. [neutral] What made it so good?"),
        ("[happy] I can imagine. [neutral] And what comes next?",
         "[happy] Good memories are worth keeping. [neutral] Who shared it with you?"),
    ),
    _topic(
        "bad_news",
        r"(?:it|that|this|he|she|they|everything|which) (?:was|is|were|went|has been) (?:\w+ )?(?:bad|awful|terrible|"
        r"horrible|boring|hard|difficult|sad|wrong|badly|annoying|broken|ugly|disgusting|frustrating)",
        (),
        ("[sad] That is a pity. [neutral] What went wrong?",
         "[sad] I am sorry. [neutral] How did you deal with it?",
         "[neutral] That sounds like no fun at all. [neutral] Is it over now?"),
        ("[neutral] I see. [neutral] What would you do differently?",
         "[neutral] Next time will be better. [neutral] Who was there with you?"),
    ),
)  # fmt: skip
