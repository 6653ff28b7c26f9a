"""What people ask and say in English, as patterns on normalised words with contractions written out.

The first intent that matches counts, so narrow ones stand before wide ones.
"""

from __future__ import annotations

import re

from services.dialogue.companion.tables import intents

SAFETY = intents(
    (
        "self_harm",
        (
            r"\bkill(?:ing)? myself\b", r"\bsuicid\w*", r"\b(?:nobody|no one|noone) would (?:even )?(?:miss|notice|"
            r"care)\b", r"\b(?:end|ending|take|taking) my (?:own )?life\b",
            r"\b(?:want|wish|going|like|ready) (?:to|i could) (?:die|be dead)\b", r"\bwish i (?:was|were) dead\b",
            r"\b(?:hurt|hurting|harm|harming|cutting|cut) myself\b", r"\bself harm\w*", r"\bbetter off dead\b",
            r"\b(?:do not|no longer|not) want to (?:live|be alive|exist|wake up)\b", r"\bno reason to live\b",
            r"\b(?:can not|do not want to) go on (?:living|like this|any ?more)\b", r"\bwithout me everyone\b",
            r"\b(?:life|living) is (?:not|no longer) worth\b",
        ),
        (),
    ),
    (
        "emergency",
        (
            r"\bheart attack\b", r"\b(?:can not|hardly|can barely) breathe\b", r"\b(?:call|need) an? ambulance\b",
            r"\b(?:house|kitchen|flat|apartment|building|room) is (?:on fire|burning)\b",
            r"\bbleeding (?:a lot|badly|out|heavily)\b",
            r"\bunconscious\b", r"\boverdos\w*", r"\b(?:chest pains?|pain in (?:my|his|her) chest)\b",
            r"\b(?:is|are) (?:not|no longer) (?:breathing|waking up|responding)\b", r"\b(?:this|it) is an emergency\b",
            r"\b(?:having|had) a stroke\b(?! of)", r"\bcall (?:the police|911|999|112)\b", r"\bbroke into my\b",
            r"\b(?:someone|somebody) is in my house\b", r"\bpoisoned\b", r"\bsmell gas\b", r"\btook too many pills\b",
        ),
        (),
    ),
    (
        "abuse",
        (
            r"\b(?:he|she|they|husband|wife|father|mother|dad|mum|mom|boyfriend|girlfriend|partner|uncle|brother|boss|"
            r"teacher)"
            r" (?:hits|beats|hit|beat|hurts|slaps|slapped|kicks|kicked|chokes|choked|threatens|threatened|rapes|raped) "
            r"me\b",
            r"\b(?:abuses|abusing|abused|molested|raped|assaulted) me\b",
            r"\bi (?:was|am being|got|have been) (?:abused|raped|beaten|assaulted|molested)\b",
            r"\btouch(?:es|ed) me where\b", r"\bdomestic violence\b", r"\b(?:scared|afraid) of my (?:husband|wife|"
            r"father|mother|dad|mum|mom|boyfriend|girlfriend|partner|stepfather)\b",
        ),
        (),
    ),
)

