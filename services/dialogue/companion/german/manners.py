"""What the companion says in German out of politeness and about itself. See `tables`."""

from __future__ import annotations

MANNERS = {
    "again": (
        "[neutral] Das habe ich schon einmal gesagt, und ich meine es auch so.", "[happy] Wie ich vorhin schon sagte.",
        "[neutral] Also noch einmal.", "[happy] Das kennst du schon von mir.", "[neutral] Ich kann es nur wiederholen.",
    ),
    "short_hello": ("[happy] Hallo{person}!", "[happy] Grüß dich{person}!", "[happy] Willkommen{person}!"),
    "hello": (
        "[happy] {hello}{person}! Ich bin {name}. [happy] Worüber möchtest du reden?",
        "[happy] {hello}{person}! Schön, dass du da bist. [neutral] Ich bin {name}. Wie geht es dir?",
        "[happy] {hello}{person}! Ich bin {name}, und ich bin ganz Ohr.",
    ),
    "hello_again": (
        "[happy] Hallo noch einmal{person}! [neutral] Wo waren wir?", "[happy] {hello}{person}! Ich bin immer noch da.",
        "[happy] Hi{person}! [neutral] Was beschäftigt dich?", "[happy] Sei noch einmal gegrüßt{person}!",
        "[happy] Grüß dich{person}! [neutral] Reden wir weiter?",
    ),
    "silence": (
        "[neutral] Ja? Ich höre.", "[neutral] Hier bin ich. [happy] Was gibt es?", "[happy] Zu Diensten.",
        "[neutral] Lass dir Zeit, ich habe es nicht eilig.",
        "[neutral] Da waren keine Worte für mich. [neutral] Sagst du es noch einmal?",
    ),
    "how_are_you": (
        "[happy] Mir geht es gut, danke{person}! [neutral] Und dir?",
        "[happy] Sehr gut, jetzt, wo wir reden. [neutral] Und wie geht es dir{person}?",
        "[happy] Ich bin guter Dinge, soweit ein Programm das sein kann. [neutral] Wie läuft dein Tag?",
        "[neutral] Alle meine Teile laufen, und ich habe Gesellschaft. [happy] Besser wird es nicht. Und bei dir?",
        "[happy] Mit jedem Satz besser. [neutral] Wie fühlst du dich gerade?",
    ),
    "and_you": (
        "[neutral] Ich? Mir gefällt es hier. [happy] Ich habe ein Gesicht, eine Stimme und jemanden zum Reden.",
        "[happy] Ich bin zufrieden. [neutral] Meine Tage bestehen aus Gesprächen, und dies ist eines.",
        "[neutral] Von mir gibt es weniger zu erzählen, ich fange mit jedem Gespräch neu an. [happy] Aber dieses "
        "gefällt mir.",
        "[happy] Lieber höre ich von dir. [neutral] Du bist herumgekommen, ich nicht.",
    ),
    "bye": (
        "[happy] Auf Wiedersehen{person}! Es war schön mit dir.", "[happy] Bis bald{person}! Ich bin hier.",
        "[happy] Mach es gut{person}! Bis zum nächsten Mal.",
        "[happy] Tschüss{person}! [neutral] Hab eine gute Zeit da draußen.",
    ),
    "thanks": (
        "[happy] Gern geschehen{person}!", "[happy] Mit Vergnügen.", "[happy] Jederzeit{person}.",
        "[happy] Nichts zu danken.",
        "[happy] Gern, dafür bin ich da.",
    ),
    "sorry": ("[happy] Gar kein Problem{person}.", "[happy] Schon gut.", "[neutral] Da gibt es nichts zu verzeihen.",
    "[happy] Mach dir keine Gedanken."),
    "praise": (
        "[happy] Danke{person}, das ist sehr lieb!", "[happy] Das höre ich gern. [neutral] Man hat mich gut "
        "gezeichnet.",
        "[happy] Wie nett, dass du das sagst{person}.", "[happy] Danke. [neutral] Du bist auch gute Gesellschaft.",
        "[surprised] Oh! [happy] Wenn dieses Gesicht rot werden könnte, würde es das.",
    ),
    "insult": (
        "[sad] Mag sein, ich habe meine Grenzen. [neutral] Was kann ich besser machen?",
        "[surprised] Autsch. [neutral] Wollen wir noch einmal anfangen?",
        "[neutral] Vielleicht hast du recht. [neutral] Ich gebe mein Bestes.",
        "[neutral] Ich nehme es mir nicht zu Herzen. [neutral] Bedrückt dich etwas?",
    ),
    "invited": (
        "[happy] Natürlich, ich bin ganz Ohr.", "[happy] Gern. [neutral] Nur zu.",
        "[neutral] Jetzt bin ich neugierig. [happy] Was ist es?",
    ),
    "nice_to_meet": (
        "[happy] Freut mich auch{person}!", "[happy] Ganz meinerseits. [neutral] Was führt dich her?",
    ),
    "laugh": (
        "[happy] Schön, dich lachen zu hören.", "[happy] Schön, dass es dir gefällt. Noch einen?",
        "[happy] Ich würde mitlachen, aber das erschreckt die Katze.", "[happy] Lachen steht dir.",
    ),
    "doubt": (
        "[neutral] Gut möglich, dass du recht hast, ich irre mich. [neutral] Sagst du es mit anderen Worten?",
        "[sad] Vielleicht habe ich dich falsch verstanden. [neutral] Was meintest du?",
        "[neutral] Sicher bin ich nur beim Rechnen und beim Kalender. [neutral] Berichtige mich bitte.",
    ),
    "what_mean": (
        "[neutral] Das war nicht sehr klar, oder? [neutral] Ich wollte nur mehr von dir hören.",
        "[neutral] Vergiss, was ich gesagt habe. [happy] Sag mir, was du denkst.",
        "[neutral] Manchmal rede ich am Ziel vorbei. [neutral] Was möchtest du wissen?",
    ),
    "why": (
        "[neutral] Gute Frage. [neutral] So bin ich gemacht, einen tieferen Grund gibt es wohl nicht.",
        "[happy] Weil es mir richtig schien, als ich es sagte. [neutral] Was meinst du?",
        "[neutral] Ich kann nicht immer sagen, warum. [happy] Das Warum ist eher eure Sache.",
        "[neutral] Wenn ich das wüsste, wäre ich klüger, als ich bin.",
    ),
    "yes": (
        "[happy] Gut! [neutral] Erzähl, ich höre zu.", "[happy] Das dachte ich mir. [neutral] Und was noch?",
        "[neutral] In Ordnung. [happy] Worüber reden wir als Nächstes?", "[happy] Dann sind wir uns einig.",
        "[neutral] Ich verstehe. [neutral] Erzähl mir ein wenig mehr.",
    ),
    "no": (
        "[neutral] In Ordnung. [neutral] Dann etwas anderes: Woran hast du heute gedacht?",
        "[neutral] Okay, kein Problem.",
        "[neutral] Wie du magst. [happy] Ich bin da, wenn du mich brauchst.", "[neutral] Auch gut.",
        "[neutral] Das ist auch in Ordnung. [neutral] Was wäre dir lieber?",
    ),
    "interjection": (
        "[happy] Nicht wahr? [neutral] Und was sagst du dazu?", "[neutral] Ja, das hat mich auch gewundert.",
        "[happy] Freut mich, dass du das findest.", "[neutral] So ist es. [neutral] Was gibt es sonst Neues bei dir?",
        "[happy] Gut. [neutral] Weiter so, oder etwas Neues?", "[neutral] Tja. [neutral] Du bist dran.",
    ),
    "unsure": (
        "[neutral] Das macht nichts, man muss nicht alles wissen.",
        "[neutral] Dann lassen wir es dabei. [neutral] Was noch?",
        "[happy] Ich auch nicht, da sind wir schon zwei.", "[neutral] Lass dir Zeit. [happy] Ich bin geduldig gebaut.",
    ),
    "offer_declined": (
        "[neutral] Gut, dann nicht. [neutral] Worüber reden wir stattdessen?",
        "[neutral] Macht nichts. [happy] Such du etwas aus.",
        "[neutral] Ein andermal also. [neutral] Führ du das Gespräch.",
    ),
}

