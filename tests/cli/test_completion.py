"""The shell is offered commands, options, people and addresses; and nothing, quietly, on trouble."""

import os

import pytest


@pytest.fixture
def complete(spawn):
    def call(line, **settings):
        words = line.split(" ")
        environment = {
            **os.environ,
            "_COMMSROOM_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        done = spawn(env=environment, **settings)
        assert done.err == ""
        return done.out.split()

    return call


def test_commands_are_offered(complete):
    assert complete("commsroom pl") == ["plan"]


def test_people_of_the_roster_are_offered(complete, tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/people.csv").write_text("id,name\nw100,王伟\nw200,Ann\nx1,Bob\n", "utf-8")
    assert complete("commsroom plan --person w", cwd=tmp_path) == ["w100", "w200"]
    assert complete(f"commsroom --estate {tmp_path} plan --person w2") == ["w200"]


@pytest.mark.parametrize("line", ["commsroom plan --person w", "commsroom explain pbx"])
def test_where_there_is_no_estate_nothing_is_offered(complete, tmp_path, line):
    assert complete(line, cwd=tmp_path) == []


def test_addresses_of_what_is_ours_are_offered(complete, estate):
    offered = complete(f"commsroom --estate {estate.path} explain im1:account/w")
    assert offered == ["im1:account/wei.wang", "im1:account/wei.wang2"]
