"""Logins from names: the rules as a table, and what holds for any name whatever."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.policy import logins

TABLE = [
    ("王偉", "zh-Hant", "wei.wang"),
    ("王小明", "", "xiaoming.wang"),
    ("歐陽文傑", "", "wenjie.ouyang"),
    ("歐陽", "", "yang.ou"),
    ("曾雅雯", "", "yawen.zeng"),
    ("單國強", "", "guoqiang.shan"),
    ("呂秀英", "", "xiuying.lyu"),
    ("仇英", "", "ying.qiu"),
    ("葉柏翰", "", "baihan.ye"),
    ("Seán O'Brien", "en", "sean.obrien"),
    ("Jürgen Groß", "de", "juergen.gross"),
    ("Jürgen Groß", "", "jurgen.gross"),
    ("Nguyễn Văn An", "vi", "an.nguyen"),
    ("Nguyễn Văn An", "", "nguyen.an"),
    ("Trần Minh Đức", "vi", "duc.tran"),
    ("Łukasz Wójcik", "pl", "lukasz.wojcik"),
    ("Maria de Lourdes Gonçalves", "pt", "maria.goncalves"),
    ("Nagy Ágnes", "hu", "agnes.nagy"),
    ("Sukarno", "id", "sukarno"),
    ("Anne-Marie Smith-Jones", "en", "annemarie.smithjones"),
    ("佐藤 美咲", "ja", ""),
    ("佐藤 みさき", "", ""),
    ("Анна Иванова", "ru", ""),
    ("김민수", "ko", ""),
    ('] ; " , $ \\', "", ""),
    ("007", "", ""),
]


@pytest.mark.parametrize(
    ("name", "language", "login"), TABLE, ids=[f"{name} {language}" for name, language, _ in TABLE]
)
def test_a_name_gives_a_login_by_the_stated_rules(name, language, login):
    assert logins.from_name(name, language) == login


@given(st.text(max_size=60), st.sampled_from(["", "zh-Hant", "vi", "de", "en"]))
def test_whatever_the_name_a_login_is_ascii_and_valid_or_not_made_at_all(name, language):
    login = logins.from_name(name, language)
    assert login == "" or re.fullmatch("[a-z][a-z0-9]*([.][a-z0-9]+)?", login)
    assert len(login) <= logins.LONGEST


@given(st.text(max_size=30))
def test_the_same_name_always_gives_the_same_login(name):
    assert logins.from_name(name) == logins.from_name(name)
