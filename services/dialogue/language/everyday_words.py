"""Everyday words of languages in the Latin alphabet, by which the language of a short text is recognised.

Pronouns, question words, auxiliary verbs, articles and the like: words that a sentence is built with and that are
not borrowed. Names, dishes and titles have hardly any. A word that looks like one of another language, as "in" and
"die" do, stands under both.
"""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "i you he she it we they me my your his her our their the a an is are am was were be been do does did "
        "don't doesn't have has had can could will would shall should must what where when why how who which "
        "this that these those there and or but not of to in on at for with from about please let's i'm it's "
        "you're what's tell know die",
        "de": "ich du er sie es wir ihr mich mir dich dir uns euch mein meine dein deine der die das den dem ein "
        "eine einen einem ist sind bin bist war warst hast habe haben hat kann kannst können will willst "
        "möchte muss was wo wann warum wie wer wieso welche und oder aber nicht kein keine von zu zum zur im "
        "auf für mit über bitte auch noch schon mal heute doch gern gerne gibt geht kennst machst weißt magst "
        "sag erzähl in an am so man her",
        "fr": "je tu il elle nous vous ils elles moi toi mon ma mes ton ta tes son sa ses le les un une des du est "
        "suis es sont sommes êtes était ai as avez ont peux peut veux voudrais dois que qui quoi quel quelle "
        "où quand pourquoi comment combien ce cette ces et ou mais ne pas dans sur pour avec aussi j'ai c'est "
        "qu'est s'il t'appelles fais on me y",
        "es": "yo tú él ella nosotros ustedes ellos mi mis tu tus su sus el los las un una unos es son soy eres "
        "está estás estoy era tengo tienes tiene puedo puedes quiero quieres qué quién dónde cuándo cómo cuál "
        "cuántos cuántas este esta eso y pero del al por para con muy también hay me te se lo no que hace he",
        "it": "io lui lei noi voi loro mio mia tuo tua il gli un una uno è sono sei siamo era ho hai ha abbiamo "
        "posso puoi voglio vuoi devo che chi cosa dove quando perché come quale quanto quanti quanta questo "
        "questa e ma non di del della nel per con anche molto ti mi si c'è dov'è fa in me",
        "pt": "eu você ele ela nós vocês eles meu minha seu sua teu tua o os as um uma é são sou está estou era "
        "tenho tem tens posso pode quero quer que quem onde quando porque como qual quanto quantos este esta "
        "isso e mas não do da no na em para com muito também se te me",
        "nl": "ik jij je hij zij wij jullie mij jou mijn jouw de het een is zijn ben bent was heb hebt heeft kan "
        "kun wil wilt moet wat waar wanneer waarom hoe wie welke dit dat deze en of maar niet geen van naar "
        "op voor met over ook nog alsjeblieft heet vandaag in we",
        "pl": "ja ty on ona my wy mnie mi ciebie ci mój moja twój twoja jest są jestem jesteś był mam masz ma mogę "
        "możesz chcę chcesz co gdzie kiedy dlaczego jak kto który ile czemu ten ta to i lub ale nie z do na w "
        "dla się czy lat bardzo",
        "sv": "jag du han hon vi ni de mig dig min mitt din ditt en ett är var har hade kan vill ska måste i vad vem "
        "när varför hur vilken detta och eller men inte av till på för med om också heter det den",
        "da": "jeg du han hun vi mig dig min mit din dit en et er var har kan vil skal hvad hvor hvem hvornår "
        "hvorfor hvordan dette og eller men ikke af til på for med om også hedder det den",
        "nb": "jeg du han hun vi meg deg min mitt din ditt en et er var har kan vil skal hva hvor hvem når hvorfor "
        "hvordan dette og eller men ikke av til på for med om også heter det den",
        "tr": "ben sen o biz siz onlar bana sana benim senin bir ne nerede nasıl neden niçin kim hangi kaç bu şu ve "
        "veya ama değil mı mi mu mü mısın misin için ile çok da de var yok evet hayır",
        "cs": "já ty on ona my vy mě mi tě ti můj tvůj je jsou jsem jsi byl mám máš má můžu můžeš chci chceš co kde "
        "kdy proč jak kdo který kolik ten ta to a nebo ale ne z do na v pro se let tomu",
        "ro": "eu tu el ea noi voi ei meu mea tău ta este sunt ești e era am ai are pot poți vreau vrei ce unde "
        "când de cum cine care cât câți câte acest și sau dar nu din la pe pentru cu foarte îmi îți să",
        "hu": "én te ő mi ti ők nekem neked az egy van vagyok vagy volt nem mit hol mikor miért hogy hogyan ki "
        "melyik hány ez és de is nagyon",
        "fi": "minä sinä hän me te he minun sinun on olen olet oli ei en et voi voit haluan mikä mitä missä milloin "
        "miksi miten kuka kuinka tämä se ja tai mutta kanssa myös hyvin",
        "id": "saya aku kamu anda dia kami kita mereka ini itu yang dan atau tapi tidak bukan ada apa siapa di dari "
        "ke untuk dengan bagaimana kapan mengapa berapa bisa mau sangat nama",
        "vi": "tôi bạn anh em là có không gì ai đâu khi sao thế nào bao nhiêu này và của cho với rất được tên",
    }.items()
}