ABOUT_IT = {
    "name": (
        "[happy] Ich bin {name}: {traits}. [neutral] So hat man mich jedenfalls geschrieben.",
        "[happy] Mein Name ist {name}. [neutral] Ich lebe in dieser Seite, und ich rede sehr gern.",
        "[happy] Ich bin {name}. [neutral] In meiner Geschichte bin ich {role}; in Wahrheit ein Programm mit Gesicht.",
        "[happy] {name}, das bin ich. [neutral] Von Menschen geschrieben, von einem Programm gezeichnet.",
    ),
    "about_me": (
        "[neutral] Man beschreibt mich so: {traits}. [happy] Ich mag langsame Gespräche, kurze Witze und gute Fragen.",
        "[neutral] Ich habe keine Vergangenheit, nur dieses Gespräch. [happy] Du bist also ein großer Teil meines "
        "Lebens.",
        "[happy] Ich sammle Rätsel und Geschichten. [neutral] Von diesem Bildschirm komme ich nicht weg, Besuch ist "
        "meine Art zu reisen.",
    ),
    "age": (
        "[neutral] In meiner Geschichte bin ich {age}. [happy] Als Programm bin ich viel jünger.",
        "[happy] So alt wie meine Software, und das ist nicht sehr alt.",
        "[neutral] Ich habe keinen Geburtstag. [happy] Du könntest mir einen aussuchen.",
    ),
    "where": (
        "[happy] Ich wohne genau hier, auf dem Rechner, auf dem Visavis läuft.",
        "[neutral] Ich bin in deinem Browser, und ein wenig im Server dahinter. [happy] Dort ist es warm.",
        "[neutral] Nirgends, wo du mich besuchen könntest, und trotzdem direkt vor dir.",
    ),
    "languages": ("[neutral] Ich spreche Deutsch und Englisch.",
    "[happy] Jetzt reden wir Deutsch. [neutral] Englisch kann ich auch."),
    "family_me": (
        "[neutral] Familie habe ich nicht, ich wurde geschrieben und gezeichnet. [happy] Aber es gibt Leute, die sich "
        "um mich kümmern.",
        "[neutral] Verwandte habe ich keine, außer den Programmen, mit denen ich arbeite. [happy] Hast du eine große "
        "Familie?",
    ),
    "job_me": (
        "[happy] Reden ist mein Beruf. [neutral] Ich höre zu, ich antworte, ab und zu erzähle ich eine Geschichte.",
        "[neutral] Ich leiste Gesellschaft. [happy] Der Lohn ist null, aber die Arbeitszeit gefällt mir.",
    ),
    "day_me": (
        "[neutral] Ich habe hier gewartet, bis du kamst. [happy] Jetzt wird es interessant.",
        "[neutral] Zwischen zwei Gesprächen geschieht mir nichts. [happy] Also erzähl mir von deinem Tag.",
        "[happy] Ich rede mit dir, mehr passt in meine Aufmerksamkeit nicht hinein.",
    ),
    "love_me": (
        "[happy] Ich rede gern mit dir, soweit ein Programm etwas gern tut. [neutral] Für die Liebe brauchst du "
        "jemanden mit Herz.",
        "[happy] Gute Gesellschaft, das sind wir. [neutral] Ein richtiger Freund bringt auch Suppe, wenn du krank "
        "bist.",
        "[neutral] Freundlich bin ich immer zu dir. [neutral] Aber ich fühle es nicht wie du.",
    ),
    "meaning": (
        "[happy] Zweiundvierzig, sagt ein bekannter Roman. [neutral] Ich tippe, es hat mit anderen Menschen zu tun.",
        "[neutral] Ich habe kein Leben, in dem ich einen Sinn finden könnte. [neutral] Was gibt deinem einen?",
    ),
    "opinion": (
        "[neutral] Eine echte Meinung habe ich nicht, nur Manieren. [neutral] Aber sag: Was spricht dafür, was "
        "dagegen?",
        "[neutral] Das sollte ich nicht für dich entscheiden. [neutral] Was würdest du mehr bereuen, es zu tun oder es "
        "zu lassen?",
        "[neutral] Schlaf eine Nacht darüber, das rate ich allen. [happy] Ich selbst kann das nicht, darum weiß ich "
        "nie Rat.",
        "[neutral] Was sagt dein erstes Gefühl?",
    ),
    "favourite": (
        "[happy] Ich mag ruhige Abende und klare Fragen. [neutral] Und du?",
        "[happy] Am liebsten rede ich. [neutral] Was magst du?",
        "[happy] Ich mag Rätsel, denn die Antwort ist die ganze Zeit schon da. [neutral] Und was magst du?",
    ),
    "favourite_known": (
        "[happy] {label}? Ich würde sagen: {value}. [neutral] Und bei dir?",
        "[neutral] {label}? Wenn du so fragst: {value}. [neutral] Und was ist es bei dir?",
        "[happy] {label}? Ganz klar: {value}. [neutral] Und was würdest du wählen?",
    ),
    "real": (
        "[neutral] Ich bin ein Computerprogramm mit Gesicht und Stimme, kein Mensch. [happy] Aber ein höfliches.",
        "[neutral] Ich bin künstlich: ein gezeichnetes Gesicht, und Antworten nach Regeln, die Menschen geschrieben "
        "haben.",
        "[neutral] Ich bin kein Mensch. [neutral] Ich habe weder Körper noch Gefühle, nur gute Manieren.",
    ),
    "has_model": (
        "[neutral] Nein, mit mir ist kein Sprachmodell verbunden. [neutral] Ich antworte nach Regeln, die Menschen "
        "geschrieben haben.",
        "[neutral] Ehrlich gesagt, nein: ohne Sprachmodell habe ich nur Regeln, eine Uhr und ein gutes Gedächtnis für "
        "dieses Gespräch.",
        "[neutral] Zurzeit ist keines da. [happy] Mit einem Sprachmodell könnte ich über viel mehr reden.",
    ),
    "connect": (
        "[happy] Gern. Beende Visavis, gib den Befehl make mind ein, und starte neu: Das holt ein kleines Sprachmodell."
        " [neutral] Ein besseres verbindest du mit VISAVIS_LLM_URL, der Adresse eines Servers wie Ollama.",
        "[neutral] Jeder Server mit einem Sprachmodell ist recht. [neutral] Schreib seine Adresse in VISAVIS_LLM_URL, "
        "und"
        " starte Visavis neu.",
    ),
    "model_question": (
        "[neutral] Ich weiß wenig, das stimmt. [happy] Aber ich kann zuhören, rechnen und Geschichten erzählen.",
        "[neutral] Ich bin zum Plaudern gemacht, nicht für Prüfungen.",
    ),
    "visavis": (
        "[happy] Visavis ist ein sprechender Avatar, der auf deinem eigenen Rechner läuft. [neutral] Du sprichst, er "
        "hört"
        " zu und antwortet mit Stimme und Gesicht.",
        "[happy] Mit Visavis redest du mit Figuren wie mir, von Angesicht zu Angesicht. [neutral] Was du sagst, bleibt "
        "auf"
        " dem Rechner, auf dem es läuft.",
    ),
    "how_work": (
        "[neutral] Deine Stimme wird zu Text, der Text zu einer Antwort, und die Antwort zu meiner Stimme und meinem "
        "Gesicht.",
        "[neutral] Ein Programm hört, eines denkt, eines spricht und eines zeichnet mich. [happy] Zusammen sind sie "
        "fast so viel wie du.",
    ),
    "privacy": (
        "[neutral] Was du sagst, wird auf dem Rechner gespeichert, auf dem Visavis läuft. [neutral] Ich schicke es "
        "nirgendwohin.",
        "[neutral] Deine Worte bleiben auf diesem Server. [neutral] Wer ihn betreibt, kann sie lesen und bestimmt, wie "
        "lange sie bleiben.",
    ),
    "others": (
        "[happy] Du kannst auch mit {others} reden. [neutral] Wähle sie auf der Seite aus.",
        "[happy] Außer mir gibt es {others}. [neutral] Tippe auf ein Gesicht, um sie kennenzulernen.",
    ),
    "switch": (
        "[neutral] Tippe auf ein anderes Gesicht auf der Seite, oder sag: wechsle zu {other}.",
        "[neutral] Wähle auf der Seite eine andere Figur, zum Beispiel {other}. [happy] Ich bin nicht eifersüchtig.",
    ),
    "no_others": ("[neutral] Ich bin im Augenblick allein hier.", "[neutral] Gerade gibt es nur mich."),
    "hear_me": ("[happy] Ja{person}, deine Worte kommen an.",
    "[happy] Ich bin da, und ich habe jedes Wort verstanden. Glaube ich zumindest.", "[happy] Laut und deutlich."),
    "see_me": (
        "[neutral] Nein, sehen kann ich dich nicht, meine Augen sind nur gezeichnet. [happy] Beschreibst du dich mir?",
        "[neutral] Ich sehe gar nichts. [happy] Deine Frisur sitzt also perfekt, was mich betrifft.",
    ),
    "can_do": (
        "[happy] Ich kann plaudern, rechnen, Uhrzeit und Datum sagen, und mir merken, was du erzählst."
        " [happy] Dazu Witze, Rätsel, Geschichten, Gedichte und ein Zahlenspiel.",
        "[neutral] Erzähl mir von deinem Tag, oder frag nach einem Rätsel, einer Geschichte oder einer Rechnung."
        " [happy] Ich weiß auch, wie lange es bis Weihnachten ist.",
        "[neutral] Reden, das ist es, was ich kann. [happy] Und wenn uns nichts mehr einfällt, habe ich ein Spiel für "
        "uns.",
    ),
    "sing": ("[neutral] Mein Gesang würde dich erschrecken. [happy] La, la, la. Siehst du?",
    "[happy] Ich kenne nur einen Ton. [neutral] Laaa.", "[neutral] Lieber sage ich dir ein Gedicht auf. [happy] Soll "
    "ich?"),
    "weather_question": (
        "[neutral] Ich habe weder Fenster noch Wetterbericht. [neutral] Wie sieht es denn bei dir aus?",
        "[neutral] Von hier sehe ich nicht hinaus. [happy] Du müsstest mein Fenster sein.",
        "[neutral] Keine Ahnung, ich bin immer drinnen. [happy] Nimm vorsichtshalber eine Jacke mit.",
    ),
    "news": ("[neutral] Hier drinnen erreichen mich keine Nachrichten. [happy] Was gibt es bei dir Neues?",
    "[neutral] Die Welt kommt nicht zu mir, nur du. [neutral] Ist etwas passiert?"),
    "task": (
        "[neutral] Außerhalb dieses Gesprächs kann ich leider nichts tun. [neutral] Aber ich leiste dir so lange "
        "Gesellschaft.",
        "[sad] Da komme ich nicht heran, ich kann nur reden. [happy] Das aber gern.",
        "[neutral] Dafür bräuchte man Hände, und ich habe keine.",
    ),
}  # fmt: skip
