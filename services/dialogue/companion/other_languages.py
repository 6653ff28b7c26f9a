"""Notices in forty languages that the companion speaks only English and German."""

from __future__ import annotations

from services.dialogue.language.names import subtag_of

NOTICES = {
    "ar": "عذرًا، أتحدث الإنجليزية والألمانية فقط.",
    "bg": "Съжалявам, говоря само английски и немски.",
    "bn": "দুঃখিত, আমি শুধু ইংরেজি আর জার্মান বলতে পারি।",
    "ca": "Ho sento, només parlo anglès i alemany.",
    "cs": "Bohužel mluvím jen anglicky a německy.",
    "da": "Jeg taler desværre kun engelsk og tysk.",
    "el": "Λυπάμαι, μιλάω μόνο αγγλικά και γερμανικά.",
    "es": "Lo siento, solo hablo inglés y alemán.",
    "et": "Kahjuks räägin ma ainult inglise ja saksa keelt.",
    "fa": "متأسفم، من فقط انگلیسی و آلمانی صحبت می‌کنم.",
    "fi": "Valitettavasti puhun vain englantia ja saksaa.",
    "fr": "Pardon, je ne parle que l'anglais et l'allemand.",
    "he": "סליחה, כאן מדברים רק אנגלית וגרמנית.",
    "hi": "माफ़ कीजिए, मुझे केवल अंग्रेज़ी और जर्मन आती है।",
    "hr": "Nažalost, govorim samo engleski i njemački.",
    "hu": "Sajnálom, csak angolul és németül beszélek.",
    "id": "Maaf, saya hanya bisa berbahasa Inggris dan Jerman.",
    "it": "Mi dispiace, parlo solo inglese e tedesco.",
    "ja": "すみません、わたしは えいごと ドイツごしか はなせません。",
    "ko": "죄송하지만 저는 영어와 독일어만 할 수 있어요.",
    "lt": "Atsiprašau, kalbu tik angliškai ir vokiškai.",
    "lv": "Diemžēl es runāju tikai angliski un vāciski.",
    "ms": "Maaf, saya hanya boleh berbahasa Inggeris dan Jerman.",
    "nb": "Jeg snakker dessverre bare engelsk og tysk.",
    "nl": "Sorry, ik spreek alleen Engels en Duits.",
    "pl": "Niestety mówię tylko po angielsku i po niemiecku.",
    "pt": "Desculpe, só falo inglês e alemão.",
    "ro": "Îmi pare rău, vorbesc doar engleză și germană.",
    "ru": "К сожалению, я говорю только по-английски и по-немецки.",
    "sk": "Bohužiaľ hovorím len po anglicky a po nemecky.",
    "sl": "Žal govorim samo angleško in nemško.",
    "sr": "Нажалост, говорим само енглески и немачки.",
    "sv": "Tyvärr talar jag bara engelska och tyska.",
    "ta": "மன்னிக்கவும், எனக்கு ஆங்கிலமும் ஜெர்மனும் மட்டுமே தெரியும்.",
    "th": "ขออภัย ฉันพูดได้แค่ภาษาอังกฤษและภาษาเยอรมัน",
    "tr": "Üzgünüm, sadece İngilizce ve Almanca konuşuyorum.",
    "uk": "На жаль, я розмовляю лише англійською та німецькою.",
    "ur": "معذرت، مجھے صرف انگریزی اور جرمن آتی ہے۔",
    "vi": "Xin lỗi, tôi chỉ nói được tiếng Anh và tiếng Đức.",
    "zh": "对不起，我只会说英语和德语。",
}
"""By language subtag; Japanese in kana, which eSpeak NG reads."""

OTHERWISE = "I am sorry, I speak only English and German."


def notice_for(language: str) -> str | None:
    """That only English and German are spoken here, in the person's language where it is known; None for those two.

    Args:
        language: BCP-47.
    """
    subtag = subtag_of(language)
    return None if subtag in ("en", "de") else f"[sad] {NOTICES.get(subtag, OTHERWISE)}"
