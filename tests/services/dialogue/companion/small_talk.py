"""Ordinary sentences, as people say them to a face, typed and as transcripts without punctuation."""

from __future__ import annotations

ENGLISH = """
hello
Hello, how are you doing this morning?
hi ada nice to meet you
i'm fine thanks and you
what's your name
how old are you
where do you live
my name is Sarah
what do you do all day
do you like music
what is your favourite food
i love gardening
I have two cats
it's raining again today
i had pizza for lunch
my boss was in a bad mood today
i'm really tired
i slept badly last night
uh i don't know what to do today
tell me something interesting
tell me a joke
that was a good one
another one please
i went to the beach with my sister yesterday
it was lovely
i'm reading a book about the sea
what do you think about that
i watched a film last night
can you see me
are you a real person
what time is it
what day is it today
how long until christmas
what's seven times eight
what is my name
what did I say first
do you know any riddles
i give up
let's play a game
twenty five
thirty
i feel a bit lonely sometimes
my grandmother lives in Scotland
she is eighty nine years old
i miss her
i am learning to play the guitar
it's harder than I thought
we are going to Italy in the summer
i hate flying
i work in an office
my colleagues are nice
what should i cook tonight
do you want to hear a secret
i think the world is too loud
yes
no
okay
really
why
thank you
i bought a new bicycle
the kids were so loud today
i'm looking forward to the weekend
you are funny
i had a fight with my brother
tell me a story
go on
i don't like mondays
can you sing
say that again
what else can you do
i have to go now
goodbye
""".strip().splitlines()

GERMAN = """
hallo
Hallo, wie geht es dir heute Morgen?
schön dich kennenzulernen
mir geht es gut und dir
wie heißt du
wie alt bist du
wo wohnst du
ich heiße Sarah
was machst du den ganzen tag
magst du musik
was ist dein lieblingsessen
ich liebe gartenarbeit
ich habe zwei katzen
es regnet schon wieder
ich hatte pizza zum mittagessen
mein chef hatte heute schlechte laune
ich bin so müde
ich habe schlecht geschlafen
äh ich weiß nicht was ich heute machen soll
erzähl mir etwas interessantes
erzähl mir einen witz
der war gut
noch einen bitte
ich war gestern mit meiner schwester am strand
es war sehr schön
ich lese gerade ein buch über das meer
was hältst du davon
ich habe gestern einen film gesehen
kannst du mich sehen
bist du ein mensch
wie spät ist es
welcher tag ist heute
wie lange ist es noch bis weihnachten
was ist sieben mal acht
wie heiße ich
was habe ich als erstes gesagt
kennst du ein rätsel
ich gebe auf
lass uns etwas spielen
fünfundzwanzig
dreißig
manchmal fühle ich mich einsam
meine oma lebt in österreich
sie ist neunundachtzig jahre alt
ich vermisse sie
ich lerne gitarre spielen
es ist schwerer als ich dachte
im sommer fahren wir nach italien
ich hasse fliegen
ich arbeite in einem büro
meine kollegen sind nett
was soll ich heute abend kochen
willst du ein geheimnis hören
ich glaube die welt ist zu laut
ja
nein
okay
wirklich
warum
danke
ich habe mir ein neues fahrrad gekauft
die kinder waren heute so laut
ich freue mich auf das wochenende
du bist lustig
ich habe mich mit meinem bruder gestritten
erzähl mir eine geschichte
weiter
ich mag keine montage
kannst du singen
sag das noch einmal
was kannst du noch
ich muss jetzt los
tschüss
""".strip().splitlines()

SMALL_TALK = {"en": ENGLISH, "de": GERMAN}
