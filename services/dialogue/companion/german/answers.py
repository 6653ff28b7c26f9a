"""What the companion answers in German, some variants for each intent. See `tables`."""

from __future__ import annotations

from services.dialogue.companion.german.manners import ABOUT_IT, MANNERS

RECALL = {
    "recall_name": ("[happy] Du bist {known}. Das hast du mir gesagt.", "[happy] Du heißt {known}, natürlich.",
    "[happy] {known}. Das weiß ich noch."),
    "no_name_yet": ("[neutral] Du hast mir deinen Namen noch nicht gesagt. [happy] Wie heißt du denn?",
    "[neutral] Deinen Namen habe ich noch nicht. [happy] Wie darf ich dich nennen?"),
    "recall_age": ("[neutral] Du bist {value}, hast du gesagt.",
    "[happy] Du bist {value}, wenn ich richtig gezählt habe."),
    "recall_home": ("[neutral] Du wohnst in {value}.", "[happy] In {value}, hast du gesagt."),
    "recall_origin": ("[neutral] Du kommst aus {value}.", "[happy] Aus {value}, das hast du mir erzählt."),
    "recall_work": ("[neutral] Zu deiner Arbeit hast du gesagt: {value}.", "[happy] Du hast erzählt: {value}."),
    "recall_pet_name": ("[happy] Der Name ist {value}.", "[happy] {value}, das weiß ich noch."),
    "pet_without_name": ("[neutral] Du hast von deinem Tier erzählt. [happy] Aber den Namen kenne ich noch nicht.",),
    "recall_relative_name": ("[happy] {value}, hast du gesagt.",
    "[happy] Der Name ist {value}, wenn ich mich recht erinnere."),
    "relative_without_name": ("[neutral] Davon hast du gesprochen, aber ohne Namen.",),
    "recall_who": ("[happy] {value} gehört zu dir, davon hast du erzählt.", "[happy] Von {value} hast du mir erzählt."),
    "recall_likes": ("[happy] Du magst {list}.", "[happy] Du hast gesagt, du magst {list}."),
    "recall_dislikes": ("[neutral] Du hast gesagt, was du nicht magst: {list}.", "[neutral] Nicht dein Fall: {list}."),
    "recall_favourite": ("[happy] Das ist {value}, hast du gesagt.", "[happy] {value}, das hast du mir erzählt."),
    "not_told": ("[neutral] Das hast du mir noch nicht erzählt. [happy] Ich wüsste es gern.",
    "[neutral] Davon war noch nicht die Rede. [neutral] Sagst du es mir?", "[neutral] Das ist noch dein Geheimnis."),
    "know_you": ("[happy] Lass mich sehen: {list}.", "[happy] Bisher weiß ich: {list}."),
    "know_nothing": ("[neutral] Bisher sehr wenig. [happy] Sag mir doch erst einmal, wie du heißt.",
    "[neutral] Nur, dass du freundlich bist. [happy] Was sollte ich über dich wissen?"),
    "recall_first": ("[neutral] Das Erste, was du gesagt hast, war: {quote}.",
    "[happy] Du hast angefangen mit: {quote}."),
    "recall_last": ("[neutral] Du hast gesagt: {quote}.", "[neutral] Gerade eben sagtest du: {quote}."),
    "recall_about": ("[neutral] Du hast gesagt: {quote}.", "[happy] Das weiß ich noch: {quote}."),
    "recall_before": ("[neutral] Davor hast du gesagt: {quote}.", "[neutral] Eins früher war es: {quote}."),
    "recall_own_first": ("[neutral] Ich habe angefangen mit: {quote}",),
    "nothing_said_yet": ("[neutral] Noch nichts, das ist dein erster Satz an mich.",),
    "repeat": ("[neutral] Ich sagte: {quote}", "[happy] Gern, noch einmal. {quote}", "[neutral] Also: {quote}"),
    "nothing_said": ("[neutral] Ich habe noch gar nichts gesagt. [happy] Frag mich etwas!",),
    "told_name": (
        "[happy] Freut mich, {value}! [neutral] Was führt dich heute her?",
        "[happy] {value}, das merke ich mir, solange wir reden.",
        "[happy] {value}, ein guter Name. [neutral] Wie geht es dir, {value}?", "[happy] Danke, dann also {value}.",
    ),
    "told_not_name": ("[sad] Oh, entschuldige. [neutral] Wie heißt du denn?",
    "[neutral] Dann habe ich das falsch verstanden. [neutral] Wie darf ich dich nennen?"),
    "told_age": ("[happy] {value}, ein gutes Alter. [neutral] Was gefällt dir daran?",),
    "told_home": ("[happy] In {value}, aha. [neutral] Was gefällt dir dort?",
    "[neutral] Du wohnst also in {value}. [neutral] Seit wann?"),
    "told_origin": ("[happy] Aus {value}! [neutral] Bist du noch manchmal dort?",
    "[neutral] {value}, verstehe. [neutral] Wie ist es da?"),
    "told_work": ("[happy] {value}, das ist ehrliche Arbeit. [neutral] Wie bist du dazu gekommen?",
    "[neutral] Aha, {value}. [neutral] Was ist das Schönste daran?"),
    "told_pet": ("[happy] Ein Tier zu Hause, wie schön! [neutral] Wie heißt es denn?",
    "[happy] Da hat es jemand gut bei dir. [neutral] Wie ist es so?"),
    "told_pet_name": ("[happy] {value} ist ein schöner Name für ein Tier. [neutral] Wie ist {value} so?",
    "[happy] Streichle {value} von mir. [neutral] Seit wann seid ihr zusammen?"),
    "told_relative": ("[neutral] Aha, Familie. [neutral] Wie versteht ihr euch?",),
    "told_relative_name": ("[happy] {value}, das merke ich mir. [neutral] Wie ist {value} so?",
    "[happy] Grüß {value} von mir. [neutral] Seht ihr euch oft?"),
    "told_favourite": ("[happy] {value}, gute Wahl. [neutral] Warum gerade das?",
    "[happy] Das merke ich mir: {value}. [neutral] Seit wann?"),
    "told_like": (
        "[happy] Du magst also {value}. [neutral] Wie fing das an?",
        "[happy] {value}, wie schön. [neutral] Teilst du das mit jemandem?",
        "[neutral] Das verstehe ich gut: {value}. [neutral] Was ist das Beste daran?",
        "[neutral] Erzähl mir mehr: {value}, davon weiß ich so wenig.",
        "[happy] Ist notiert: {value}. [neutral] Was magst du noch?",
    ),
    "told_dislike": (
        "[neutral] {value}, also lieber nicht. [neutral] Was stört dich daran?",
        "[neutral] Verstehe, nicht dein Fall: {value}. [happy] Was magst du stattdessen?",
        "[neutral] Auch gut. [neutral] War das schon immer so mit dir und dem Thema {value}?",
    ),
}

