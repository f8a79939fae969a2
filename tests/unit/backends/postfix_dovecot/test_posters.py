"""The policy service that decides who may write to a list, as Postfix talks to it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "roles/mail/files/posters.py"


def _load():
    spec = importlib.util.spec_from_file_location("posters", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


POSTERS = {"in@a.test": "internal", "mem@a.test": "members", "any@a.test": "anyone"}
LISTS = {"mem@a.test": "ann@a.test, bob@a.test"}


class Rows(dict):
    def get(self, key):
        return super().get(key, "")


@pytest.mark.parametrize(
    ("recipient", "login", "allowed"),
    [
        ("in@a.test", "", False),
        ("in@a.test", "cy@a.test", True),
        ("mem@a.test", "", False),
        ("mem@a.test", "cy@a.test", False),
        ("MEM@a.test", "ann@a.test", True),
        ("any@a.test", "", True),
        ("ann@a.test", "", True),
    ],
)
def test_a_list_takes_mail_from_those_it_names(recipient, login, allowed):
    request = {"recipient": recipient, "sasl_username": login, "sender": "ann@a.test"}
    action = _load().decide(request, Rows(POSTERS), Rows(LISTS))
    assert (action == "DUNNO") is allowed


def test_one_process_answers_request_after_request():
    questions = "request=smtpd_access_policy\nrecipient=x@a.test\n\n" * 2
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT)], input=questions, capture_output=True, text=True, timeout=20, check=True
    )  # fmt: skip
    assert done.stdout == "action=DUNNO\n\n" * 2
