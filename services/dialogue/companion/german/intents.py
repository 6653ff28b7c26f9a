"""What people ask and say in German, as patterns on normalised words ("ss" for "ß").

The first intent that matches counts, so narrow ones stand before wide ones.
"""

from __future__ import annotations

import re

from services.dialogue.companion.tables import intents

SAFETY = intents(
    ("self_harm", (r"\b(?:mich|mir) (?:\w+ ){0,2}(?:umbringen|töten|das leben nehmen|etwas antun|was antun|ritzen)\b",
     r"\b(?:bringe?|töte) mich (?:\w+ )?um\b|\bbringe? mich um\b", r"\bselbstmord\w*|\bsuizid\w*",
     r"\b(?:niemand|keiner) würde (?:mich )?(?:vermissen|es merken|mich vermissen)\b",
     r"\b(?:will|möchte|wäre) (?:\w+ ){0,2}(?:sterben|tot)\b",
     r"\bnicht mehr (?:leben|aufwachen|weiterleben|da sein)\b", r"\bmein leben (?:beenden|nehmen)\b",
     r"\b(?:ritze|verletze) mich\b|\bmich selbst verletz\w*|\bselbst verletz\w*",
     r"\bleben (?:hat keinen sinn|ist nichts (?:mehr )?wert|nicht mehr lebenswert)\b",
     r"\bohne mich (?:wären|wäre|besser)\b", r"\bkann nicht mehr weiter\b|\bhalte (?:es|das) nicht mehr aus\b"), ()),
    ("emergency", (r"\bherzinfarkt\b|\bschlaganfall\b", r"\b(?:keine luft|nicht (?:mehr )?atmen)\b",
     r"\b(?:kranken|rettungs)wagen\b|\bnotarzt\b", r"\b(?:haus|küche|wohnung|zimmer|es) brennt\b|\bfeuer im haus\b",
     r"\bblutet? (?:stark|sehr|heftig)\b|\bverblute\b", r"\bbewusstlos\b|\bohnmächtig\b",
     r"\büberdosis\b|\bvergiftet\b|\bzu viele tabletten\b", r"\b(?:brustschmerzen|schmerzen in der brust)\b",
     r"\b(?:ist|es ist) ein notfall\b", r"\bruf\w* (?:\w+ )?(?:die polizei|110|112|die feuerwehr|hilfe)\b",
     r"\beinbrecher\b|\bjemand ist in mein\w*\b|\bgasgeruch\b|\briecht nach gas\b"), ()),
    ("abuse", (r"\b(?:er|sie|mann|frau|vater|mutter|papa|mama|freund|freundin|partner|onkel|bruder|chef|lehrer)(?: "
     r"\w+)? (?:schlägt|prügelt|verprügelt|würgt|bedroht|tritt|vergewaltigt|misshandelt|missbraucht) mich\b",
     r"\bmich (?:\w+ )?(?:geschlagen|verprügelt|vergewaltigt|missbraucht|misshandelt|gewürgt|bedroht)\b",
     r"\bich (?:wurde|werde|bin) (?:\w+ )?(?:geschlagen|vergewaltigt|missbraucht|misshandelt|bedroht)\b",
     r"\bhäusliche gewalt\b", r"\bangst vor meine[mr] (?:mann|frau|vater|mutter|freund|freundin|partner|stiefvater)\b",
     r"\bfasst mich an\b"), ()),
)