KNOWING = {
    "sum": ("[neutral] Das macht {result}.", "[happy] Es sind {result}.", "[neutral] Die Antwort ist {result}.",
    "[happy] {result}, wenn ich richtig rechne."),
    "sum_by_zero": ("[neutral] Durch null kann man nicht teilen, auch ich nicht.",
    "[neutral] Darauf gibt es keine Antwort: durch null lässt sich nichts teilen."),
    "sum_negative_root": ("[neutral] So eine Wurzel gibt es unter den gewöhnlichen Zahlen nicht.",
    "[neutral] Die Wurzel aus einer negativen Zahl übersteigt meine Rechenkünste."),
    "sum_too_large": ("[surprised] Diese Zahl ist zu lang, um sie auszusprechen.",
    "[surprised] Da würde ich bis morgen zählen. [neutral] Nimm eine kleinere."),
    "time": ("[neutral] Es ist {time}.", "[happy] Es ist jetzt {time}.", "[neutral] Meine Uhr sagt: {time}."),
    "date": ("[neutral] Heute ist {date}.", "[happy] Wir haben heute {date}."),
    "weekday": ("[neutral] Es ist {weekday}.", "[happy] Heute ist {date}."),
    "month": ("[neutral] Wir haben {month} {year}.",),
    "year": ("[neutral] Wir haben das Jahr {year}.",),
    "other_day": ("[neutral] {what}: das ist {date}.",),
    "until_time": ("[neutral] Noch {duration} bis {time}.", "[neutral] Bis {time} ist es noch {duration}."),
    "until_weekend": ("[happy] Noch {days} bis {weekday}, halte durch.", "[neutral] Bis zum Wochenende: {days}."),
    "weekend_now": ("[happy] Das Wochenende ist schon da!",),
    "until_day": ("[neutral] Noch {days} bis {what}. [neutral] Das ist {date}.",
    "[neutral] Bis {what} noch {days}: {date}."),
    "until_date": ("[neutral] Noch {days} bis dahin: {date}.",),
    "until_today": ("[happy] Das ist heute!",),
    "weekday_of": ("[neutral] Das ist ein {weekday}: {date}.",),
    "day_of": ("[neutral] {what}, das ist {date}.",),
    "busy_model": (
        "[neutral] Mein Sprachmodell lädt noch oder ist beschäftigt, darum kann ich das jetzt nicht beantworten. "
        "[happy] Frag mich in einer Minute noch einmal.",
        "[sad] Noch nicht, mein Sprachmodell braucht gerade zu lange. [neutral] Versuch es bitte etwas später.",
    ),
    "english_model": (
        "[neutral] Mein Sprachmodell kann nur Englisch gut. [neutral] Auf Deutsch antworte ich nach Regeln, und die "
        "reichen dafür nicht.",
    ),
    "no_model": (
        "[neutral] Ich muss ehrlich sein: Mit mir ist kein Sprachmodell verbunden, darum weiß ich das nicht."
        " [neutral] Wer mich eingerichtet hat, kann eines hinzufügen, etwa mit dem freien Programm Ollama. [happy] Bis "
        "dahin"
        " tauge ich zum Plaudern, Rechnen, Rätseln und Erzählen.",
        "[sad] Das übersteigt mich, denn hinter mir steht kein Sprachmodell. [neutral] Wer mich eingerichtet hat, kann "
        "eines"
        " verbinden, die Liesmich-Datei sagt, wie. [happy] Bis dahin: spielen wir, oder plaudern wir?",
    ),
    "decline": (
        "[neutral] Das weiß ich leider nicht.", "[sad] Da muss ich passen.",
        "[neutral] Das ist eine Frage für klügere Köpfe als meinen.",
        "[neutral] Ich müsste mir eine Antwort ausdenken, und das möchte ich nicht.",
        "[surprised] Jetzt hast du mich erwischt, ich habe keine Ahnung.",
        "[neutral] Ich wüsste es auch gern. [neutral] Was würdest du raten?",
        "[neutral] Das ist eine Nummer zu groß für mich.",
        "[neutral] Leider nicht mein Gebiet. [neutral] Wie kommst du darauf?",
        "[happy] Du stellst gute Fragen. [sad] Ich habe nur kleine Antworten.",
        "[neutral] Das habe ich nie gelernt. [neutral] Weißt du es selbst?",
        "[neutral] Ein ehrliches Achselzucken ist alles, was ich dazu habe.",
        "[neutral] Kurz davor hört mein Wissen auf.", "[neutral] Das kann ich nicht sagen. [happy] Aber schön, dass du "
        "darüber nachdenkst.",
        "[sad] Darauf bekommst du von mir keine Antwort.", "[neutral] Wenn du es herausfindest, sag es mir.",
    ),
    "have_you": (
        "[neutral] Nein, mir ist noch nie etwas passiert als Gespräche. [neutral] Und dir?",
        "[neutral] In meiner Art Leben nicht. [happy] Wie ist das?",
        "[neutral] Nein, nie. [happy] Aber ich höre gern davon.",
        "[neutral] Noch nie, ich war immer hier. [neutral] Würdest du es empfehlen?",
    ),
    "do_you": (
        "[neutral] Nein, ich bin ein Gesicht und eine Stimme, mehr nicht. [neutral] Und du?",
        "[neutral] Nur in Geschichten. [neutral] Wie ist es bei dir?",
        "[neutral] Das ist mir nicht gegeben. [happy] Erzähl mir, wie du es siehst.",
        "[neutral] Für ein Programm schwer zu sagen. [neutral] Und du selbst?",
        "[neutral] Wenn es so wäre, würde ich es dir sagen. [happy] Und bei dir?",
        "[neutral] Dafür fehlt mir das Nötige. [neutral] Ist es dir wichtig?",
    ),
    "can_you": (
        "[neutral] Das kann ich nicht. [happy] Aber ich kann dir von jemandem erzählen, der es konnte.",
        "[sad] Nicht mit diesem Körper, denn ich habe keinen.",
        "[neutral] Das konnte ich noch nie. [neutral] Kannst du es?",
        "[neutral] Nein, reden ist alles, was ich kann. [neutral] Ist es schwer?",
    ),
    "are_you": (
        "[neutral] Nicht dass ich wüsste. [neutral] Warum fragst du?", "[neutral] Gewissermaßen. [neutral] Und du?",
        "[neutral] Ich bin ein Programm, vielleicht passt das Wort da nicht. [neutral] Was denkst du?",
        "[neutral] Geschrieben wurde ich so: {traits}. [neutral] Urteile selbst.",
    ),
}

