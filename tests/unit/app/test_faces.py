"""What the Ansible plugins are given: nobody named must never come to mean everybody."""

import pytest

from commsroom.app import faces
from commsroom.errors import UsageError


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], ()),
        (["L008"], ("L008",)),
        (["L008, L009", "L010"], ("L008", "L009", "L010")),
        (["L008,,"], ("L008",)),
    ],
)
def test_people_come_as_a_list_or_with_commas(given, named):
    assert faces.people(given) == named


@pytest.mark.parametrize("given", [[""], [","], [" , "], ["", ""]])
def test_naming_nobody_is_refused(given):
    with pytest.raises(UsageError, match="nobody is named"):
        faces.people(given)
