"""Whatever policy asked for before and asks for now: applying converges, and what is not ours stays."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom.backends.postfix_dovecot import on_target_state as state
from commsroom.estate.backend import Status

BY_HAND = {
    state.USERS: "# a note of mine\nhand@a.test:{SSHA512}abc:::Hand:::\n",
    state.LISTS: "tea@a.test hand@a.test,\n   x@elsewhere.test\n",
    state.SENDERS: "# keep\n\nhand@a.test hand@a.test\n",
    "/var/vmail/a.test/hand/Maildir/dovecot-acl": "user=x@a.test lr\n",
}
LOGINS = ("ann", "bob", "cy", "dan")
RIGHTS = st.lists(
    st.sampled_from(["read", "receive", "send"]), unique=True, min_size=1, max_size=3
).map(lambda rights: tuple(sorted(rights)))


@st.composite
def companies(draw):
    """Draw what policy may ask for: people, a shared mailbox with grants, and lists."""
    people = draw(st.lists(st.sampled_from(LOGINS), unique=True))
    boxes = draw(st.lists(st.sampled_from(("box", "desk")), unique=True))
    aliases = {one: draw(st.sampled_from(((), (f"{one}.alias@a.test",)))) for one in people}
    flags = {one: (draw(st.booleans()), draw(st.booleans())) for one in people}
    grants = {
        (box, one): draw(RIGHTS) for box in boxes for one in people if draw(st.booleans())
    }  # fmt: skip
    lists = {
        f"list{number}": tuple(sorted(f"{one}@a.test" for one in people if draw(st.booleans())))
        for number in range(draw(st.integers(0, 2)))
    }
    return people, boxes, aliases, flags, grants, lists


def resources(world, company):
    people, boxes, aliases, flags, grants, lists = company
    return [
        *(
            world.mailbox(one, aliases=aliases[one], suspended=flags[one][0], receives=flags[one][1])
            for one in people
        ),
        *(
            world.resource(f"shared_mailbox/{box}@a.test", title=box, custodian="", suspended=False)
            for box in boxes
        ),
        *(
            world.resource(f"grant/{box}@a.test/{one}", rights=rights)
            for (box, one), rights in grants.items()
        ),
        *(
            world.resource(f"list/{name}@a.test", title=name, members=members, posters="internal")
            for name, members in lists.items()
        ),
    ]  # fmt: skip


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=companies(), after=companies())
def test_any_company_becomes_any_other(world, before, after):
    with tempfile.TemporaryDirectory() as folder:
        world = type(world)(Path(folder) / "mail1.json")
        for path, text in BY_HAND.items():
            world.by_hand(path, text)
        for company in (before, after):
            desired = resources(world, company)
            assert {one.status for one in world.apply(desired)} <= {Status.DONE}
            assert world.lines(desired) == []
        world.apply([])
        kept = {path: text for path, text in world.server.files.items() if text}
        assert kept == BY_HAND