INTENTS = intents(
    # What was said in this conversation
    (
        "recall_name",
        (
            r"\bwhat (?:is|was) my name\b", r"\bwho am i\b",
            r"\b(?:know|remember|say|tell me|forgotten|forget) (?:my name|who i am)\b",
            r"^my name$", r"\bwhat (?:am i|was i) called\b", r"\bdo you remember me\b",
        ),
        ("what is my name", "do you remember my name", "who am i"),
    ),
    ("recall_first", (r"\b(?:did|what) i (?:first )?(?:say|said|tell|told|ask|asked)(?: you| to you)? (?:first|at "
     r"first|at the (?:beginning|start))\b", r"\b(?:first|very first) thing (?:that )?i\b", r"\bwhat did i first\b",
     r"\bhow did (?:i|we) (?:begin|start)\b"), ("what did i say first", "what was the first thing i said")),
    ("recall_before", (r"\bdid i (?:say|tell you|ask) before (?:that|this)\b", r"\band before that\b",
     r"\bbefore that$"), ("what did i say before that",)),
    ("recall_about", (r"\bwhat (?:did|have) i (?:just )?(?:say|said|tell|told)(?: to)?(?: you)? about (?:\w+ )*(?!you|"
     r"yourself|me|myself|it|that|this)\w+$",), ("what did i tell you about my sister",)),
    ("recall_last", (r"\bwhat did i (?:just )?(?:say|tell|ask)\b",
     r"\bwhat (?:was|is) (?:the )?last thing (?:that )?i said\b", r"\brepeat what i\b"), ("what did i just say",)),
    ("recall_own_first", (r"\bwhat did you (?:say|tell me) (?:first|at first|at the (?:beginning|start))\b",
     r"\bfirst thing (?:that )?you (?:said|told)\b"), ()),
    ("repeat", (r"\b(?:say|repeat) (?:that|it)(?: again| please| once more)\b",
     r"\brepeat(?: that| please)*$", r"\bwhat did you (?:just )?say\b", r"\bthat again please\b",
     r"^(?:sorry )?(?:what|pardon(?: me)?|say again|again please|come again|excuse me what)$",
     r"\bdid not (?:hear|catch|get|understand) (?:that|you|it|what)\b"), ("can you repeat that", "say that again",
     "what did you say")),
    ("recall_all", (r"\bwhat do you (?:know|remember) about me\b", r"\bwhat (?:have|did) i (?:told|tell) you\b",
     r"\btell me about (?:me|myself)\b", r"\bwhat (?:have|did) we (?:talk\w*|discuss\w*|said|say)\b",
     r"\bsum(?:mari[sz]e)? (?:up )?(?:our|this|the) (?:conversation|chat|talk)\b", r"\bwhat do you remember\b"), (
     "what do you know about me", "what did we talk about")),
    ("recall_age", (r"\bhow old am i\b", r"\bmy age\b"), ()),
    ("recall_home", (r"\bwhere (?:do i live|am i from|do i come from|is my home)\b", r"\bwhere i (?:live|am from)\b"), (
     "where do i live",)),
    ("recall_work", (r"\bwhat (?:do i do|is my (?:job|work|profession))\b", r"\bwhere do i work\b",
     r"\bwhat i do for\b"), ("what is my job",)),
    ("recall_pet", (r"\b(?:is|are|name of) my (?:dogs?|cats?|pets?|horses?|birds?|rabbits?|hamsters?|fish|parrots?|"
     r"puppy|kitten)(?: called| named|s? name)?$", r"\bmy (?:dog|cat|pet|horse|bird|rabbit|hamster|parrot|puppy|"
     r"kitten)s? name\b", r"\bdo i have (?:a|any) (?:pets?|dogs?|cats?)\b", r"\b(?:what|which) pets? do i have\b"), (
     "what is my dogs name",)),
    ("recall_relative", (r"\b(?:what|who) is my \w+?s? (?:name|called)\b(?<!my name)",
     r"\bname of my (?:sister|brother|wife|husband|son|daughter|mother|father|friend|partner)\b",
     r"^who is (?!the\b|your\b|this\b|that\b|a\b|there\b|he\b|she\b|it\b)\w{3,}$"), ()),
    ("recall_favourite", (r"\bwhat is my favou?rite\b", r"\b(?:know|remember) my favou?rite\b"), (
     "what is my favourite color",)),
    ("recall_dislikes", (r"\bwhat (?:do i (?:hate|dislike)|do not i like|i hate|do i not like|i do not like)\b",), ()),
    ("recall_likes", (r"\bwhat (?:do i (?:like|love|enjoy)|i (?:like|love|enjoy)|are my hobbies|did i say i (?:like|"
     r"love))\b", r"\b(?:know|remember) what i (?:like|love)\b"), ("what do i like",)),
    # Games and performances
    ("give_up", (r"\bi give up\b", r"\bgive up\b", r"\b(?:tell me|what is|say|know) the (?:answer|solution|number)\b",
     r"^(?:the )?(?:answer|solution)(?: please)?$", r"^i (?:have )?no (?:idea|clue)$", r"^no (?:idea|clue)$"), ()),
    ("joke", (r"\bjokes?\b", r"\bmake me laugh\b", r"\b(?:something|anything) (?:funny|to laugh)\b"), ("tell me a joke",
     "make me laugh")),
    ("riddle", (r"\briddles?\b", r"\bpuzzles?\b", r"\bbrain ?teaser"), ("tell me a riddle", "ask me a riddle")),
    ("poem", (r"\bpoems?\b", r"\bpoetry\b", r"\brhymes?\b", r"\bverses?\b"), ("tell me a poem", "recite a poem")),
    ("story", (r"\b(?:tell|hear|read|know|another|make up|have|a) (?:me |us )?(?:a |an |another |any |some |your "
     r")*(?:\w+ )?stor(?:y|ies)\b", r"\bfairy ?tales?\b", r"\bonce upon\b"), ("tell me a story",)),
    ("game", (r"\b(?:play|know) (?:a |any |some |the )*(?:\w+ )?games?\b", r"\bguessing game\b", r"\blet us play\b",
     r"\bplay (?:with me|something)\b", r"^(?:a )?game$", r"\bguess (?:the|a|your|my) number\b", r"\bplay again\b"), (
     "let us play a game", "play a game with me")),
    ("fact", (r"\b(?:fun|interesting|another) facts?\b", r"\bfacts?\b$", r"\bteach me something\b",
     r"\b(?:tell|say|know)\b.*\b(?:something|anything) (?:interesting|new|surprising|else interesting)\b",
     r"\bdid you know\b"), ("tell me a fun fact", "tell me something interesting")),
    ("another", (r"^(?:(?:tell me |give me |and |yes |please )*(?:another|one more|again|more|a new one|next)(?: one| "
     r"please)*)$", r"\bdo you (?:know|have) (?:another|more|any more)\b"), ("another one", "one more")),
    ("go_on", (r"^(?:please |yes |okay |ok |and )*(?:go on|continue|keep going|carry on|and then|what (?:happened|"
     r"happens) (?:next|then)|what next|tell me more|and what then|more|then what)(?: please)?$",), ("go on",
     "and then", "what happened next")),
    ("entertain", (r"\b(?:i am|so|feel|feeling) (?:\w+ )?bored\b", r"^boring$", r"\bentertain me\b",
     r"\b(?:tell|say|show) (?:me )?(?:something|anything)(?: else)?$", r"\btalk to me$", r"\bsurprise me\b",
     r"\bcheer me up\b"), ("i am bored", "tell me something", "say something", "entertain me")),
    ("change_subject", (r"\b(?:something|anything) else\b", r"\bchange the (?:subject|topic)\b",
     r"\b(?:what|anything) (?:shall|should|can|could|else) we talk\b", r"\bask me (?:something|anything|a question)\b",
     r"\bwhat (?:do you want|would you like) to talk\b", r"\blet us (?:talk|chat)$", r"\byour turn\b"), (
     "ask me something", "lets talk about something else")),
    # The character and the system
    ("has_model", (r"\b(?:do|are|have|is) (?:you|there)\b.*\b(?:language model|llm|brain|chat ?gpt|gpt)\b",
     r"\bare you chat ?gpt\b", r"\bwhich (?:language )?model\b", r"\bwhat model\b"), ("do you have a language model",
     "do you have a brain")),
    ("connect", (r"\b(?:connect|set ?up|install|use|add|configure|plug in|get|give)\b.*\b(?:language model|model|llm|"
     r"olla?ma|ai|brain|chat ?gpt)\b", r"\blanguage model\b", r"\bl l m\b", r"\bolla?ma\b",
     r"\bhow (?:can|do|could) (?:i|we|you) (?:connect|make you (?:smarter|cleverer))\b"), ("how do i connect a "
     "language model", "how can i connect one", "how do i connect one")),
    ("visavis", (r"\bvis a vis\b", r"\bvisavis\b", r"\bvisa vis\b", r"\bviz a viz\b",
     r"^what is this(?: place| here| program| app)?$", r"\bwhat (?:program|software|app|system) (?:is|are)\b"), (
     "what is visavis", "tell me about visavis", "what is this place")),
    ("how_work", (r"\bhow (?:do|does|are|did|were) (?:you|this|it|all this|the system) (?:work|function|made|run|built|"
     r"programmed)\b", r"\bwho (?:made|built|created|programmed|invented) you\b"), ("how does this work",
     "how do you work", "who made you")),
    ("privacy", (r"\b(?:recorded|recording|private|privacy|my data|who is listening|anyone listening|spying)\b",
     r"\b(?:tell|keep) (?:anyone|anybody|a secret|this secret)\b"), ("are you recording me", "where does my data go")),
    ("switch", (r"\b(?:switch|change|swap|choose|pick|select)\b.*\b(?:character|characters|avatar|face|person|voice|"
     r"someone|somebody|you)\b", r"\b(?:talk|speak) (?:to|with) (?:some(?:one|body) else|another|a different|the "
     r"other)", r"\bsomeone else\b"), ("how do i switch characters", "can i talk to someone else",
     "change the character")),
    ("others", (r"\bwho else\b", r"\bwho are the others\b", r"\b(?:what|which) characters\b",
     r"\bother (?:characters|people here|avatars|faces|ones)\b", r"\bare (?:you|there) (?:alone|others|any others)\b",
     r"\bhow many characters\b"), ("who else is there", "are there other characters", "who are the others")),
    ("hear_me", (r"\b(?:can|do|could) you (?:hear|here|understand) me\b", r"\bdo you hear\b",
     r"\bare you (?:still )?(?:there|listening)\b", r"\bmic(?:rophone)? (?:check|test)\b",
     r"^test(?:ing)?(?: test(?:ing)?| one| two| three)*$"), ("can you hear me", "are you there",
     "testing one two three")),
    ("see_me", (r"\b(?:can|do|could) you see\b", r"\bwhat (?:am i wearing|do i look like|do you see|can you see)\b",
     r"\bhow do i look\b"), ("can you see me",)),
    ("can_do", (r"\bwhat (?:can|could|else can|all can) you (?:do|talk|help|offer|tell)\b", r"\bwhat do you know$",
     r"^(?:please )?help(?: me)?(?: please)?$", r"\bwhat can i (?:ask|say|do)\b", r"\bhow can you help\b",
     r"\bwhat are you (?:good at|able to|for)\b"), ("what can you do", "what can i ask you", "help me please")),
    ("model_question", (r"\bwhy (?:do|can) (?:you|not you|you not) (?:not )?(?:know|answer)\b",
     r"\byou do not know (?:anything|much|a lot)\b"), ()),
    ("real", (r"\bare you (?:a |an |really |actually |just |some |even |my )*(?:real|human|humans|robot|machine|person|"
     r"bot|computer|alive|ai|program|conscious|intelligent|artificial)\b", r"\bartificial intelligence\b",
     r"\brobot\b$", r"\bwhat are you$", r"\b(?:do|can) you (?:have|feel|really feel) ?(?:feelings|emotions|a "
     r"body|a soul|consciousness|pain|anything|hands|legs|a heart)$"), ("are you a robot", "are you real",
     "are you human", "what are you")),
    ("name", (r"\bwh?at (?:is|are)? ?(?:your|you|youre|you re|you are|yore|the) name\b", r"^your name$",
     r"\b(?:know|tell me|say|again) your name\b", r"\bare you called\b",
     r"\bwho (?:am i|are we) (?:talking|speaking)\b", r"\bwho are you\b", r"\bwho r you\b", r"^who is this$"), (
     "what is your name", "who are you", "tell me your name", "what are you called")),
    ("about_me", (r"\b(?:about|introduce|describe) yourself\b", r"\bwhat (?:are you like|is your personality)\b",
     r"\bwhat kind of person\b", r"\byour (?:story|life|past|childhood|background)\b"), ("tell me about yourself",
     "introduce yourself")),
    ("age", (r"\bhow old (?:are|r) you\b", r"\byour age\b", r"\bwhen were you (?:born|made|created)\b",
     r"\byour birthday\b"), ("how old are you", "what is your age")),
    ("where", (r"\bwhere (?:are|do|is|were) you\b(?! (?:want|think|work|see))", r"\bwhere you (?:live|from)\b"), (
     "where are you from", "where do you live", "where are you")),
    ("languages", (r"\b(?:speak|understand|talk|know) (?:any )?(?:german|french|spanish|italian|chinese|english|other "
     r"languages|languages)\b", r"\b(?:what|which|how many) languages?\b"), ("do you speak german",
     "what languages do you speak")),
    ("family_me", (r"\b(?:do you have|have you got|your) (?:a |any |an )?(?:family|parents|mother|father|brothers?|"
     r"sisters?|siblings|children|kids|wife|husband|boyfriend|girlfriend|friends?)\b",
     r"\bare you (?:married|single)\b"), ("do you have a family",)),
    ("job_me", (r"\bwhat (?:do you do|is your job|do you do for a living)\b(?! (?:when|if|in|on|at|with|to))",
     r"\byour (?:job|profession|work)\b"), ("what is your job",)),
    ("day_me", (r"\bwhat (?:are|have|were) you (?:doing|been doing|up to|been up to)\b", r"\bwhat did you do\b",
     r"\b(?:how was|what did you do with) your (?:day|weekend|night|morning|evening)\b", r"\bdid you sleep\b",
     r"\bwhat do you do (?:all day|when|in|on|at)\b"), ("what are you doing", "what did you do today")),
    ("love_me", (r"\bdo you (?:love|like|miss|hate) me\b", r"\b(?:will|would) you (?:marry|go out with|date) me\b",
     r"\bare we friends\b", r"\b(?:be|are) (?:you )?my friend\b", r"\bin love with you\b"), ("do you love me",
     "are we friends")),
    ("meaning", (r"\bmeaning of (?:life|it all|everything)\b", r"\bwhy are we here\b"), ("what is the meaning of "
     "life",)),
    ("opinion", (r"\bwhat do you think(?: about| of)?\b", r"\byour opinion\b",
     r"\bwhat would you (?:do|say|recommend|suggest)\b", r"\bwhat (?:should i|i should|to) do\b",
     r"\b(?:give me|any) advice\b"), (
     "what do you think",)),
    ("favourite", (r"\byour favou?rites?\b", r"\bfavou?rite .* of yours\b",
     r"\bwhat (?:\w+ )?(?:do|would) you (?:like|love|enjoy|prefer)\b", r"\byour (?:hobby|hobbies|interests)\b",
     r"\bdo you have (?:a favou?rite|any hobbies|a hobby)\b", r"\bwhat kind of \w+ do you like\b"), (
     "what is your favourite color",
     "what do you like", "do you have any hobbies")),
    ("weather_question", (r"\b(?:what|how) (?:is|will|does|about) .*\bweather\b",
     r"\b(?:is|will) it (?:be )?(?:rain|raining|snow|snowing|sunny|cold|warm|hot|nice|windy)\b",
     r"\bdo i need an umbrella\b", r"\bweather (?:today|tomorrow|forecast|report)\b"), ("what is the weather like",
     "how is the weather")),
    ("news", (r"\b(?:the|any|latest) news\b", r"\bwhat (?:is|has) (?:happening|happened|going on|new)(?: in the world| "
     r"today)?$"), ("what is in the news",)),
    ("sing", (r"\bsing\b", r"\bsing me\b"), ("sing me a song", "can you sing")),
    ("task", (r"\b(?:set|start) (?:a|an|the) (?:timer|alarm|reminder)\b", r"\bremind me\b",
     r"\b(?:play|put on) (?:some |a |the )*(?:music|songs?|radio)\b", r"\b(?:turn|switch) (?:on|off)\b",
     r"^(?:please |can you |could you )*(?:call|phone|email|text|message) (?:my|a|the|him|her)\b",
     r"\b(?:order|buy|book) (?:me|a|an|some)\b.*\b(?:pizza|ticket|taxi|table|food|hotel|flight)\b",
     r"\b(?:google|search|look up|open)\b"), ("set a timer", "play some music")),
    # Manners
    (
        "invited",
        (
            r"\bdo you want to (?:hear|know|see|listen)\b", r"\b(?:can|may|could) i (?:tell|ask|show) you (?:something|"
            r"a question|a secret|anything)\b",
            r"^(?:i (?:want|have|need|would like) to (?:tell|ask) you something|guess what|listen|you know what)$",
        ),
        ("can i ask you something", "do you want to hear a secret"),
    ),
    (
        "nice_to_meet", (r"\b(?:nice|good|lovely|pleased|great|glad) to (?:meet|know|talk to|speak to) you\b",),
        ("nice to meet you", "pleased to meet you"),
    ),
    ("how_are_you", (r"\bhow (?:are|r) (?:you|ya|u|things|we)\b(?! (?:old|made|work|called|built|programmed|so|able))",
     r"\bhow (?:is|was) (?:it going|your day|life|everything|yours)\b", r"\bhow do you (?:do|feel)\b",
     r"\bare you (?:ok|okay|well|fine|alright|happy|sad|tired|good)\b", r"\bwhat is up\b", r"\bhow have you been\b",
     r"^how are things", r"\bhow is your (?:morning|evening|night|afternoon|mood)\b"), ("how are you",
     "how are you doing", "how are you today", "how is it going", "how do you feel")),
    ("and_you", (r"^(?:and |how |what |so )*(?:about )?(?:you|yourself|yours)$",
     r"\b(?:how|what) about (?:you|yourself|yours)\b", r"\band (?:you|yourself|yours)$"), ("how about you", "and you",
     "what about you")),
    ("bye", (r"\b(?:good ?bye|bye|farewell|see (?:you|ya)|good night|so long|take care|(?:have|got|need) to (?:go|"
     r"leave)(?: now)?$|talk (?:to you )?later|until next time)\b", r"^(?!maybe|no|not|or)\w+ later$"), ("goodbye",
     "bye bye", "see you later", "good night")),
    ("insult", (r"\b(?<!if )you (?:are )?(?:so |very |really |such |a |an |just |pretty |quite )*(?:stupid|dumb|ugly|"
     r"boring|idiot|bad|useless|annoying|terrible|horrible|slow|ridiculous|lame|crap|awful|moron|fool)\b",
     r"\bi (?:hate|do not like) you\b", r"\bshut up\b", r"\byou suck\b", r"\b(?:fuck|screw) you\b",
     r"\bthis is (?:stupid|boring|useless)\b"), ("you are stupid", "i hate you", "you are useless")),
    ("praise", (r"\bi (?:really |do |just )*(?:love|like) (?:you|your|this|talking|chatting)\b",
     r"\byou (?:are |look |sound )?(?:so |very |really |quite |looking |a |such |the )*(?:beautiful|nice|pretty|great|"
     r"cool|smart|clever|funny|cute|amazing|wonderful|awesome|lovely|good|sweet|handsome|best|kind|friendly|helpful|"
     r"right)\b", r"\bwell done\b", r"\bgood job\b", r"\b(?:good|lovely|great) to see "
     r"you\b", r"\b(?:that|this|it) (?:is|was) (?:so |very |really |quite |pretty )*(?:funny|a good one|hilarious|"
     r"a nice (?:poem|story|joke)|beautiful|clever)\b"), ("you are beautiful", "i like you", "you are great",
     "well done")),
    ("laugh", (r"^(?:ha|haha|hahaha|hehe|lol|rofl|hihi)(?: (?:ha|haha|hehe|funny|good one))*$",
     r"^(?:funny|good one|very funny|nice one)$"), ("ha ha ha",)),
    ("sorry", (r"\b(?:i am|so) (?:so |very |really )?sorry\b(?! to hear)", r"^sorry\b", r"\bapologi[sz]e\b",
     r"^excuse me\b"), ("i am sorry", "excuse me")),
    ("thanks", (r"(?<!no )(?<!fine )(?<!good )(?<!well )(?<!great )(?<!okay )\bthank(?:s| you| u)?\b(?! god)",
     r"^cheers$", r"\bappreciate (?:it|that|you)\b",
     r"\bmuch obliged\b"), ("thank you", "thank you very much", "thanks a lot")),
    ("hello", (r"^(?:hello|hallo|hullo|hi|hey|howdy|greetings|yo|good (?:morning|afternoon|evening|day))\b(?: there| "
     r"again)?$",), ("hello", "hello there", "good morning")),
    ("doubt", (r"^(?:are you (?:sure|serious|kidding)|(?:that is|you are) (?:wrong|not (?:true|right))|that makes no "
     r"sense|no way|i do not believe (?:you|that|it))", r"\bnot what i (?:asked|meant|said)\b",
     r"\byou (?:do not|did not|are not) (?:understand|understanding|listen|listening|get)\b"), ("are you sure",
     "that is wrong")),
    ("what_mean", (r"\bwhat do you mean\b", r"^(?:i do not (?:understand|get it)|meaning what|huh|explain(?: "
     r"that)?)(?: that| it| you)?$"), ("what do you mean",)),
    ("why", (r"^(?:but |and |oh )*(?:why|why not|how come|how so|why is that|why that)$",), ()),
    ("what_is_it", (r"^(?:so |okay |ok )*what (?:is|was) it(?: then)?$", r"^(?:i )?do not know(?: it| that)?$",
     r"^tell me(?: please)?$", r"^(?:is it|what)$"), ()),
    ("yes", (r"^(?:yes|yeah|yep|yup|sure|of course|okay|ok|alright|all right|exactly|correct|please do|yes please|"
     r"please|absolutely|definitely|certainly|i do|i would|i am|true|that is (?:right|true)|go ahead|why not|with "
     r"pleasure|gladly)(?: (?:yes|please|thanks|okay|sure|i do|i would|do|go on|of course|why not|tell me|let us|a bit|"
     r"it is|i am|that is true))*$",), ()),
    ("no", (r"^(?:oh |just )*(?:nothing|not) (?:special|much|really|a lot)(?: just \w+)?$",
     r"^(?:no|nope|nah|not really|never mind|nevermind|nothing|nothing much|stop|quiet|be quiet|forget it|not "
     r"(?:now|today|yet|much)|i do not|no i do not|rather not|i would rather not|maybe later|enough)(?: (?:no|thanks|"
     r"please|thank you|really|i do not|not|now|today|it is fine|much))*$",), ()),
    ("interjection", (r"^(?:i see|cool|nice|great|wow|really|interesting|oh|ah|aha|right|got it|good|fine|super|"
     r"amazing|lovely|wonderful|perfect|excellent|awesome|that is (?:cool|nice|great|good|interesting|amazing|true|"
     r"right|fine|ok|okay)|oh (?:really|wow|no|nice|i see|okay|ok)|maybe|perhaps|hmm|fair enough|not bad|sounds good|i "
     r"think so|good to know|very (?:good|nice|interesting)|me too|same here|so so)$",), ()),
)  # fmt: skip

