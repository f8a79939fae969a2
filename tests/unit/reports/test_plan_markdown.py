"""A plan as a comment: what it says cannot become markup, and it is never longer than a comment."""

import re

from commsroom.estate.kinds import Account
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.reports import plan_markdown


def change(action, login, before="Before", after="After"):
    address = Address("im1", "account", login)

    def named(name):
        return Resource(address, Account(display_name=name))

    return Change(action, address, named(before), named(after), ("display_name",))


def test_each_change_is_drawn_as_a_diff_has_it():
    changes = (change(Action.ADOPT, "ann"), change(Action.UPDATE, "bo"))
    deleted = Change(Action.DELETE, Address("im1", "account", "cy"), changes[0].before, None)
    page = plan_markdown.render(Plan((*changes, deleted)), "Small")
    assert re.findall(r"^([+!-] \w+) im1", page, re.MULTILINE) == [
        "+ adopt",
        "! update",
        "- delete",
    ]


def test_nothing_from_outside_ends_the_block_or_mentions_anybody():
    plan = Plan((change(Action.UPDATE, "bo", "````\n@all"),), unknown={"pbx1": "<b>@all</b>"})
    page = plan_markdown.render(plan, "*Small* @all", objection="`too` @many")
    head, fence, block = page.partition("\n`````diff\n")
    assert fence
    assert block.count("`````") == 1
    assert not re.search(r"(?<!\\)[@<*]all|(?<!\\)<b>|(?<!\\)@many", head)
    assert "**apply would refuse it:** \\`too\\` \\@many" in head
    assert "**Unknown: pbx1**" in head


def test_a_plan_longer_than_a_comment_is_cut_at_a_line_and_says_so():
    changes = tuple(change(Action.UPDATE, f"p{number}", "字" * 300) for number in range(150))
    page = plan_markdown.render(Plan(changes), "Small", full=True)
    assert len(page.encode()) < 65_536
    assert re.search(r"\n```\n\n\d+ more lines: `commsroom plan` shows them\.\n$", page)


def test_a_simulated_plan_is_labelled():
    page = plan_markdown.render(Plan(simulated=frozenset({"im1"})), "Small")
    assert "simulated" in page.partition("```")[0]