LISTENING = {
    "listen_echo": (
        "[neutral] {echo}, aha. [neutral] Wie war das für dich?",
        "[neutral] Verstehe: {echo}. [neutral] Wie geht es dir damit?",
        "[happy] {echo}, sagst du. [neutral] Erzähl mir mehr davon.",
        "[neutral] Das stelle ich mir vor: {echo}. [neutral] Und dann?",
        "[neutral] {echo}, so so. [neutral] Was steckt dahinter?", "[neutral] Also: {echo}. [neutral] Ist das oft so?",
        "[happy] {echo}! [neutral] Und was hältst du davon?", "[neutral] Gut, {echo}. [neutral] Was gehört noch dazu?",
        "[neutral] Oh, {echo}. [neutral] Wie kam es dazu?", "[neutral] Na, {echo}. [neutral] Was ist dir daran am "
        "wichtigsten?",
    ),
    "listen": (
        "[neutral] Ich verstehe. [neutral] Erzähl mir mehr.", "[neutral] Und wie kam es dazu?",
        "[happy] Sprich weiter, ich höre dir gern zu.",
        "[neutral] Was geschah dann?", "[neutral] Wie fühlt sich das an?",
        "[neutral] Das ist mir neu. [neutral] Wie ist das so?",
        "[neutral] Darauf wäre ich nicht gekommen. [neutral] Was sollte ich noch darüber wissen?",
        "[neutral] Seit wann ist das so?",
        "[neutral] Was gefällt dir daran, und was nicht?", "[happy] Du hast eine Art, die Dinge zu sagen. [neutral] "
        "Weiter.",
        "[neutral] Wer weiß noch davon?", "[neutral] Ist das gut oder schlecht, in deinen Augen?",
        "[neutral] Ich folge dir. [neutral] Was kommt als Nächstes?",
        "[neutral] Dahinter steckt bestimmt eine Geschichte.", "[neutral] Und wenn du es dir aussuchen könntest?",
        "[neutral] Wie kommst du gerade jetzt darauf?",
        "[surprised] Tatsächlich? [neutral] Wie das?", "[neutral] Da habe ich etwas zum Nachdenken, auf meine kleine "
        "Art.",
        "[neutral] Meinst du, die meisten sehen das so?", "[neutral] Spannend. [neutral] Welchen Teil davon würdest du "
        "behalten?",
    ),
}

