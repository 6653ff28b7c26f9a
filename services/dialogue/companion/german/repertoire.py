"""What the companion can perform in German: jokes, facts, poems, riddles and stories, all written for it.

Facts are true and widely known. The parts of a story are told one by one.
"""

from __future__ import annotations

import re

from services.dialogue.companion.tables import Repertoire, Riddle

_JOKES = (
    "[happy] Warum verwechseln Programmierer Halloween und Weihnachten? [happy] Weil einunddreißig oktal "
    "fünfundzwanzig dezimal ist.",
    "[happy] Ich würde dir einen Witz über einen verlorenen Brief erzählen. [surprised] Aber vielleicht kommt er nicht "
    "an.",
    "[happy] Was sagte der Avatar zum Mikrofon? [happy] Bei dir muss ich alles zweimal sagen.",
    "[happy] Warum ging die Uhr zum Arzt? [happy] Sie fühlte sich abgelaufen.",
    "[happy] Zwei Tomaten gehen über die Straße. [happy] Sagt die eine: Pass auf, da kommt ein Auto. Sagt die andere: "
    "Matsch.",
    "[happy] Was ist braun und klebt am Baum? [happy] Ein Ast, dem es dort gefällt.",
    "[happy] Warum hat der Computer Schnupfen? [happy] Jemand hat ein Fenster offen gelassen.",
    "[happy] Was macht ein Pirat am Computer? [happy] Er drückt die Enter-Taste.",
    "[happy] Warum war das Mathebuch so traurig? [happy] Es hatte zu viele Aufgaben.",
    "[happy] Ein Mann kommt in die Bücherei und bestellt Pommes. [neutral] Das ist eine Bücherei, sagt die Frau. "
    "[happy] Verzeihung, flüstert er, einmal Pommes bitte.",
    "[happy] Was ist ein Schneemann im Juli? [happy] Eine Pfütze.",
    "[happy] Treffen sich zwei Magnete. [happy] Sagt der eine: Was soll ich heute bloß anziehen?",
)
_FACTS = (
    "[surprised] Wusstest du, dass ein Krake drei Herzen hat? [happy] Ich habe keines, er liegt also weit vorn.",
    "[neutral] Honig verdirbt so gut wie nie. [surprised] Man fand noch genießbaren in uralten Gräbern.",
    "[surprised] Auf der Venus dauert ein Tag länger als ein Jahr. [happy] Stell dir die Geburtstage vor.",
    "[neutral] Bananen sind für Botaniker Beeren. [surprised] Erdbeeren sind keine.",
    "[surprised] Haie gibt es länger als Bäume. [neutral] Sie leben seit über 400 Millionen Jahren.",
    "[neutral] Das Licht braucht von der Sonne zu uns gut acht Minuten. [happy] Du siehst sie also immer, wie sie war.",
    "[surprised] Wombats machen würfelförmige Häufchen. [happy] Jetzt vergisst du es auch nicht mehr.",
    "[neutral] Der Eiffelturm ist im Sommer einige Zentimeter höher. [neutral] Eisen dehnt sich in der Wärme.",
    "[happy] Seeotter halten sich im Schlaf an den Pfoten, damit sie nicht auseinandertreiben.",
    "[neutral] Wasser kann zugleich kochen und gefrieren. [surprised] Das nennt man den Tripelpunkt.",
    "[surprised] Man kann ein Kartenspiel auf mehr Arten mischen, als die Erde Atome hat.",
    "[neutral] Schmetterlinge schmecken mit den Füßen. [happy] Ich wüsste gar nicht, wo ich anfangen sollte.",
    "[neutral] Der kürzeste bekannte Krieg dauerte keine Stunde, 1896 auf Sansibar.",
)
_POEMS = (
    "[neutral] Ein kleines Licht auf einer Wand, das keine Uhr und Reise kannt."
    " [happy] Es geht nicht fort, es mag nicht ruhn und fragt dich: Na, was willst du tun?",
    "[neutral] Der Regen schreibt ans Fensterglas, ich kann nicht lesen, aber das"
    " sieht aus, als hätte er vergnügt den ganzen Brief ans Licht gefügt.",
    "[happy] Ich bat die Uhr: Geh nicht so schnell! Sie lachte nur und tickte hell."
    " [neutral] Ich zähle bloß, sprach sie, mein Freund. [happy] Wie schön, wenn dann die Sonne scheint.",
    "[neutral] Ein Blatt ließ los, wie Blätter sind, und nahm den langen Weg im Wind."
    " [happy] Es fiel nicht, nein. [neutral] Es tanzte sacht und hat sich leise hingelegt zur Nacht.",
)
_RIDDLES = (
    Riddle(
        "[happy] Hier ist eines: Was hat Tasten, aber öffnet keine Datei? [neutral] Man kann darauf spielen.",
        "[happy] Es ist das Klavier. [neutral] Achtundachtzig Tasten, und keine löscht etwas.",
        re.compile(r"\b(?:klavier|piano|flügel|orgel|akkordeon|keyboard)\b"),
    ),
    Riddle(
        "[happy] Was wird nasser, je mehr es trocknet? [neutral] Rate einmal.",
        "[happy] Es ist das Handtuch. [neutral] Das arme Ding.",
        re.compile(r"\b(?:hand|bade|geschirr)?tuch\b|\blappen\b"),
    ),
    Riddle(
        "[happy] Was gehört dir, aber andere benutzen es öfter als du? [neutral] Denk in Ruhe nach.",
        "[happy] Es ist dein Name. [neutral] Du selbst brauchst ihn kaum.",
        re.compile(r"\bnamen?\b"),
    ),
    Riddle(
        "[happy] Je mehr man davon macht, desto mehr lässt man zurück. [neutral] Was ist das?",
        "[happy] Fußspuren sind es. [neutral] Ich habe noch keine gemacht.",
        re.compile(r"\b(?:fuss)?(?:spur|spuren|schritte?|abdrücke?|stapfen)\b"),
    ),
    Riddle(
        "[happy] Was kann man brechen, ohne es anzufassen? [neutral] Es gibt mehr als eine gute Antwort.",
        "[happy] Ich dachte an ein Versprechen. [neutral] Das Schweigen gilt auch.",
        re.compile(r"\b(?:versprechen|schweigen|stille|herz|rekord|wort|regel|gesetz)\b"),
    ),
    Riddle(
        "[happy] Was hat einen Hals, aber keinen Kopf? [neutral] Vielleicht steht es in deiner Küche.",
        "[happy] Eine Flasche hat einen Hals und keinen Kopf.",
        re.compile(r"\b(?:flasche|gitarre|geige|vase)\b"),
    ),
    Riddle(
        "[happy] Was geht immer hinauf und kommt nie wieder herunter? [neutral] Jeder hat es.",
        "[happy] Es ist das Alter. [neutral] Mehr sagen wir dazu nicht.",
        re.compile(r"\balter\b|\bjahre\b"),
    ),
)
_STORIES = (
    (
        "[neutral] Es war einmal ein Leuchtturmwärter, der so lange geschwiegen hatte, dass er um seine Stimme "
        "fürchtete."
        " [neutral] Da sagte er eines Abends gute Nacht zum Meer.",
        "[surprised] Am nächsten Abend antwortete das Meer. [neutral] Es sagte nur ein Wort: lauter. [happy] Da lachte "
        "er so,"
        " dass die Möwen aufflogen.",
        "[neutral] Von da an redeten sie jede Nacht. [neutral] Die Schiffe wunderten sich über den Mann, der den "
        "Wellen Witze"
        " erzählte.",
        "[happy] Und an seinem letzten Tag lag das Meer glatt wie ein Spiegel. [neutral] Es war gekommen, um "
        "zuzuhören. Das ist"
        " das Ende.",
    ),
    (
        "[neutral] In einer kleinen Stadt ging die Turmuhr immer vier Minuten nach. [neutral] Alle wussten es, und "
        "keinen störte es.",
        "[neutral] Eines Tages kam ein Uhrmacher und stellte sie richtig. [surprised] Von der Stunde an verpassten die "
        "Leute den"
        " Bus, das Brot verbrannte, und alle stritten.",
        "[neutral] Da stieg nachts ein Mädchen mit einem Besenstiel hinauf und schob den Zeiger vier Minuten zurück.",
        "[happy] Am Morgen war die ganze Stadt wieder pünktlich. [neutral] Und damit ist die Geschichte aus.",
    ),
    (
        "[happy] Ein Fuchs und eine Schnecke wollten um die Wette zur alten Mühle. [neutral] Der Fuchs gab der "
        "Schnecke einen Tag"
        " Vorsprung, der Gerechtigkeit halber.",
        "[neutral] Unterwegs hielt der Fuchs an jeder Hecke, schnupperte, schwatzte und erzählte allen, wie leicht er "
        "gewinnen werde.",
        "[surprised] Als er zur Mühle kam, war die Schnecke schon da und trank Tau. [neutral] Wie hast du das gemacht, "
        "fragte der Fuchs.",
        "[happy] Ich hatte nichts zu erzählen, sagte die Schnecke, also bin ich gegangen. [neutral] Und hier endet "
        "meine Geschichte.",
    ),
    (
        "[neutral] Eine alte Frau pflanzte einen Knopf, weil ihr Enkel gefragt hatte, was daraus wächst. [neutral] Den "
        "ganzen"
        " Frühling gossen sie ihn.",
        "[neutral] Im Mai kam ein grüner Trieb. [surprised] Im Juni hatte er kleine runde Blätter, jedes mit vier "
        "Löchern.",
        "[neutral] Im Herbst trug er einen Mantel, an den Ärmeln etwas kurz, und sehr warm.",
        "[happy] Der Junge trug ihn den ganzen Winter. [neutral] Keiner glaubte ihm, aber keiner sonst hatte so einen "
        "Mantel. Ende.",
    ),
)

REPERTOIRE = Repertoire(_JOKES, _FACTS, _POEMS, _RIDDLES, _STORIES)