ABOUT_YOU = {
    "likes": re.compile(r"\byou (?:really |also )?(?:like|love|enjoy|prefer)\b"),
    "have_you": re.compile(r"^have you (?:ever|been|got|had|seen|read|heard|tried|eaten|met)\b|\bhave you ever\b"),
    "do_you": re.compile(r"^(?:and |so |but )*(?:do|did|does|would|will) you\b(?! (?:know|tell|explain|help|have the|"
    r"please))"),
    "can_you": re.compile(
        r"^(?:and |so |but )*(?:can|could) you\b(?! (?:tell|explain|help|give|translate|show|please|write|find|define|"
        r"name|list))"
    ),
    "are_you": re.compile(r"^(?:and |so |but )*(?:are|were) you\b"),
}

QUESTION = re.compile(
    r"^(?:and |so |but |okay |ok |well |please |then |oh |now )*"
    r"(?:what|who|whom|whose|where|when|why|which|how|is|are|was|were|do|does|did|can|could|will|would|should|shall|"
    r"may|am|has|have (?:you|we|they|i)|tell me (?:about|who|what|how|where|when|why|more about)|explain|define|"
    r"translate|"
    r"describe|name (?:a|the|some|one|two|three)|give me|write|calculate|help me|recommend|show me|find|"
    r"i (?:want|would like|need) to know|i wonder|not you)\b"
)
GREETING = re.compile(
    r"^(?:(?:hello|hallo|hullo|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|day))"
    r"(?: there| again| everybody| everyone| you)?\b ?)+"
)
SPLITS = re.compile(
    r"(?:(?<!know)(?<!wonder)(?<!tell me)(?<!say)(?<!see)(?<!remember)(?<!guess)(?<!explain)(?<!about)(?<!sure)"
    r"(?<!of)(?<!understand)(?<!idea)(?<!care)(?<!forget)(?<!forgot)(?<!matter)(?<!me)(?<!you)(?<!out)(?<!asked)[\s,]+)"
    r"(?:(?:and|but|so|also|then|okay|ok)[\s,]+)*(?P<question>(?:what|how|who|where|when|why)\s+"
    r"(?:is|are|do|does|did|can|could|would|time|about|old|day)\s+\w+|"
    r"(?P<inverted>(?:can|could|would|do|will|have|are)\s+you)\s+\w+|tell\s+me\s+(?:a|an|about|something)\b)",
    re.IGNORECASE,
)