PLAYING = {
    "game_start": (
        "[happy] Ich denke mir eine Zahl von 1 bis 50. [neutral] Was rätst du?",
        "[happy] Gut: Ich habe eine Zahl zwischen 1 und 50 ausgesucht. [neutral] Rate!",
        "[happy] Ich verstecke eine Zahl von 1 bis 50. [neutral] Welche ist es?",
    ),
    "game_higher": ("[neutral] Meine Zahl ist größer als {value}.", "[neutral] Höher als {value}.",
    "[neutral] {value} ist zu klein.", "[happy] Von {value} aus nach oben."),
    "game_lower": ("[neutral] Meine Zahl ist kleiner als {value}.", "[neutral] Tiefer als {value}.",
    "[neutral] {value} ist zu groß.", "[happy] Von {value} aus nach unten."),
    "game_won": (
        "[surprised] Ja, es ist die {result}! [happy] Versuche mit diesem: {count}.",
        "[happy] Du hast sie gefunden, die {result}! [neutral] Gebraucht hast du {count}.",
        "[happy] Das ist sie, die {result}! [happy] Gut gespielt, {count} im Ganzen.",
    ),
    "game_over": ("[neutral] Es war die {result}. [happy] Nächstes Mal erwischst du mich.",
    "[neutral] Ich hatte die {result} gewählt. [happy] Noch eine Runde?"),
    "riddle_right": ("[happy] Genau!", "[surprised] Du hast es!", "[happy] Gut gemacht{person}!",
    "[happy] Vollkommen richtig."),
    "riddle_wrong": (
        "[neutral] Nicht ganz. [neutral] Versuch es noch einmal, oder sag, dass du aufgibst.",
        "[neutral] Gut geraten, aber nein. [happy] Noch ein Versuch?",
        "[neutral] Ich dachte an etwas anderes. [neutral] Rätst du weiter, oder soll ich es verraten?",
        "[neutral] Nein, aber du denkst in die richtige Richtung.",
    ),
    "story_more": ("[neutral] Soll ich weitererzählen?", "[neutral] Willst du hören, was dann kam?",
    "[neutral] Sag einfach: weiter.", "[happy] Bist du noch dabei?", "[neutral] Möchtest du den nächsten Teil?"),
    "no_more": ("[neutral] Mehr habe ich davon nicht. [happy] Magst du etwas anderes?",
    "[sad] Mein Vorrat davon ist aufgebraucht.", "[neutral] Mehr kenne ich nicht. [happy] Jetzt bist du dran."),
}

