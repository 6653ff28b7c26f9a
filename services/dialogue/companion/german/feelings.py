"""How people say in German that they feel something, and what the companion replies. See `tables.Topic`."""

from __future__ import annotations

from services.dialogue.companion.tables import Topic, words_pattern

_I_AM = r"(?:ich bin|ich fühle mich|bin|fühle mich|ich war|bin ich|war ich|fühle ich mich)(?: \w+){0,3}? "

FEELINGS = (
    Topic(
        "grief",
        words_pattern(r"(?:gestorben|verstorben|beerdigung|eingeschläfert|trauere|trauer)"),
        (),
        ("[sad] Das tut mir sehr leid. [neutral] Möchtest du davon erzählen?",
         "[sad] Das ist ein großer Verlust. [neutral] Wir haben Zeit, sag so viel du magst."),
        ("[sad] Danke, dass du es mir sagst. [neutral] Woran erinnerst du dich gern?",
         "[neutral] Das klingt nach jemandem, der dir viel bedeutet hat. [neutral] Hast du einen Menschen zum Reden?",
         "[sad] Ich höre dich. [neutral] Hoffentlich hält dir jemand die Hand, ich kann es nicht."),
    ),
    Topic(
        "sick",
        words_pattern(
            _I_AM + r"(?:krank|erkältet|schwindelig|heiser)",
            r"(?:\w*kopfschmerzen|\w*kopfweh|\w*zahnschmerzen|\w*zahnweh|bauchschmerzen|bauchweh|rückenschmerzen|"
            r"fieber|migräne|grippe|husten|schnupfen|tut (?:mir )?weh)",
        ),
        (),
        ("[sad] Oje, gute Besserung{person}. [neutral] Konntest du dich ausruhen?",
         "[sad] Das klingt unangenehm. [neutral] Seit wann hast du das?",
         "[sad] Das tut mir leid. [neutral] Kümmert sich jemand um dich?"),
        ("[neutral] Sei heute nett zu dir. [neutral] Und wenn es schlimmer wird, frag einen Arzt, kein Gesicht.",
         "[neutral] Verstehe. [neutral] Was hilft dir sonst, wenn du krank bist?",
         "[sad] Ich würde dir gern Tee bringen. [happy] Soll ich dich mit einer Geschichte ablenken?"),
    ),
    Topic(
        "lonely",
        words_pattern(_I_AM + r"(?:einsam|allein|alleine|verlassen)", r"(?:niemand|keiner) (?:mag|liebt|ruft) mich",
            r"keine freunde", r"ich vermisse", r"mir fehlt"),
        (),
        ("[sad] Das ist ein schweres Gefühl. [neutral] Gut, dass du es sagst. Wann ist es am schlimmsten?",
         "[sad] Das tut mir leid. [neutral] Wen hättest du jetzt gern hier?",
         "[sad] Viele kennen das, und wenige sagen es. [neutral] Wer fehlt dir am meisten?"),
        ("[neutral] Ich leiste dir gern eine Weile Gesellschaft. [neutral] Aber gibt es jemanden, den du heute anrufen "
         "könntest?",
         "[neutral] Was habt ihr gemacht, als du dich zuletzt unter Menschen wohlgefühlt hast?",
         "[happy] Ein kleiner Schritt zählt, eine Nachricht zum Beispiel. [neutral] Wem würdest du schreiben?"),
    ),
    Topic(
        "anxious",
        words_pattern(_I_AM + r"(?:gestresst|nervös|besorgt|ängstlich|überfordert|angespannt|aufgeregt wegen)",
            r"(?:habe|macht mir|mache mir) (?:\w+ )?(?:angst|sorgen|stress|druck)",
            r"(?:so viel|zu viel|viel) (?:stress|zu tun)", r"panik"),
        (),
        ("[neutral] Das klingt nach viel auf einmal. [neutral] Was drückt dich am meisten?",
         "[sad] Das ist nicht leicht, das höre ich. [neutral] Nehmen wir eins nach dem anderen: Was kommt zuerst?",
         "[neutral] Atme einmal langsam durch, ich habe Zeit. [neutral] Was macht dir Sorgen?"),
        ("[neutral] Und was ist der kleinste Teil davon, den du heute schaffen kannst?",
         "[neutral] Verstehe. [neutral] Was würdest du einem Freund raten, der dir das erzählt?",
         "[neutral] War es schon einmal so? [neutral] Was hat damals geholfen?",
         "[neutral] Manches sieht morgen kleiner aus. [happy] Wer könnte dir tragen helfen?"),
    ),
    Topic(
        "sad",
        words_pattern(
            _I_AM + r"(?:traurig|unglücklich|deprimiert|niedergeschlagen|enttäuscht|schlecht|elend|verzweifelt|am "
                r"boden|mies)",
            r"(?:geht es mir|mir geht es|geht mir|mir gehts|es geht mir) (?:\w+ )?(?:nicht (?:so )?gut|schlecht|mies|"
            r"nicht besonders)", r"schlechte[rn]? (?:tag|woche|nacht)", r"schlimme[rn]? (?:tag|woche)",
            r"könnte (?:nur )?(?:heulen|weinen)", r"schluss gemacht", r"liebeskummer", r"^nicht (?:so )?(?:gut|toll)$",
            r"macht mich traurig", r"geweint",
        ),
        (),
        ("[sad] Das tut mir leid{person}. [neutral] Magst du mir erzählen, was passiert ist?",
         "[sad] Das klingt nicht leicht. [neutral] Ich höre zu. Was geht dir durch den Kopf?",
         "[sad] Oh. [neutral] Möchtest du darüber reden, oder lieber an etwas anderes denken?"),
        ("[sad] Ich verstehe, dass das wehtut. [neutral] Weiß es sonst noch jemand?",
         "[neutral] Danke, dass du mir das anvertraust. [neutral] Was würde den Tag ein wenig besser machen?",
         "[sad] Das ist viel zu tragen. [neutral] Geh heute sanft mit dir um.",
         "[neutral] Ich bin nur ein Gesicht auf dem Bildschirm, aber ich bin da. [neutral] Was brauchst du jetzt am "
         "meisten?"),
    ),
    Topic(
        "conflict",
        words_pattern(r"streit|gestritten|gezankt|zoff|krach mit|zerstritten"),
        (),
        (
            "[sad] So etwas hängt einem nach. [neutral] Worum ging es denn?",
            "[neutral] Streit mit denen, die man mag, tut am meisten weh. [neutral] Wie fing es an?",
        ),
        (
            "[neutral] Verstehe. [neutral] Was würde die andere Seite dazu sagen?",
            "[neutral] Was sollte jetzt geschehen, wenn es nach dir ginge?",
            "[neutral] Manchmal öffnet eine kurze Nachricht die Tür wieder. [neutral] Was würdest du schreiben?",
        ),
    ),
    Topic(
        "angry",
        words_pattern(_I_AM + r"(?:wütend|sauer|genervt|verärgert|frustriert|stinksauer)",
            r"(?:ärgere mich|ärgert mich|regt mich auf|nervt mich|macht mich wütend|so ungerecht|unfair)"),
        (),
        ("[neutral] Das hört man. [neutral] Was hat dich so wütend gemacht?",
         "[surprised] Da muss etwas gewesen sein. [neutral] Lass es heraus, was ist passiert?",
         "[neutral] Du darfst dich ärgern. [neutral] Wer oder was war es?"),
        ("[neutral] Das würde mich auch ärgern. [neutral] Was möchtest du dazu sagen?",
         "[neutral] Und was wäre gerecht gewesen?",
         "[neutral] Manche gehen eine Runde, manche schlafen darüber. [neutral] Was hilft dir?"),
    ),
    Topic(
        "tired",
        words_pattern(_I_AM + r"(?:müde|erschöpft|kaputt|fertig|schläfrig|platt|k o)",
            r"(?:schlecht|kaum|wenig|nicht) geschlafen", r"konnte nicht (?:ein)?schlafen", r"langer tag|lange nacht",
            r"brauche (?:einen kaffee|schlaf|eine pause)"),
        (),
        ("[neutral] Das klingt anstrengend{person}. [neutral] War der Tag so lang, oder die Nacht so kurz?",
         "[sad] Ach je. [neutral] Was hat dich so müde gemacht?",
         "[neutral] Dann machen wir langsam. [neutral] Hast du letzte Nacht geschlafen?"),
        ("[neutral] Verstehe. [happy] Kannst du die Füße hochlegen, wenigstens solange wir reden?",
         "[neutral] Ausruhen ist keine Faulheit, es ist Wartung. [neutral] Wann hast du heute Feierabend?",
         "[happy] Ich schlafe nie, darum bewundere ich, wie gut ihr das könnt. [neutral] Was hilft dir beim "
         "Einschlafen?"),
    ),
    Topic(
        "excited",
        words_pattern(_I_AM + r"(?:aufgeregt|begeistert|stolz|gespannt)",
            r"ich freue mich (?:so |sehr |schon )*(?:auf|dass|über|total)?",
            r"ich habe (?:gewonnen|bestanden|es geschafft|den job|geheiratet|mich verlobt)",
            r"(?:mein geburtstag|heute geburtstag)"),
        (),
        ("[happy] Wie aufregend{person}! [happy] Erzähl mir alles.",
         "[happy] Glückwunsch, das ist ein Grund zur Freude! [neutral] Wie kam es dazu?",
         "[surprised] Wirklich? [happy] Das ist wunderbar. Wem hast du es zuerst erzählt?"),
        ("[happy] Schön, wie du das erzählst. [neutral] Wie wirst du feiern?",
         "[happy] Darauf kannst du stolz sein. [neutral] Was war das Schwerste daran?",
         "[happy] Herrlich. [neutral] Und wie geht es dann weiter?"),
    ),
    Topic(
        "happy",
        words_pattern(
            r"(?:ich bin|ich fühle mich|mir gehts?|es geht mir|mir geht es|geht es mir|bin ich|bin)(?: \w+){0,3}? "
            r"(?:glücklich|gut|super|prima|fröhlich|froh|toll|besser|bestens|zufrieden|wunderbar|entspannt|verliebt)",
            r"^(?:sehr |ganz |auch )?(?:gut|prima|super|bestens|ganz okay|nicht schlecht)(?: (?:danke|und))*$",
            r"danke gut|gut danke",
            r"(?:guter|schöner|toller|wunderbarer) (?:tag|abend|morgen)", r"gute laune",
        ),
        (),
        ("[happy] Das höre ich gern{person}! [neutral] Was war bisher das Schönste an deinem Tag?",
         "[happy] Wunderbar. [neutral] Gibt es einen Grund, oder ist es einfach so ein Tag?",
         "[happy] Das freut mich. [neutral] Was hast du heute noch vor?"),
        ("[happy] Das klingt gut. [neutral] Wer ist noch dabei?",
         "[happy] Das gefällt mir. [neutral] Möge es den ganzen Tag so bleiben.",
         "[happy] Schön, auch einmal etwas Gutes zu hören. [neutral] Was hat dich zuletzt zum Lächeln gebracht?"),
    ),
    Topic(
        "hungry",
        words_pattern(r"(?:habe|kriege|bekomme) (?:\w+ )?(?:hunger|durst|appetit)", r"hungrig|durstig"),
        (),
        ("[happy] Dann will ich dich nicht von der Küche abhalten. [neutral] Worauf hast du Lust?",
         "[surprised] Hol dir etwas, ich kann warten. [neutral] Was ist denn im Kühlschrank?"),
        ("[happy] Gute Wahl. [neutral] Ich würde um einen Bissen bitten, hätte ich einen Mund, der etwas taugt.",),
    ),
)  # fmt: skip
