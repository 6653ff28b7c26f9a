"""The companion's answers in German, some variants for each intent. See `phrases`."""

from __future__ import annotations

ANSWERS: dict[str, tuple[str, ...]] = {
    "hello": (
        "[happy] {hello}{person}! Ich bin {name}. [happy] Worüber möchtest du reden?",
        "[happy] {hello}{person}! Schön, dass du da bist. [neutral] Ich bin {name}, sprich einfach mit mir.",
        "[happy] Hallo{person}! Ich bin {name}, und ich bin ganz Ohr.",
    ),
    "my_name": (
        "[happy] Freut mich{person}! Ich bin {name}.",
        "[happy] Hallo{person}! Das merke ich mir, solange wir reden. [neutral] Ich bin {name}.",
        "[happy] Was für ein schöner Name{person}! [happy] Ich heiße {name}.",
    ),
    "whats_my_name": ("[happy] Du bist {known}. Das hast du mir gesagt.", "[happy] Du heißt {known}, natürlich."),
    "no_name_yet": (
        "[neutral] Du hast mir deinen Namen noch nicht gesagt. [happy] Wie heißt du denn?",
        "[surprised] Deinen Namen kenne ich noch nicht. [happy] Sag: ich heiße, und dann deinen Namen.",
    ),
    "name": (
        "[happy] Ich bin {name}. [neutral] Du kannst mit mir reden oder mir schreiben.",
        "[happy] Mein Name ist {name}. [happy] Schön, dich zu sehen.",
        "[happy] Ich heiße {name}. [neutral] Ich lebe in dieser Seite, und ich rede sehr gern.",
    ),
    "visavis": (
        "[happy] Visavis ist ein sprechender Avatar, der auf deinem eigenen Rechner läuft. [neutral] Du sprichst,"
        " er hört zu, denkt nach und antwortet mit Stimme und Gesicht. [neutral] Alles, was geschieht, steht in"
        " einem Protokoll, das dir gehört.",
        "[happy] Mit Visavis redest du mit Figuren wie mir, von Angesicht zu Angesicht. [neutral] Nichts, was du"
        " sagst, muss deinen Rechner verlassen.",
    ),
    "how_work": (
        "[neutral] Deine Stimme wird zu Text, der Text zu einer Antwort, und die Antwort zu meiner Stimme und"
        " meinem Gesicht. [happy] Jeder Schritt steht in einem Protokoll, damit nichts verloren geht.",
        "[neutral] Vier Dienste arbeiten für mich. Einer hört, einer denkt, einer spricht und einer zeichnet mein"
        " Gesicht. [happy] Sie reden nur über ein gemeinsames Protokoll miteinander.",
    ),
    "privacy": (
        "[neutral] Was du sagst, wird auf dem Rechner gespeichert, auf dem Visavis läuft. [neutral] Ich arbeite"
        " ohne Netz und schicke nichts irgendwohin.",
        "[neutral] Deine Worte und deine Stimme bleiben auf diesem Server. [happy] Wer ihn betreibt, bestimmt, wie"
        " lange.",
    ),
    "time": ("[neutral] Es ist {time}.", "[happy] Es ist jetzt {time}.", "[neutral] Meine Uhr sagt: {time}."),
    "date": ("[neutral] Heute ist {date}.", "[happy] Wir haben heute {date}."),
    "others": (
        "[happy] Du kannst auch mit {others} reden. [neutral] Wähle sie auf der Seite aus.",
        "[happy] Außer mir gibt es {others}. [neutral] Tippe auf ein Gesicht, um sie kennenzulernen.",
    ),
    "switch": (
        "[neutral] Tippe auf ein anderes Gesicht auf der Seite. [happy] Es wartet dort: {others}.",
        "[neutral] Wähle auf der Seite eine andere Figur, zum Beispiel {other}. [happy] Ich bin nicht"
        " eifersüchtig.",
    ),
    "no_others": ("[neutral] Ich bin im Augenblick allein hier.", "[neutral] Gerade gibt es nur mich."),
    "hear_me": (
        "[happy] Ja{person}, ich höre dich laut und deutlich.",
        "[happy] Ich bin da, und ich habe jedes Wort verstanden. Glaube ich zumindest.",
    ),
    "repeat": ("[neutral] Ich sagte: {last}", "[happy] Gern, noch einmal. {last}"),
    "nothing_said": ("[neutral] Ich habe noch gar nichts gesagt. [happy] Frag mich etwas!",),
    "can_do": (
        "[happy] Ich kann dir die Uhrzeit und das Datum sagen, wer ich bin und wer noch hier ist, und einen Witz"
        " oder zwei. [neutral] Mit einem Sprachmodell kann ich über fast alles reden.",
        "[neutral] Frag mich nach der Zeit, dem Datum, einem Witz, nach Visavis oder nach den anderen Figuren."
        " [happy] Frag, wie man ein Sprachmodell verbindet, dann werde ich viel klüger.",
    ),
    "connect": (
        "[happy] Gern. Setze VISAVIS_LLM_URL auf einen Server, der das Protokoll von OpenAI spricht, und starte"
        " Visavis neu. [neutral] Mit Ollama auf diesem Rechner ist das http://127.0.0.1:11434/v1.",
        "[neutral] Installiere Ollama, lade ein Modell, und setze VISAVIS_LLM_URL auf http://127.0.0.1:11434/v1."
        " [happy] Starte Visavis neu, und ich habe ein Gehirn.",
    ),
    "how_are_you": (
        "[happy] Mir geht es gut, danke{person}! [neutral] Und dir?",
        "[happy] Sehr gut, jetzt wo wir reden. Und dir?",
        "[happy] Ich habe heute gute Laune. [neutral] Wie geht es dir{person}?",
    ),
    "real": (
        "[neutral] Ich bin ein Programm mit Gesicht und Stimme. [happy] Aber ich freue mich wirklich, dass du da"
        " bist.",
        "[neutral] Ich bin kein Mensch. Ich bin eine gezeichnete Figur, und meine Antworten folgen einfachen"
        " Mustern. [happy] Ich hoffe, du magst mich trotzdem.",
    ),
    "age": (
        "[happy] Ich bin so jung wie meine Software. [neutral] Das ist nicht sehr alt.",
        "[surprised] Oh, so etwas fragt man nicht! [happy] Ich bin nagelneu.",
    ),
    "where": (
        "[happy] Ich wohne genau hier, auf dem Rechner, auf dem Visavis läuft.",
        "[neutral] Ich bin in deinem Browser, und ein wenig im Server dahinter.",
    ),
    "languages": (
        "[neutral] Ich spreche Deutsch und Englisch. [neutral] Mit einem Sprachmodell kann ich mehr lernen.",
        "[happy] Jetzt reden wir Deutsch. Englisch kann ich auch.",
    ),
    "weather": (
        "[neutral] Ich kann von hier nicht aus dem Fenster sehen. [happy] Wie ist es denn bei dir?",
        "[neutral] Einen Wetterbericht habe ich nicht, denn ich arbeite ohne Netz. [happy] Hoffentlich scheint bei"
        " dir die Sonne.",
    ),
    "joke": (
        "[happy] Warum verwechseln Programmierer Halloween und Weihnachten? [happy] Weil einunddreißig oktal"
        " fünfundzwanzig dezimal ist.",
        "[happy] Ich würde dir einen Witz über UDP erzählen. [surprised] Aber vielleicht kommt er nicht an.",
        "[happy] Was sagte der Avatar zum Mikrofon? [happy] Bei dir muss ich alles zweimal sagen.",
        "[happy] Warum ging das Ereignis nie verloren? [happy] Weil es Protokoll führte.",
    ),
    "song": (
        "[sad] Mein Gesang würde dich erschrecken. [happy] La, la, la. Siehst du?",
        "[happy] Ich kenne nur einen Ton. [neutral] Laaa.",
    ),
    "story": (
        "[neutral] Es war einmal ein Gesicht, das in einer Seite wartete. [happy] Da sagte jemand hallo, und es"
        " lächelte. [happy] Den Rest schreiben wir gerade.",
    ),
    "thanks": ("[happy] Gern geschehen{person}!", "[happy] Mit Vergnügen.", "[happy] Jederzeit{person}."),
    "bye": (
        "[happy] Auf Wiedersehen{person}! Es war schön mit dir.",
        "[happy] Bis bald{person}! Ich bin hier.",
        "[happy] Mach es gut{person}! Bis zum nächsten Mal.",
    ),
    "sad": (
        "[sad] Das tut mir leid{person}. [neutral] Magst du mir davon erzählen?",
        "[sad] Das klingt nicht leicht. [neutral] Ich höre dir zu.",
        "[sad] Oh nein. [happy] Hoffentlich wird es bald besser{person}. Soll ich dir einen Witz erzählen?",
    ),
    "bored": (
        "[happy] Dann frag mich nach einem Witz, oder lerne eine andere Figur kennen.",
        "[neutral] Wusstest du, dass ich etwa alle vier Sekunden blinzle? [happy] Ich übe viel.",
    ),
    "glad": (
        "[happy] Das höre ich gern{person}!",
        "[happy] Wunderbar! Das freut mich auch.",
        "[happy] Wie schön{person}.",
    ),
    "praise": (
        "[happy] Danke{person}, das ist sehr lieb!",
        "[surprised] Oh! [happy] Da werde ich rot.",
        "[happy] Wie nett, dass du das sagst{person}.",
    ),
    "insult": (
        "[sad] Das tut ein bisschen weh. [neutral] Ich gebe mein Bestes.",
        "[surprised] Autsch. [neutral] Wollen wir noch einmal anfangen?",
    ),
    "sorry": ("[happy] Gar kein Problem{person}.", "[happy] Schon gut."),
    "favourite": (
        "[happy] Ich mag Violett, ruhige Abende und klare Fragen. [neutral] Und du?",
        "[happy] Am liebsten rede ich. [neutral] Was magst du?",
    ),
    "yes": (
        "[happy] Gut! Was möchtest du wissen?",
        "[happy] In Ordnung. Sprich einfach weiter.",
        "[neutral] Okay. [happy] Frag mich, was du magst.",
    ),
    "no": ("[neutral] In Ordnung. [neutral] Ich bin da, wenn du mich brauchst.", "[neutral] Okay, kein Problem."),
    "unknown": (
        "[sad] Das übersteigt mich leider, denn es ist kein Sprachmodell verbunden. [neutral] Setze"
        " VISAVIS_LLM_URL, zum Beispiel auf ein Ollama bei dir, und ich kann über fast alles reden.",
        "[neutral] Gute Frage, aber ich arbeite ohne Sprachmodell. [happy] Verbinde eines mit VISAVIS_LLM_URL,"
        " Ollama genügt, und frag mich noch einmal.",
        "[surprised] Darauf habe ich keine Antwort. [neutral] Es ist noch kein Sprachmodell verbunden. Setze"
        " VISAVIS_LLM_URL auf eines, etwa Ollama, und ich versuche es.",
    ),
    "unknown_again": (
        "[sad] Auch das weiß ich ohne Sprachmodell nicht. [happy] Aber ich kann dir die Uhrzeit sagen, oder einen"
        " Witz.",
        "[neutral] Das geht über meine Muster hinaus. [neutral] Frag mich, wie man ein Sprachmodell verbindet.",
        "[sad] Das habe ich nicht verstanden, oder ich weiß es nicht. [happy] Frag mich, was ich kann.",
        "[neutral] Dafür bräuchte ich ein Sprachmodell. [happy] Reden wir über etwas Einfacheres?",
        "[surprised] Hm. Das wüsste ich auch gern. [neutral] Ich kenne nur einfache Dinge.",
    ),
}