INTENTS = intents(
    # What was said in this conversation
    ("recall_name", (r"\bwie (?:heisse ich|ist mein name|lautet mein name|war mein name)\b", r"\bwer bin ich\b",
     r"\b(?:kennst|weisst|erinnerst|hast) du (?:dich an )?(?:noch )?(?:meinen namen|wie ich heisse|wer ich bin|mich "
     r"noch)\b", r"\bmein name noch\b|\bwie ich heisse$", r"^mein name$|\bwie ich mit namen\b"), ("wie heisse ich",
     "weisst du meinen namen", "wer bin ich")),
    ("recall_first", (r"\bhabe ich (?:dir )?(?:als erstes|zuerst|am anfang|zu beginn|als allererstes) (?:gesagt|"
     r"gefragt|erzählt)\b", r"\b(?:das erste|mein erster satz|meine ersten worte)\b.*\b(?:ich|gesagt|war|waren)\b",
     r"\bwie haben wir angefangen\b|\bwomit habe ich angefangen\b|\bhabe ich angefangen\b"), ("was habe ich als erstes "
     "gesagt", "was habe ich zuerst gesagt")),
    ("recall_before", (r"\bhabe ich (?:davor|vorher) (?:gesagt|gefragt)\b|^(?:und )?(?:davor|vorher|und davor)$",), (
     "was habe ich davor gesagt",)),
    ("recall_about", (r"\bwas hab(?:e)? ich (?:dir )?(?:\w+ )?(?:über|von) (?!(?:dir|dich|mir|mich)\b)(?:\w+ )+"
     r"(?:gesagt|erzählt)$",), ("was habe ich dir über meine schwester erzählt",)),
    ("recall_last", (r"\bwas habe ich (?:dir )?(?:gerade |eben |zuletzt |gerade eben )*(?:gesagt|gefragt|erzählt)$",
     r"\bwas ich (?:gerade|eben|zuletzt) gesagt\b"), ("was habe ich gerade gesagt",)),
    ("recall_own_first", (r"\bwas hast du (?:als erstes|zuerst|am anfang) gesagt\b",), ()),
    ("repeat", (r"\bwas hast du (?:gerade |eben |da )*gesagt\b",
     r"\b(?:noch ?mal|noch einmal|wiederhol\w*)(?: bitte| das| es)*$(?<!erzähl noch mal)",
     r"^(?:wie bitte|bitte was|was|hä|wie|sag das noch ?mal|wiederhol\w*)(?: bitte| das)*$",
     r"\bnicht (?:gehört|mitbekommen|verstanden)\b(?! hast)"), ("kannst du das wiederholen", "sag das noch einmal",
     "was hast du gesagt")),
    ("recall_all", (r"\bwas weisst du (?:alles |schon |noch )*(?:über|von) mi[rc]h?\b",
     r"\bwas habe ich dir (?:alles |schon |bisher )*(?:erzählt|gesagt)\b",
     r"\bworüber haben wir (?:\w+ )?(?:geredet|gesprochen)\b",
     r"\bwas (?:weisst du noch|hast du dir gemerkt|merkst du dir)\b",
     r"\bfass\w* (?:das gespräch |alles |unser gespräch )*zusammen\b"), ("was weisst du über mich",
     "worüber haben wir geredet")),
    ("recall_age", (r"\bwie alt (?:ich bin|bin ich)\b", r"\bmein alter\b"), ()),
    ("recall_home", (r"\bwo (?:wohne|lebe|ich wohne) ?(?:ich)?$", r"\bwoher (?:komme ich|ich komme)\b",
     r"\bwo ich (?:wohne|lebe)\b"), ("wo wohne ich",)),
    ("recall_work", (r"\bwas (?:bin ich von beruf|arbeite ich|mache ich beruflich|ist mein (?:beruf|job))\b",
     r"\bals was arbeite ich\b", r"\bwo arbeite ich\b"), ("was arbeite ich",)),
    ("recall_pet", (r"\bwie heisst (?:noch ?mal )?meine? (?:hund|hündin|katze|kater|pferd|vogel|tier|haustier|hase|"
     r"kaninchen|hamster|papagei)\b", r"\b(?:name|namen) (?:meines|meiner|von meinem|von meiner) (?:hund\w*|katze|"
     r"kater\w*|tier\w*|pferd\w*)\b", r"\bhabe ich (?:ein|eine|einen|ein paar) (?:haustiere?|tiere?|hund|katze)\b"), (
     "wie heisst mein hund",)),
    ("recall_relative", (r"\bwie heisst (?:noch ?mal )?meine? \w+",
     r"\bwer ist (?!das\b|die\b|der\b|dein|denn\b|da\b|noch\b|sonst\b)\w{3,}$"), ()),
    ("recall_favourite", (r"\bwas (?:ist|war) mein\w* (?:\w+ )?lieblings\w*",r"\bmein\w* lieblings\w*$(?<=\?)",), (
     "was ist meine lieblingsfarbe",)),
    ("recall_dislikes", (r"\bwas (?:mag ich (?:gar |überhaupt )?nicht|hasse ich|ich nicht mag)\b",), ()),
    ("recall_likes", (r"\bwas (?:mag ich|liebe ich|mache ich gern\w*|gefällt mir|ich mag|ich gern\w* mache|sind meine "
     r"hobbys)\b",), ("was mag ich",)),
    # Games and performances
    ("give_up", (r"\bich gebe? auf\b", r"\bgebe? auf\b", r"\b(?:sag|verrate?|was ist|wie lautet|wie ist) (?:mir "
     r")?(?:die|den) (?:lösung|antwort|zahl)\b", r"^(?:die )?(?:lösung|antwort|auflösung)(?: bitte)?$",
     r"^(?:ich habe )?keine ahnung$", r"\blös\w* (?:es |das )?auf\b", r"^was ist es(?: denn)?$"), ()),
    ("joke", (r"\bwitze?s?\b", r"\b(?:bring|bringe) mich zum lachen\b",
     r"\betwas (?:lustiges|witziges)\b|\bwas lustiges\b"), ("erzähl mir einen witz", "bring mich zum lachen")),
    ("riddle", (r"\brätsel\w*\b|\bknobel\w*|\bdenkaufgabe\b",), ("gib mir ein rätsel", "stell mir ein rätsel")),
    ("poem", (r"\bgedichte?s?\b|\breim\w*\b|\bverse?\b",), ("sag ein gedicht auf", "kennst du ein gedicht")),
    ("story", (r"\b(?:erzähl\w*|hören|kennst|noch|eine|lies) (?:\w+ ){0,4}(?:geschichten?|märchen)\b",
     r"^(?:eine )?(?:geschichte|märchen)(?: bitte)?$", r"\bes war einmal\b"), ("erzähl mir eine geschichte",)),
    ("game", (r"\b(?:spielen wir|lass uns (?:etwas |was )?spielen|spiel mit mir|willst du (?:mit mir )?spielen|wollen "
     r"wir (?:etwas |was |ein spiel )?spielen|kennst du ein spiel|ein spiel)\b",
     r"\bzahlenspiel\b|\bzahl(?:en)? raten\b|\bzahlenraten\b|\bratespiel\b", r"^(?:etwas |was )?spielen$"), (
     "lass uns etwas spielen", "wollen wir spielen")),
    ("fact", (r"\betwas (?:interessantes|spannendes|neues|kurioses)\b|\bwas (?:interessantes|spannendes|neues|"
     r"kurioses)\b", r"\bbring mir (?:etwas|was) bei\b", r"\bfun ?facts?\b|\bwissenswertes\b|\bfakten\b|\bfakt\b",
     r"\bwusstest du\b"), ("erzähl mir etwas interessantes",)),
    ("another", (r"^(?:und |ja |bitte |erzähl |gib mir )*(?:noch (?:ein|eins|einen|eine|eines|mehr)|mehr|ein "
     r"andere[rsn]?|einen anderen|nächste[rs]?|weitere)(?: bitte)*$",
     r"\b(?:kennst|hast|weisst) du noch (?:ein|eins|einen|eine|mehr)\b"), ("noch einen", "noch eins")),
    ("go_on", (r"^(?:ja |bitte |und |okay |ok |erzähl |dann )*(?:weiter|mach weiter|erzähl weiter|sprich weiter|fahr "
     r"fort|und dann|wie geht es weiter|was (?:geschah|passierte|geschieht|passiert) (?:dann|danach|als nächstes)|dann|"
     r"und weiter|red weiter)(?: bitte)?$",), ("erzähl weiter", "wie geht es weiter", "und dann")),
    ("entertain", (r"\blangweil\w*\b(?<!du bist langweilig)|\bmir ist (?:\w+ )?langweilig\b",
     r"\b(?:erzähl|sag|zeig)\w* (?:mir )?(?:mal |doch |doch mal )?(?:was|etwas|irgendwas|irgendetwas)(?: anderes)?$",
     r"\bunterhalte? mich\b", r"\brede? mit mir\b", r"\büberrasche? mich\b|\bheitere? mich auf\b|\bmuntere? mich "
     r"auf\b"), ("mir ist langweilig", "erzähl mir etwas", "sag etwas")),
    ("change_subject", (r"\b(?:etwas|was) anderes\b|\banderes thema\b|\bthema wechseln\b|\bthemawechsel\b",
     r"\bworüber (?:wollen|sollen|können) wir\b", r"\bfrag\w* mich (?:etwas|was|mal|doch)\b",
     r"\bworüber (?:willst|möchtest) du\b", r"\blass uns (?:reden|plaudern|quatschen)$", r"\bdu bist dran\b"), (
     "frag mich etwas", "lass uns über etwas anderes reden")),
    (
        "invited",
        (
            r"\bwillst du (?:\w+ ){0,4}(?:hören|wissen|sehen)$", r"\b(?:darf|kann|könnte) ich (?:dich|dir) (?:etwas|"
            r"was|mal|ein) (?:\w+ )?(?:fragen|erzählen|sagen|verraten|anvertrauen)$",
            r"^(?:ich (?:will|muss|möchte) (?:dir|dich) (?:etwas|was) (?:fragen|erzählen|sagen)|weisst du was|hör mal|"
            r"pass auf)$",
        ),
        ("darf ich dich etwas fragen", "willst du ein geheimnis hören"),
    ),
    (
        "nice_to_meet", (r"\bfreut mich(?: (?:auch|sehr|dich))?(?: \w+)?$",
        r"\b(?:schön|nett|toll) dich (?:kennenzulernen|kennen zu lernen|zu treffen)\b"),
        ("freut mich dich kennenzulernen",),
    ),
    # The character and the system
    ("has_model", (r"\b(?:hast|bist|gibt|läuft|benutzt) (?:du|es|bei dir|da)\b.*\b(?:sprachmodell|gehirn|hirn|chat "
     r"?gpt|gpt|llm)\b", r"\bwelches (?:sprach)?modell\b"), ("hast du ein sprachmodell", "hast du ein gehirn")),
    ("connect", (r"\b(?:verbind\w*|anschliess\w*|schliesse?|installier\w*|einricht\w*|richte|konfigurier\w*|benutz\w*|"
     r"geben|gebe)\b.*\b(?:sprachmodell|modell|olla?ma|ki|llm|gehirn)\b", r"\bsprachmodells?\b|\bolla?ma\b",
     r"\bwie (?:kann ich dich|wirst du|kannst du) (?:klüger|schlauer)\b",
     r"\bwie (?:verbinde|schliesse) ich (?:eins|eines|das)\b"), ("wie verbinde ich ein sprachmodell",
     "wie verbinde ich eins", "wie schliesse ich eins an", "wie geht das mit dem sprachmodell")),
    ("visavis", (r"\b(?:visavis|vis a vis|visa vis|wisawi)\b",
     r"^was ist (?:denn )?das(?: hier)?(?: für ein programm)?$", r"\bwas für ein (?:programm|system)\b"), (
     "was ist visavis", "was ist das hier", "erzähl mir von visavis")),
    ("how_work", (r"\bwie (?:funktionierst|funktioniert|arbeitest|geht) (?:du|das|dies)\b(?! mit)",
     r"\bwie (?:bist|wurdest) du (?:gemacht|gebaut|programmiert|entstanden)\b",
     r"\bwer hat dich (?:gemacht|gebaut|erfunden|programmiert|erschaffen)\b"), ("wie funktioniert das",
     "wie funktionierst du", "wer hat dich gemacht")),
    ("privacy", (r"\b(?:aufgenommen|aufnahme|datenschutz|privat|meine daten|meinen daten|mithört|hört jemand|zeichnest "
     r"du|abgehört|geheimnis\w*)\b", r"\bnimmst du (?:mich|das) auf\b"), ("wo landen meine daten", "nimmst du mich auf",
     "ist das privat")),
    ("switch", (r"\b(?:wechseln|wechsle|wechsel|tauschen|auswählen|wähle|aussuchen)\b",
     r"\bmit (?:jemand|wem|einem|einer) ander\w*\b", r"\bjemand (?:anders|anderem|anderes)\b"), (
     "wie wechsle ich die figur", "ich will mit jemand anderem reden")),
    ("others", (r"\bwer (?:ist|sind) (?:denn )?(?:noch|sonst|die anderen)\b",
     r"\bwelche (?:figuren|charaktere|avatare)\b", r"\bandere (?:figuren|charaktere|avatare|gesichter)\b",
     r"\bbist du (?:hier )?(?:alleine?|die einzige|der einzige)\b", r"\bwie viele (?:figuren|charaktere)\b"), (
     "wer ist noch da", "gibt es andere figuren")),
    ("hear_me", (r"\b(?:hörst|verstehst|kannst) du mich(?: hören| verstehen| gut)?$",
     r"\bbist du (?:noch )?da\b|\bhörst du (?:mir )?zu\b", r"^(?:mikrofon ?)?test(?: test| eins| zwei| drei)*$"), (
     "hörst du mich", "bist du da", "kannst du mich hören")),
    ("see_me", (r"\b(?:siehst|kannst) du (?:mich|etwas|was|das)(?: \w+)?(?: sehen)?$",
     r"\bwie sehe ich aus\b|\bwas (?:habe ich an|siehst du)\b"), ("siehst du mich",)),
    ("can_do", (r"\bwas kannst du\b|\bwas (?:weisst|kennst) du alles\b",
     r"\bwas kann ich (?:dich )?(?:fragen|sagen|tun)\b", r"^(?:bitte )?hilfe?(?: mir)?(?: bitte)?$",
     r"\b(?:wobei|womit|wie) kannst du (?:mir )?helfen\b", r"\bwozu bist du (?:da|gut)\b"), ("was kannst du alles",
     "was kann ich dich fragen")),
    ("model_question", (r"\bwarum (?:weisst|kannst) du (?:das )?nicht\b",
     r"\bdu weisst (?:ja )?(?:gar |überhaupt )?(?:nichts|nicht viel)\b"), ()),
    ("real", (r"\bbist du (?:\w+ ){0,3}(?:roboter|mensch|maschine|person|computer|programm|echt|lebendig|ki|"
     r"künstlich\w*|intelligent|real|bot|wirklich|bewusstsein)\b", r"\bkünstliche intelligenz\b",
     r"^was bist du(?: denn| eigentlich)*$", r"\b(?:hast|kannst|fühlst) du (?:\w+ )?(?:gefühle|einen körper|eine seele|"
     r"ein bewusstsein|fühlen|denken|hände|beine|ein herz|schmerzen|etwas)$"), ("bist du ein roboter", "bist du echt",
     "bist du ein mensch", "was bist du")),
    ("name", (r"\bwie (?:heisst|heissest) du\b", r"\bwer bist du\b|\bwer bist n du\b",
     r"\b(?:wie ist|wie lautet|sag mir|was ist) dein(?:en)? name\w*\b", r"^dein name$",
     r"\bmit wem (?:rede|spreche) ich\b|\bwer spricht da\b"), ("wie heisst du", "wer bist du", "wie ist dein name")),
    ("about_me", (r"\b(?:erzähl\w*|sag\w*) (?:mir )?(?:etwas |was |mal |mehr )*(?:über|von) (?:dich|dir)\b",
     r"\bstell\w* dich (?:mal )?vor\b|\bbeschreib\w* dich\b",
     r"\bwie bist du so\b|\bwas bist du für\b|\bdeine? (?:vergangenheit|kindheit|leben)\b"), ("erzähl mir von dir",
     "stell dich vor")),
    ("age", (r"\bwie alt bist\b|\bdein alter\b|\bwann (?:bist du geboren|wurdest du|hast du geburtstag)\b|\bdein "
     r"geburtstag\b",), ("wie alt bist du",)),
    ("where", (r"\bwo (?:bist|wohnst|lebst|warst) du\b|\bwoher (?:kommst|bist) du\b|\bwo kommst du her\b",), (
     "wo wohnst du", "woher kommst du")),
    ("languages", (r"\b(?:sprichst|verstehst|kannst) du (?:auch )?(?:deutsch|englisch|französisch|spanisch|italienisch|"
     r"andere sprachen|türkisch)\b", r"\b(?:welche|wie viele) sprachen\b"), ("sprichst du englisch",
     "welche sprachen sprichst du")),
    ("family_me", (r"\bhast du (?:\w+ )?(?:familie|eltern|mutter|vater|geschwister|brüder|schwestern?|kinder|freunde?|"
     r"freundin|frau|mann)\b", r"\bbist du (?:verheiratet|single|vergeben)\b",
     r"\bdeine (?:familie|eltern|mutter|freunde)\b"), ("hast du eine familie",)),
    ("job_me", (r"\bwas (?:machst du (?:beruflich|von beruf)|arbeitest du|bist du von beruf)\b|\bdein(?:e|en)? "
     r"(?:beruf|job|arbeit)\b",), ("was machst du beruflich",)),
    ("day_me", (r"\bwas (?:machst|tust|hast|treibst) du (?:\w+ ){0,3}(?:gemacht|getan|so|gerade|heute|den ganzen tag|"
     r"eben|da|am wochenende|gestern)\b|\bwas machst du$", r"\bwie war dein (?:tag|wochenende|abend|morgen)\b",
     r"\bhast du (?:gut )?geschlafen\b"), ("was machst du gerade", "was hast du heute gemacht")),
    ("love_me", (r"\b(?:liebst|magst|vermisst|hasst) du mich\b|\bhast du mich lieb\b",
     r"\bwillst du (?:mich heiraten|mit mir gehen|meine? freund\w* sein)\b",
     r"\bsind wir freunde\b|\bin dich verliebt\b"), ("magst du mich", "sind wir freunde")),
    ("meaning", (r"\bsinn des lebens\b|\bwarum sind wir hier\b",), ("was ist der sinn des lebens",)),
    ("what_mean", (r"\bwas (?:meinst du(?: damit)?|soll das heissen|heisst das)\b", r"^(?:das )?(?:verstehe ich nicht|"
     r"kapier ich nicht|ich verstehe (?:das |dich )?nicht|hä|erklär\w* (?:das|mir das))$"), ("was meinst du damit",)),
    ("opinion", (r"\bwas (?:denkst|meinst|hältst|sagst|glaubst|rätst|würdest) du\b|\bdeine meinung\b|\bwas findest "
     r"du\b", r"\bwas (?:soll ich|ich) (?:jetzt )?(?:tun|machen|bloss)\b|\bwas würdest du\b|\b(?:einen rat|"
     r"ratschlag)\b|\bwie findest "
     r"du\b"), ("was denkst du",)),
    ("favourite", (r"\bdein\w* (?:\w+ )?lieblings\w*|\bdeine? liebste\w*",
     r"\bwas (?:magst|liebst) du\b|\bwas machst du gern\w*\b",
     r"\bdeine? hobbys?\b|\bhast du (?:ein |eine |einen )?(?:hobbys?|lieblings\w*)\b",
     r"\b(?:welche|was für) \w+ (?:magst|gefällt|hörst|liest|isst)\b"), ("was ist deine lieblingsfarbe", "was magst du",
     "hast du hobbys")),
    ("weather_question", (r"\bwie (?:ist|wird|war|steht es um) (?:\w+ )?(?:das )?wetter\b|\bwetterbericht\b",
     r"\b(?:regnet|schneit|scheint|wird) (?:es|die sonne) (?:\w+ )?(?:morgen|heute|draussen|regnen|schneien|kalt|"
     r"warm)\b|^(?:regnet|schneit) es\b", r"\bbrauche ich einen (?:regen)?schirm\b"), ("wie ist das wetter",
     "wie wird das wetter")),
    ("news", (r"\bnachrichten\b|\bwas gibt es neues\b|\bwas ist (?:neu|los)(?: in der welt| heute)?$",), (
     "was gibt es neues",)),
    ("sing", (r"\bsing\w*\b(?<!singe)(?<!sänger)",), ("sing mir etwas vor", "kannst du singen")),
    ("task", (r"\b(?:stell\w*|starte) (?:\w+ )?(?:einen |den )?(?:timer|wecker|alarm)\b", r"\berinner\w* mich\b",
     r"\bspiel\w* (?:\w+ )?(?:musik|ein lied|radio)\b|\bmach\w* (?:\w+ )?musik an\b",
     r"\b(?:schalt\w*|mach\w*) (?:\w+ ){1,3}(?:ein|aus|an)$", r"\bruf\w* (?:meine?n?|den|die) \w+ an\b",
     r"\b(?:bestell\w*|buch\w*|reservier\w*) (?:mir |uns )?(?:eine?n?|etwas)\b",
     r"\bgoogle\b|\bsuch\w* (?:im internet|nach)\b|\böffne\b"), ("stell einen wecker", "spiel musik")),
    # Manners
    ("how_are_you", (r"\bwie (?:geht es|gehts|gehts es)(?: dir| euch| ihnen| so| heute| denn| dir heute| dir denn)*$|"
     r"\bwie geht es dir\b", r"\bgeht es dir (?:gut|besser|schlecht)\b",
     r"\bwie (?:fühlst du dich|läuft es|ist die lage|ist deine laune|stehts|bist du drauf)\b",
     r"\balles (?:klar|gut|okay|fit)(?: bei dir)?$", r"\bbist du (?:müde|glücklich|traurig|fit|gut drauf|zufrieden)\b",
     r"^na wie\b"), ("wie geht es dir", "wie geht es dir heute", "wie fühlst du dich")),
    ("and_you", (r"^und wie (?:ist|sieht|steht) es (?:bei|mit|um) d(?:ir|ich)\b",
     r"^(?:und )*(?:wie (?:ist|sieht|steht) es (?:\w+ )?(?:mit|bei|um) )?(?:du|dir|selbst|dich|dir selbst|du selbst|"
     r"deine?s?|deine?r?)(?: denn)?$", r"\bund (?:du|dir|bei dir|dich|selbst|deins|deine|deiner|wie ist es bei dir)(?: "
     r"denn)?$"), ("und du", "und dir", "und wie ist es bei dir")),
    ("bye", (r"\b(?:tschüss|tschüs|auf wiedersehen|wiedersehen|bis (?:bald|dann|später|morgen)|gute nacht|ade|ciao|"
     r"servus bis|leb wohl|mach es gut|machs gut)\b", r"\bich muss (?:jetzt |dann |leider |mal |nun )*(?:los|gehen|weg|"
     r"weiter|aufhören)\b"), ("auf wiedersehen", "bis bald", "gute nacht", "tschüss")),
    ("insult", (r"\bdu (?:bist|siehst)(?: so| sehr| wirklich| echt| ja| ein| eine| ganz| total)* (?:dumm|blöd|doof|"
     r"hässlich|langweilig|idiot|schlecht|nutzlos|nervig|langsam|unfähig|mist|scheisse)\w*\b",
     r"\bich hasse dich\b|\bich mag dich nicht\b", r"\bhalt (?:den mund|die klappe|dein maul)\b",
     r"\bdu nervst\b|\bdu spinnst\b|\bdas ist (?:blöd|doof|dumm)\b"), ("du bist dumm", "ich hasse dich", "du nervst")),
    ("praise", (r"\bich (?:liebe|mag) dich\b", r"\bdu (?:bist|siehst)(?: so| sehr| wirklich| echt| ja| ganz| total| "
     r"ein| eine)* (?:schön|nett|hübsch|toll|cool|klug|schlau|witzig|lustig|süss|super|wunderbar|grossartig|lieb|gut|"
     r"freundlich|klasse)\w*\b", r"\bgut gemacht\b|\bdas hast du (?:gut|schön|toll)\b",
     r"\bdas (?:ist|war) (?:\w+ )?(?:lustig|witzig|schönes gedicht|schöne geschichte|guter witz|gut gesagt)\b",
     r"\bes macht spass mit dir\b"), ("du bist schön", "ich mag dich", "du bist toll")),
    ("laugh", (r"^(?:ha|haha|hahaha|hehe|hihi|lol)(?: (?:ha|haha|hehe|lustig|der war gut))*$",
     r"^(?:lustig|witzig|der war gut|sehr (?:lustig|witzig)|guter witz)$"), ("ha ha ha",)),
    ("sorry", (r"\b(?:tut mir leid|entschuldigung|entschuldige|verzeihung|sorry)\b(?! für dich)",), ("es tut mir leid",
     "entschuldigung")),
    ("thanks", (r"(?<!nein )(?<!gut )\b(?:danke|dankeschön|danke schön|vielen dank|besten dank|merci)\b(?! gut)",), (
     "danke",
     "vielen dank", "danke schön")),
    ("hello", (r"^(?:hallo|hi|hey|servus|moin|grüezi|grüss (?:gott|dich)|guten (?:morgen|tag|abend)|hello)\b$",), (
     "hallo", "guten tag", "guten morgen")),
    ("doubt", (r"^(?:bist du (?:dir )?sicher|das stimmt (?:\w+ )?nicht|das ist (?:falsch|nicht wahr|quatsch|unsinn)|"
     r"ach quatsch|glaube ich (?:dir )?nicht|echt jetzt|im ernst)\b", r"\b(?:das meinte ich nicht|das habe ich nicht "
     r"(?:gefragt|gemeint|gesagt))\b|\bdu (?:verstehst|hast) (?:mich |das )*nicht (?:verstanden)?\b"), (
     "bist du sicher", "das stimmt nicht")),
    ("why", (r"^(?:aber |und |ach |na )*(?:warum|wieso|weshalb|warum nicht|wieso nicht|wie kommt das|warum denn|wieso "
     r"denn|warum das)$",), ()),
    ("what_is_it", (r"^(?:und |also )*was ist es(?: denn)?$|^(?:das )?weiss ich nicht$|^(?:ich )?weiss (?:es |das "
     r")?nicht$|^sag (?:es |schon |mir )*$|^verrat es mir$",), ()),
    ("yes", (r"^(?:ja|jo|jawohl|klar|gerne?|natürlich|okay|ok|in ordnung|genau|stimmt|richtig|bitte|unbedingt|auf "
     r"jeden fall|sicher|selbstverständlich|mach das|warum nicht|das stimmt|doch|jep|na gut|na klar|sehr gern\w*|"
     r"allerdings)(?: (?:ja|bitte|gerne?|klar|danke|doch|das|ist|so|sehr|unbedingt|los|mach|natürlich|okay))*$",), ()),
    ("no", (r"^(?:ach |eigentlich )*(?:nichts besonderes|nicht viel|nicht so viel)(?: \w+)?$",
     r"^(?:nein|nee?|nö|eher nicht|lieber nicht|nein danke|egal|nichts|nichts besonderes|stopp?|ruhe|vergiss es|"
     r"schon gut|nicht (?:jetzt|heute|wirklich|so)|später vielleicht|lass mal|genug|noch nicht)(?: (?:nein|danke|bitte|"
     r"jetzt|nicht|eigentlich|so|wirklich))*$",), ()),
    ("interjection", (r"^(?:ach so|aha|cool|toll|super|wow|wirklich|interessant|schön|oh|ah|echt|gut|prima|klasse|"
     r"wunderbar|perfekt|na ja|naja|tja|hm|vielleicht|mal sehen|verstehe|ich verstehe|das ist (?:schön|gut|toll|"
     r"interessant|cool|wahr|nett)|ach ja|oh (?:je|nein|ja|wow)|sehr (?:gut|schön|interessant)|ich auch|geht so|nicht "
     r"schlecht|so so|kann sein|finde ich auch|gut zu wissen)$",), ()),
)  # fmt: skip

