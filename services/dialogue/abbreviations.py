"""Words that end in a full stop without ending a sentence, a table per language. Pure data; add a row for a language.

A row needs no capitals and no last full stop. What a row lacks is taken from the English one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Abbreviations:
    """What a language writes with a full stop in the middle of a sentence."""

    never: frozenset[str]
    """Abbreviations after which the sentence goes on, as "Dr." in "Dr. Smith"."""
    before_number: frozenset[str]
    """Abbreviations only where a number follows: "No. 5", but "I said no."."""
    may_end: frozenset[str]
    """Abbreviations that end a sentence where a capital follows: "at 5 p.m. Then we left."."""
    starters: frozenset[str]
    """Words that begin sentences and hardly ever follow an abbreviation: "I live in the U.S. It is big."."""
    ordinals: bool = False
    """Whether a number with a full stop is an ordinal: "am 3. Mai"."""
    endings: tuple[str, ...] = ()
    """Abbreviations that end other words, too: "Hauptstr." is a "Str."."""

    def short(self, word: str) -> str:
        """The abbreviation that a word in small letters ends in, the word itself where there is none."""
        return next((ending for ending in self.endings if word.endswith(ending)), word)


def _row(
    never: str,
    before_number: str = "",
    may_end: str = "",
    starters: str = "",
    *,
    ordinals: bool = False,
    endings: tuple[str, ...] = (),
) -> Abbreviations:
    numbered = f"no nr n° fig vol p pp art cap ch {before_number}"
    return Abbreviations(
        never=frozenset(never.split()),
        before_number=frozenset(numbered.split()),
        may_end=frozenset(f"etc {may_end}".split()),
        starters=frozenset(starters.split()),
        ordinals=ordinals,
        endings=endings,
    )


_ENGLISH = _row(
    "mr mrs ms mx dr prof rev hon gen col capt lt sgt sr jr st vs e.g i.e u.s u.k u.n approx inc ltd co corp dept est "
    "mt ft ave blvd rd al cf viz ph.d m.d b.a m.a d.c a.d b.c",
    "jan feb mar apr jun jul aug sep sept oct nov dec sec eq tel ext",
    "a.m p.m u.s u.k inc ltd co corp al ph.d d.c ave rd jr sr a.d b.c",
    "the a an it he she we they you this that these those there then but and so if when what why how who where my your "
    "his her our their its in on at as for i i'm it's he's she's we're they're you're that's there's let however now "
    "yes no please do does did is are was were can could would will",
)
_GERMAN = _row(
    "hr hrn fr dt engl frz lat ehem sog allg dr prof st bzw ca z.b d.h u.a z.t vgl bspw evtl ggf inkl exkl zzgl tel "
    "s.o s.u v.a o.ä u.u i.d.r "
    "i.a o.g sog max min gem lt ing dipl med jur phil nat h.c u.s v.chr n.chr mio mrd geb gest verh abb bd hrsg",
    "abs jan feb mär apr jun jul aug sep sept okt nov dez kap s str hausnr",
    "usw usf etc u.ä o.ä str mio mrd v.chr n.chr u.a u.s",
    "der die das ein eine es er sie wir ich ihr du dann danach aber und so wenn was warum wie wer wo mein dein sein "
    "dies diese dieser dort hier nun ja nein bitte deshalb trotzdem außerdem",
    ordinals=True,
    endings=("str",),
)
_FRENCH = _row(
    "m mm mme mlle mlles mmes dr pr prof st ste me cie env av bd c.-à-d p.ex ex éd cf apr j.-c tél",
    "janv févr avr juil sept oct nov déc chap",
    "etc cie j.-c",
    "le la les un une il elle on nous vous ils elles je tu ce c'est cela ça mais et donc si quand que pourquoi comment "
    "qui où mon ton son oui non",
)
_SPANISH = _row(
    "sr sra srta sres dr dra d dña prof lic ing ud uds vd vds av avda p.ej ej ee.uu aprox tel cía s.a apdo gral sto "
    "sta",
    "núm pág págs cap ene feb mar abr may jun jul ago sept oct nov dic",
    "etc ee.uu cía s.a a.m p.m uds ud",
    "el la los las un una él ella es nosotros yo tú usted ellos pero y entonces si cuando qué que por cómo quién dónde "
    "mi tu su sí no",
)
_ITALIAN = _row(
    "sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa ing avv arch geom on mons s ss ecc p.es es cfr ca tel spett "
    "gent egr d.c a.c",
    "pag pagg n nn gen feb mar apr mag giu lug ago set ott nov dic cap",
    "ecc etc d.c a.c s.p.a s.r.l",
    "il lo la i gli le un una lui lei è noi io tu voi loro ma e quindi se quando che perché come chi dove mio tuo suo "
    "sì no",
)  # fmt: skip
_DUTCH = _row(
    "dhr mevr mw dr drs prof ir ing mr st ca bijv d.w.z o.a m.a.w t.a.v i.p.v enz vgl resp excl incl max min",
    "jan feb mrt apr jun jul aug sept okt nov dec blz",
    "enz etc o.a",
    "de het een hij zij ze we wij ik jij je dat dit die maar en dus als wanneer wat waarom hoe wie waar mijn ja nee",
)
_PORTUGUESE = _row(
    "sr sra srs dr dra prof profa eng av r ex p.ex aprox tel cia ltda s.a d v.ex",
    "núm pág págs cap jan fev mar abr mai jun jul ago set out nov dez",
    "etc cia ltda s.a",
    "o a os as um uma ele ela é nós eu tu você eles mas e então se quando que por como quem onde meu seu sim não",
)
_POLISH = _row(
    "dr prof inż mgr np tj tzn m.in ul al św ok tzw wg pn płk gen hab lek",
    "r s str nr tel t",
    "itd itp r in",
    "to on ona ono my ja ty oni ale i więc jeśli kiedy co dlaczego jak kto gdzie tak nie",
    ordinals=True,
)
_RUSSIAN = _row(
    "г г-н г-жа проф акад т.е т.к т.н напр см ср ул пр просп им св д-р мин макс тов",
    "стр рис табл гл тел д кв",
    "т.д т.п др г гг руб коп тыс млн млрд",
    "он она оно мы я ты вы они это но и а если когда что почему как кто где да нет",
)  # fmt: skip
_WITH_ORDINALS = _row("dr prof", ordinals=True)

_TABLE = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": _FRENCH,
    "es": _SPANISH,
    "it": _ITALIAN,
    "nl": _DUTCH,
    "pt": _PORTUGUESE,
    "pl": _POLISH,
    "ru": _RUSSIAN,
    **dict.fromkeys(("cs", "sk", "hu", "da", "nb", "no", "fi", "et", "hr", "sl", "sr", "tr", "lv"), _WITH_ORDINALS),
}


def abbreviations_of(language: str) -> Abbreviations:
    """The row of a language tag such as "de-AT"; the English one where it has none."""
    return _TABLE.get(language.replace("_", "-").split("-")[0].lower(), _ENGLISH)
