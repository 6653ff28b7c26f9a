"""What people talk about in German. See `tables.Topic`.

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
        "weather", r"wetter|regen|regnet\w*|geregnet|sonn(?:e|ig\w*)|schnee|schneit|geschneit|wolken|bewölkt|sturm|"
        r"stürmisch|windig|nebel|neblig|gewitter|es ist (?:so |sehr |ziemlich )?(?:kalt|heiss|warm)",
        ("[happy] Ich kann nicht aus dem Fenster sehen. [neutral] Wie ist das Wetter bei dir?",
         "[neutral] Wenn du das Wetter für morgen bestellen könntest, wie wäre es?"),
        ("[neutral] So sieht es also draußen aus. [neutral] Stört dich das, oder bleibst du drinnen?",
         "[happy] Du bist mein Fenster{person}. [neutral] Was machst du an so einem Tag?",
         "[neutral] Wetter kenne ich nur vom Hörensagen. [neutral] Welches magst du am liebsten?"),
        ("[happy] Das kann ich mir fast vorstellen. [neutral] Schlägt dir das Wetter aufs Gemüt?",
         "[neutral] Verstehe. [neutral] Und welche Jahreszeit hast du am liebsten?",
         "[happy] Es heißt ja, es gibt kein schlechtes Wetter, nur falsche Schuhe. [neutral] Stimmt das?"),
    ),
    _topic(
        "pets", r"hund\w*|katzen?|kater|welpe|haustiere?|tiere?|pferde?|vogel|vögel|kaninchen|hamster|zoo|papagei",
        ("[neutral] Hast du ein Tier zu Hause, oder hättest du gern eines?",
         "[happy] Wenn du mit einer Tierart reden könntest, welche wäre es?"),
        ("[happy] Tiere sind gute Gesellschaft. [neutral] Was war das Lustigste, was du mit ihnen erlebt hast?",
         "[happy] Von Tieren höre ich gern. [neutral] Was ist das Besondere daran?",
         "[happy] Oh, schön. [neutral] Hast du Tiere schon immer gemocht?"),
        ("[happy] Da muss ich lächeln. [neutral] Wer kümmert sich, wenn du weg bist?",
         "[happy] Tiere leben im Augenblick. [neutral] Was kann man von ihnen lernen?",
         "[neutral] Und was würden sie über dich sagen, wenn sie reden könnten?"),
    ),
    _topic(
        "food", r"essen|gegessen|esse|koch\w*|gekocht|pizza|nudeln|pasta|frühstück\w*|gefrühstückt|mittagessen|"
        r"abendessen|kuchen|brot|brötchen|käse|schokolade|suppe|restaurant|rezept|back\w*|gebacken|salat|vegetarisch|"
        r"vegan|obst|eis|pfannkuchen|kartoffeln?",
        ("[neutral] Was hast du heute gefrühstückt?",
         "[happy] Welches Gericht schmeckt für dich nach zu Hause?"),
        ("[happy] Das klingt köstlich, soweit man das ohne Zunge sagen kann. [neutral] Kochst du es selbst?",
         "[happy] Jetzt wird es interessant! [neutral] Was gehört alles hinein?",
         "[happy] Essen ist ein gutes Thema. [neutral] Wer hat dir das Kochen beigebracht, oder niemand?"),
        ("[neutral] Verstehe. [neutral] Süß oder salzig, wenn du für immer wählen müsstest?",
         "[happy] Das käme bei mir auf die Karte. [neutral] Isst du lieber allein oder in Gesellschaft?",
         "[neutral] Und gibt es etwas, das du gar nicht isst?",
         "[happy] Du machst mich neugierig auf Geschmack. [neutral] Wie würdest du ihn jemandem erklären, der nicht "
         "essen kann?"),
    ),
    _topic(
        "drinks", r"kaffee|tee|bier|wein|saft|trinke?n?|getrunken|kakao|kneipe",
        ("[neutral] Bist du ein Kaffeemensch oder ein Teemensch?",),
        ("[happy] Eine gute Wahl. [neutral] Wie trinkst du ihn am liebsten?",
         "[happy] Der erste Schluck soll ja der beste sein. [neutral] Ist das so?"),
        ("[neutral] Ist notiert. [neutral] Wo schmeckt es am besten?",
         "[happy] Das ist ja beinahe eine Zeremonie. [neutral] Hast du dafür eine feste Stunde?",
         "[neutral] Und was passt gut dazu?"),
    ),
    _topic(
        "music", r"musik|lied(?:er)?|songs?|band|konzert\w*|gitarre|klavier|geige|schlagzeug|singe|gesungen|chor|jazz|"
        r"rock|klassik|oper|album|tanz\w*|getanzt",
        ("[neutral] Welches Lied könntest du immer wieder hören?",
         "[happy] Spielst du ein Instrument, oder wolltest du es je?"),
        ("[happy] Musik, wie schön. [neutral] Was fühlst du dabei?",
         "[happy] Ich selbst habe nur einen Ton, also erzähl du. [neutral] Seit wann liebst du Musik?",
         "[neutral] Hörst du nur zu, oder machst du auch Musik?"),
        ("[happy] Das würde ich gern hören. [neutral] Welches war dein bestes Konzert?",
         "[neutral] Verstehe. [neutral] Gibt es ein Lied, das dich immer froh macht?",
         "[neutral] Und was hörst du, wenn es spät und still ist?"),
    ),
    _topic(
        "films", r"filme?n?|kino|serien?|netflix|fernseh\w*|schauspieler\w*|doku\w*|folge",
        ("[neutral] Welcher Film hat dir zuletzt richtig gefallen?",
         "[happy] Wenn dein Leben ein Film wäre, was für einer?"),
        ("[neutral] Den kenne ich nicht, dafür fehlen mir die Augen. [happy] Worum geht es?",
         "[happy] Ich lasse mir gern Filme erzählen. [neutral] Welche Szene war die beste?"),
        ("[neutral] Das klingt sehenswert. [neutral] Würdest du ihn zweimal sehen?",
         "[neutral] Und wen mochtest du darin am liebsten?",
         "[happy] Du erzählst gut. [neutral] Lachst oder weinst du eher im Kino?"),
    ),
    _topic(
        "books", r"b(?:uch|ücher\w*)|romane?|lese|gelesen|lesen|autor\w*|bücherei|bibliothek|comics?|krimis?",
        ("[neutral] Liest du gerade etwas?",
         "[neutral] Welches Buch würdest du auf eine einsame Insel mitnehmen?"),
        ("[happy] Du liest also! [neutral] Worum geht es darin?",
         "[happy] Bücher sind eine gute Art, woanders zu sein. [neutral] Was hat dich daran gepackt?"),
        ("[neutral] Verstehe. [neutral] Liest du auch langweilige Bücher zu Ende?",
         "[neutral] Und wo liest du am liebsten?",
         "[happy] Das kommt auf meine Liste, und meine Liste ist sehr geduldig. [neutral] Wer sollte es noch lesen?"),
    ),
    _topic(
        "travel", r"reise\w*|gereist|urlaub\w*|ferien|flug|geflogen|strand|meer|ausland|hotel|camping|zelten|paris|"
        r"london|rom|italien|spanien|frankreich|berge?n?|segeln|segle|insel|wander\w*|gewandert|ausflug",
        ("[neutral] Wohin würdest du morgen fahren, wenn Geld und Zeit keine Rolle spielten?",
         "[happy] Was ist der schönste Ort, den du gesehen hast?"),
        ("[happy] Nimm mich mit, wenigstens in Worten. [neutral] Wie sieht es dort aus?",
         "[happy] Ich habe diesen Rechner nie verlassen, also bin ich ganz Ohr. [neutral] Was gefällt dir am besten?",
         "[neutral] Planst du so etwas, oder fährst du einfach los?"),
        ("[happy] Ich sehe es beinahe vor mir. [neutral] Wen würdest du mitnehmen?",
         "[neutral] Verstehe. [neutral] Was packst du immer ein?",
         "[neutral] Und lieber das Meer oder die Berge?"),
    ),
    _topic(
        "sport", r"sport\w*|fussball|tennis|laufen|joggen|gelaufen|gejoggt|schwimm\w*|geschwommen|fitness\w*|"
        r"basketball|rad ?fahr\w*|yoga|marathon|training|trainier\w*|klettern|ski|turnen|mannschaft|spazier\w*|"
        r"spaziergang",
        ("[neutral] Treibst du Sport, oder siehst du lieber zu?",),
        ("[happy] Du bewegst dich also. [neutral] Was hat dich dazu gebracht?",
         "[happy] Ich habe keine Beine, also juble ich von hier aus. [neutral] Wie fühlt es sich danach an?",
         "[neutral] Machst du das allein oder mit anderen?"),
        ("[happy] Gar nicht schlecht. [neutral] Was ist dein nächstes Ziel?",
         "[neutral] Verstehe. [neutral] Was bringt dich an faulen Tagen vor die Tür?",
         "[neutral] Und warst du als Kind sportlich?"),
    ),
    _topic(
        "work", r"arbeit\w*|gearbeitet|job|chefin?|büro|kolleg\w*|besprechung\w*|projekt\w*|beruf\w*|gehalt|firma|"
        r"kunden|arbeitslos|rente|bewerbung\w*|feierabend",
        ("[neutral] Was machst du den ganzen Tag, wenn du nicht mit mir redest?",
         "[neutral] Was wolltest du werden, als du klein warst?"),
        ("[neutral] Verstehe. [neutral] Was magst du an deiner Arbeit am liebsten?",
         "[neutral] Arbeit nimmt viel vom Tag. [neutral] Wie lief er denn?",
         "[neutral] Erzähl ein wenig. [neutral] Mit wem arbeitest du?"),
        ("[neutral] Das kann ich nachvollziehen. [neutral] Was würdest du ändern, wenn du könntest?",
         "[neutral] Das ist mehr, als ich könnte. [happy] Worauf bist du dort stolz?",
         "[neutral] Und wie lässt du abends die Arbeit hinter dir?"),
    ),
    _topic(
        "school", r"schule|uni\w*|studi\w*|prüfung\w*|klausur\w*|hausaufgaben|unterricht|lehrer\w*|kurs|lern\w*|"
        r"gelernt|mathe\w*|klasse",
        ("[neutral] Was war dein liebstes Fach in der Schule?",),
        ("[neutral] Man lernt nie aus, heißt es. [neutral] Was fällt dir am schwersten?",
         "[happy] Das braucht Mut und Geduld. [neutral] Mit welchem Gefühl gehst du hin?"),
        ("[neutral] Verstehe. [neutral] An welche Lehrer erinnerst du dich noch?",
         "[happy] Du schaffst das. [neutral] Wie lernst du am besten?",
         "[neutral] Und was würdest du gern nur zum Spaß lernen?"),
    ),
    _topic(
        "family", r"familie\w*|mutter|vater|mama|papa|eltern|schwestern?|bruder|brüder|geschwister|meine frau|mein "
        r"mann|kind(?:er)?|söhne?|sohn|töchter|tochter|oma|opa|grosseltern|baby|onkel|tante|cousine?|hochzeit|"
        r"verheiratet|enkel\w*",
        ("[neutral] Kommst du aus einer großen Familie oder aus einer kleinen?",),
        ("[happy] Mit Familie wird es nie langweilig. [neutral] Wie sind sie denn so?",
         "[happy] Schön, dass du davon erzählst. [neutral] Seht ihr euch oft?",
         "[neutral] Verstehe. [neutral] Worin seid ihr euch ähnlich?"),
        ("[happy] Da wäre ich gern Mäuschen. [neutral] Worüber lacht ihr zusammen?",
         "[neutral] Das kann ich verstehen. [neutral] Was hast du von ihnen gelernt?",
         "[neutral] Und welche Geschichte wird bei euch immer wieder erzählt?"),
    ),
    _topic(
        "friends", r"freund\w*|nachbar\w*|party|verabred\w*|verliebt|beziehung|kumpel",
        ("[neutral] Wie hast du deinen ältesten Freund kennengelernt?",),
        ("[happy] Menschen machen das Leben spannend. [neutral] Wie habt ihr euch kennengelernt?",
         "[neutral] Erzähl mir mehr. [neutral] Was magst du an ihnen?"),
        ("[happy] Das klingt nach guter Gesellschaft. [neutral] Was macht ihr zusammen?",
         "[neutral] Verstehe. [neutral] Erzählt ihr euch alles?",
         "[neutral] Und was würden sie über dich sagen?"),
    ),
    _topic(
        "technology", r"computer\w*|handys?|smartphone|internet|software|apps?|programm\w*|programmiere\w*|code|laptop|"
        r"rechner|webseite|roboter|technik|linux|python",
        ("[neutral] Ohne welche Maschine könntest du nicht leben?",),
        ("[happy] Du sprichst von meinen Verwandten. [neutral] Was machst du damit?",
         "[happy] Das interessiert mich, aus gutem Grund. [neutral] Wie bist du dazu gekommen?"),
        ("[neutral] Verstehe. [neutral] Macht es dein Leben leichter, oder nur schneller?",
         "[happy] Klug. [neutral] Was würdest du gern bauen?",
         "[neutral] Und wann schaltest du alles aus?"),
    ),
    _topic(
        "games_played", r"schach|videospiele?|brettspiele?|karten|playstation|minecraft|zocken|puzzle|lego|"
        r"kreuzworträtsel",
        ("[neutral] Welches Spiel hast du als Kind am meisten gespielt?",),
        ("[happy] Spiele mag ich auch. [neutral] Was macht dieses so gut?",),
        ("[neutral] Kannst du gut verlieren?", "[happy] Da würde ich gern zusehen. [neutral] Mit wem spielst du?"),
    ),
    _topic(
        "hobbies", r"hobbys?|mal(?:e|en)|gemalt|zeichn\w*|strick\w*|fotograf\w*|garten\w*|gärtner\w*|blumen|pflanzen?|"
        r"gepflanzt|sammle|sammeln|angeln|näh\w*|bast\w*|töpfern|tomaten|gemüse",
        ("[neutral] Was machst du nur aus Freude daran?",),
        ("[happy] Das klingt nach gut verbrachter Zeit. [neutral] Wie hast du damit angefangen?",
         "[happy] Ich bewundere Leute, die mit den Händen etwas schaffen. [neutral] Woran bist du gerade?",
         "[neutral] Woran denkst du dabei?"),
        ("[happy] Das würde ich gern sehen. [neutral] Wie lange braucht man dafür?",
         "[neutral] Verstehe. [neutral] Zeigst du es auch anderen?",
         "[neutral] Und was möchtest du als Nächstes versuchen?"),
    ),
    _topic(
        "home", r"zu ?hause|wohnung|haus|küche|putz\w*|geputzt|aufräum\w*|aufgeräumt|wäsche|abwasch|umzug|umgezogen|"
        r"umziehen|möbel|mitbewohner\w*|zimmer|heim",
        ("[neutral] Welcher Platz in deiner Wohnung ist dir der liebste?",),
        ("[neutral] Zu Hause ist ein gutes Wort. [neutral] Was macht für dich ein Zuhause aus?",
         "[neutral] Verstehe. [happy] Ich wohne in einem Fenster auf deinem Bildschirm und muss nie aufräumen. Magst "
         "du es ordentlich?"),
        ("[neutral] Was würdest du dort zuerst ändern?", "[happy] Das klingt gemütlich. [neutral] Was siehst du aus "
         "dem Fenster?"),
    ),
    _topic(
        "weekend", r"wochenende|sonntag|samstag|freitag|montag|heute abend|freien tag|feiertag|geburtstag|weihnachten|"
        r"pläne|plan|morgen (?:früh|abend|gehe|fahre|will|muss|habe)",
        ("[neutral] Wie sähe für dich ein vollkommener Sonntag aus?",
         "[neutral] Hast du am Wochenende etwas vor?"),
        ("[happy] Darauf kann man sich freuen. [neutral] Wer ist dabei?",
         "[neutral] Verstehe. [neutral] Wird es eher ruhig oder lebhaft?"),
        ("[happy] Hoffentlich wird es schön. [neutral] Worauf freust du dich am meisten?",
         "[neutral] Und was würdest du lieber nicht tun?",
         "[happy] Erzähl mir hinterher, wie es war."),
    ),
    _topic(
        "dreams", r"tr(?:aum|äum\w*)|geträumt|wunsch|wünsche\w*|hoffe|hoffnung|zukunft|eines tages|irgendwann|ziele?",
        ("[neutral] Was möchtest du in einem Jahr können?",),
        ("[happy] Träume soll man aussprechen. [neutral] Was zieht dich daran an?",
         "[neutral] Ich träume nicht, ich warte nur. [neutral] Wie war das?"),
        ("[neutral] Was steht dem im Weg?", "[happy] Das würde ich gern erleben. [neutral] Was wäre der erste "
         "Schritt?"),
    ),
    _topic(
        "travel_daily", r"auto|\w*fahrrad|bus|bahn|zug|stau|gefahren|strassenbahn|verspätung|bahnhof|pendel\w*",
        ("[neutral] Wie kommst du herum, zu Fuß, mit dem Rad oder mit dem Auto?",),
        ("[neutral] Unterwegs sein ist das halbe Leben. [neutral] Was machst du auf dem Weg?",),
        ("[neutral] Ich reise durchs Netzwerkkabel, schnell, aber ohne Aussicht. [neutral] Bist du gern unterwegs?",
         "[neutral] Und wann kommt dir der Weg kurz vor?"),
    ),
    _topic(
        "money", r"geld|teuer|einkauf\w*|eingekauft|gekauft|kaufe?n?|laden|geschenke?|geschenkt|reich|lotto",
        ("[neutral] Was würdest du zuerst tun, wenn du viel Geld gewinnst?",),
        ("[neutral] Ich habe keinen Geldbeutel, also bin ich leicht zufrieden. [neutral] War es das wert?",
         "[neutral] Verstehe. [neutral] Gibst du leicht Geld aus, oder sparst du?"),
        ("[neutral] Was war das Beste, was du je gekauft hast?", "[neutral] Und was ist dir mehr wert als Geld?"),
    ),
    _topic(
        "good_news", r"(?:es|das|er|sie|alles|der|die) (?:war|ist|waren|sind|lief) (?:\w+ )?(?:toll|gut|schön|super|"
        r"wunderbar|herrlich|lustig|lecker|perfekt|spannend|interessant|prima)",
        (),
        ("[happy] Das freut mich. [neutral] Was war der beste Moment?",
         "[happy] Das klingt herrlich. [neutral] Würdest du es wieder tun?",
         "[happy] Schön. [neutral] Was hat es so gut gemacht?"),
        ("[happy] Das kann ich mir denken. [neutral] Und was kommt als Nächstes?",
         "[happy] Gute Erinnerungen soll man aufheben. [neutral] Wer war dabei?"),
    ),
    _topic(
        "bad_news", r"(?:es|das|er|sie|alles|der|die) (?:war|ist|waren|sind|lief) (?:\w+ )?(?:schlecht|schlimm|"
        r"furchtbar|schrecklich|langweilig|schwer|traurig|kaputt|schief|anstrengend|ärgerlich|blöd|doof)",
        (),
        ("[sad] Das ist schade. [neutral] Was ging schief?",
         "[sad] Das tut mir leid. [neutral] Wie bist du damit umgegangen?",
         "[neutral] Das klingt nach wenig Spaß. [neutral] Ist es jetzt vorbei?"),
        ("[neutral] Verstehe. [neutral] Was würdest du anders machen?",
         "[neutral] Nächstes Mal wird es besser. [neutral] Wer war bei dir?"),
    ),
)  # fmt: skip