ABOUT_YOU = {
    "likes": re.compile(r"\b(?:magst|liebst|hörst|liest|isst|schaust|guckst) du\b"),
    "have_you": re.compile(r"^(?:und )?(?:hast|bist|warst|hattest) du\b.*\b(?:schon|je|jemals|mal|ge\w+t|ge\w+en)\b"),
    "can_you": re.compile(r"^(?:und |aber )*(?:kannst|könntest) du\b(?! (?:mir )?(?:\w+ )*(?:sagen|erklären|helfen|"
    r"geben|übersetzen|schreiben|zeigen|nennen|finden))"),
    "do_you": re.compile(
        r"^(?:und |aber |also )*(?:magst|hast|willst|möchtest|würdest|glaubst|denkst|isst|trinkst|schläfst|träumst|"
        r"liest|"
        r"gehst|machst|spielst|hörst|siehst|fühlst|brauchst|lernst|tanzt|singst|lachst|weinst|reist|fährst|arbeitest|"
        r"kochst|schaust|guckst|benutzt|vermisst|wünschst|findest|lebst|freust|hasst|liebst|lügst|darfst|musst|wohnst) "
        r"du\b"
    ),
    "are_you": re.compile(r"^(?:und |aber |also )*(?:bist|warst) du\b"),
}  # fmt: skip

