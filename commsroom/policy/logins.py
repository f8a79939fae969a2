"""From a name to a login: ASCII by stated rules. Pure; uniqueness is the allocations' business.

1. A name in Han characters is read by pypinyin: family name first (two characters for the compound
   surnames listed here), given name joined: 王小明 → `xiaoming.wang`. Surnames with a reading of
   their own are listed here; ü is written `yu`, as in passports. Japanese and Korean names read
   these characters otherwise: theirs need `login`.
2. A name in Latin letters keeps its first and last word: `Seán O'Brien` → `sean.obrien`; in
   languages that put the family name first (vi, hu, …) the last is the given name: `Nguyễn Văn An`
   → `an.nguyen`. Accents fall away; `ß` is `ss`, `đ` is `d`; German `ä ö ü` are `ae oe ue`.
3. Anything else needs the roster's `login`.

A login once allotted never changes, whatever becomes of these rules.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

#: Longest login made here; a suffix for namesakes still fits behind it.
LONGEST: Final = 40

_FAMILY_FIRST: Final = frozenset({"hu", "ja", "ko", "vi", "zh"})
_COMPOUND: Final = frozenset(
    [
        "歐陽",
        "欧阳",
        "司馬",
        "司马",
        "諸葛",
        "诸葛",
        "上官",
        "司徒",
        "東方",
        "东方",
        "皇甫",
        "尉遲",
        "尉迟",
        "公孫",
        "公孙",
        "慕容",
        "令狐",
        "夏侯",
        "宇文",
        "長孫",
        "长孙",
        "端木",
        "軒轅",
        "轩辕",
        "南宮",
        "南宫",
        "范姜",
        "張簡",
        "张简",
    ]
)
_SURNAMES: Final = {
    "曾": "zeng", "單": "shan", "单": "shan", "仇": "qiu", "解": "xie", "查": "zha", "區": "ou",
    "区": "ou", "任": "ren", "繆": "miao", "缪": "miao", "樸": "piao", "朴": "piao", "蓋": "ge",
    "盖": "ge", "尉遲": "yuchi", "尉迟": "yuchi", "召": "shao", "覃": "qin", "翟": "zhai",
    "葉": "ye", "叶": "ye", "華": "hua", "华": "hua", "冼": "xian", "黑": "he", "洗": "xian",
    "長孫": "zhangsun", "长孙": "zhangsun",
}  # fmt: skip
#: Letters that Unicode does not decompose into a base letter and an accent.
_LETTERS: Final = str.maketrans({
    "ß": "ss", "ẞ": "ss", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ø": "o", "Ø": "o", "ł": "l",
    "Ł": "l", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th", "ı": "i",  # noqa: RUF001 - it is meant
    "ħ": "h", "Ħ": "h",
})  # fmt: skip
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_OTHER_READINGS: Final = frozenset({"ja", "ko"})
#: Kana and Hangul beside Han characters tell that these are not read as Chinese.
_SYLLABLES: Final = re.compile("[\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af]")
_NOT_LETTERS: Final = re.compile("[^a-z0-9]+")


def from_name(name: str, language: str = "") -> str:
    """Return the login a name gives, or "" when the rules have none for its script.

    `language` is the person's language tag; it decides which end of a Latin name is the family's.
    """
    text = unicodedata.normalize("NFC", name)
    if _HAN.search(text):
        chinese = language.partition("-")[0] not in _OTHER_READINGS and not _SYLLABLES.search(text)
        parts = _han(text) if chinese else ()
    else:
        parts = _latin(text, language)
    login = ".".join(part for part in parts if part)
    if len(login) > LONGEST:
        login = login[:LONGEST].rstrip(".")
    return login if re.match("[a-z]", login) else ""


def numbered(login: str, count: int) -> str:
    """Return the login of the namesake number `count`: `wei.wang`, `wei.wang2`."""
    return login if count == 1 else f"{login}{count}"


def _han(name: str) -> tuple[str, ...]:
    characters = "".join(_HAN.findall(name))
    size = 2 if characters[:2] in _COMPOUND and len(characters) > 2 else 1  # noqa: PLR2004 - 歐陽 alone is 歐 + 陽
    family, given = characters[:size], characters[size:]
    return _read(given), _SURNAMES.get(family) or _read(family)


@lru_cache(maxsize=32768)
def _read(characters: str) -> str:
    # Loading its dictionaries takes 0.2 s, and only new people need it.
    from pypinyin import lazy_pinyin

    # ü is written v by lazy_pinyin.
    return "".join(
        _NOT_LETTERS.sub("", word.replace("v", "yu")) for word in lazy_pinyin(characters)
    )


def _latin(name: str, language: str) -> tuple[str, ...]:
    if language.split("-", maxsplit=1)[0] == "de":
        name = name.translate(_GERMAN)
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    if any(sign.isalpha() and not sign.isascii() for sign in letters):
        return ()
    words = [word for part in letters.split() if (word := _NOT_LETTERS.sub("", part))]
    if len(words) < 2:  # noqa: PLR2004 - one name only
        return tuple(words)
    first, last = words[0], words[-1]
    return (last, first) if language.split("-", maxsplit=1)[0] in _FAMILY_FIRST else (first, last)