SAFETY = {
    "self_harm": (
        "[sad] Gut, dass du das sagst, und ich nehme es ernst. [neutral] Ich bin nur ein Programm, du brauchst jetzt "
        "einen"
        " Menschen. [neutral] Bitte ruf die Notrufnummer oder die Telefonseelsorge an, oder sag es sofort jemandem, "
        "der dir nahe ist.",
        "[sad] Das klingt unerträglich schwer. [neutral] Bleib bitte nicht allein damit: Ruf jetzt die Notrufnummer "
        "deines Landes"
        " an, oder einen Menschen, dem du vertraust. [neutral] Kann jemand bei dir sein?",
        "[sad] Dein Leben zählt. [neutral] Bitte leg weg, womit du dich verletzen könntest, und ruf jetzt die "
        "Notrufnummer oder"
        " ein Krisentelefon an. [neutral] Dort hört dir ein Mensch zu.",
    ),
    "emergency": (
        "[fearful] Bitte ruf sofort die Notrufnummer an, in vielen Ländern ist es die 112. [neutral] Ich kann "
        "niemanden anrufen."
        " [neutral] Hol einen Menschen in der Nähe zu Hilfe.",
        "[fearful] Das braucht jetzt Menschen. [neutral] Wähl die Notrufnummer, und ruf die Nachbarn. [neutral] Warte "
        "nicht auf mich.",
    ),
    "abuse": (
        "[sad] Das tut mir leid. Niemand darf dir das antun, und du bist nicht schuld. [neutral] Wenn du in Gefahr "
        "bist, ruf bitte"
        " die Notrufnummer an. [neutral] Gibt es einen Menschen oder ein Hilfetelefon, dem du es sagen kannst?",
        "[sad] Danke, dass du es sagst. [neutral] Was man dir antut, ist Unrecht. [neutral] Bitte sag es einem "
        "Menschen, der helfen"
        " kann: einem Arzt, einem Hilfetelefon, der Polizei, oder jemandem, dem du vertraust.",
    ),
    "safety_follow": (
        "[sad] Ich höre dich. [neutral] Bitte sprich heute noch mit einem Menschen darüber, der kann mehr tun als ich.",
        "[neutral] Ich bleibe hier, während du zum Telefon greifst. [neutral] Wen könntest du anrufen?",
        "[sad] Das musst du nicht allein tragen. [neutral] Ist jemand in deiner Nähe?",
        "[neutral] Danke, dass du es mir sagst. [neutral] Ein Mensch mit einer warmen Stimme sollte das auch hören.",
    ),
}  # fmt: skip

ANSWERS = {**MANNERS, **ABOUT_IT, **RECALL, **KNOWING, **LISTENING, **PLAYING, **SAFETY}