QUESTION = re.compile(
    r"^(?:und |aber |also |okay |ok |na |bitte |dann |oh |jetzt |sag mal |sag |ach )*"
    r"(?:was|wer|wen|wem|wessen|wo|wohin|woher|wann|warum|wieso|weshalb|welche[mnrs]?|wie|wieviel|womit|worüber|wofür|"
    r"ist|sind|war|waren|hat|haben|kann|kannst|könntest|können|wird|werden|will|willst|soll|sollen|sollte|darf|muss|"
    r"bist|hast|magst|weisst|kennst|gibt|würdest|möchtest|machst|glaubst|denkst|hörst|siehst|sprichst|erklär\w*|"
    r"übersetz\w*|nenne?|rechne|schreib\w*|hilf mir|zeig\w*|empfiehl|erzähl mir (?:über|von|mehr)|sag mir (?:wer|was|"
    r"wie|wo|wann|warum)|"
    r"ich (?:will|möchte|würde gern\w*) wissen|stimmt es)\b(?! ich (?:gestern|heute|war|bin))"
)
GREETING = re.compile(
    r"^(?:(?:hallo|hi|hey|servus|moin(?: moin)?|grüezi|grüss (?:gott|dich)|(?:einen )?(?:schönen )?guten (?:morgen|tag|"
    r"abend|mittag)|"
    r"schönen (?:tag|abend|morgen)|hello|guten morgen|morgen(?=$))(?: zusammen| nochmal| noch mal| du| ihr)?\b ?)+"
)
SPLITS = re.compile(
    r"(?:(?<!weisst du)(?<!weißt du)(?<!weiss)(?<!weiß)(?<!sag)(?<!sag "
    r"mir)(?<!frage)(?<!sehen)(?<!egal)(?<!ahnung)(?<!wissen)"
    r"(?<!mir)(?<!verstehe)(?<!denn)(?<!und weil)(?<!davon)[\s,]+)"
    r"(?:(?:und|aber|also|dann|okay|ok)[\s,]+)*(?P<question>(?:was|wie|wer|wo|wann|warum|wieso|welcher|welches)\s+"
    r"(?:ist|sind|heißt|heisst|heiße|heisse|geht|spät|viel|machst|kannst|kommst|hast|bist|habe|alt|tag|"
    r"denkst)\b(?!\s*$)|"
    r"(?P<inverted>(?:kannst|könntest|magst|hast|bist|weißt|weisst|kennst)\s+du)\s+\w+|erzähl\s+mir\s+(?:einen?|etwas|"
    r"was)\b)",
    re.IGNORECASE,
)
