"""Lines to telephone companies, and the routes that leave by them."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from commsroom import policy as policies
from commsroom.estate.compile import SystemInfo, compile_estate
from commsroom.estate.kinds import Route, Trunk
from commsroom.estate.secret import Shape
from commsroom.policy import allocations as numbers

ROOT = Path(__file__).parents[3]
LINES = (ROOT / "tests" / "lab" / "lines.yml").read_text("utf-8").removeprefix("---")
PBX = frozenset({"extension", "voicemail", "dialling_class", "hunt_group", "trunk", "route"})
TODAY = date(2026, 11, 24)


@pytest.fixture
def compiled(tmp_path):
    """Compile the sample company with lines, after a change, for one exchange a site."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")

    def compile_with(*pairs, lines=LINES):
        file = tmp_path / "policies" / "telephony.yml"
        text = (ROOT / "policies" / "telephony.yml").read_text("utf-8") + lines
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
        policy = policies.load(tmp_path)
        proposed = numbers.propose(policy.people, numbers.load(tmp_path), policy, TODAY)
        systems = [
            SystemInfo("pbx1", PBX, sites=("taipei",)),
            SystemInfo("pbx2", PBX, sites=("kaohsiung",)),
        ]
        found = compile_estate(policy, proposed, TODAY, systems)
        return {str(i.address): i for i in found if isinstance(i.body, Trunk | Route)}

    return compile_with


def test_a_line_is_on_every_exchange_and_asks_for_the_companys_own_password(compiled):
    found = compiled()
    for system in ("pbx1", "pbx2"):
        line = found[f"{system}:trunk/main"]
        assert line.body.main_number == "886255502000"
        assert line.body.direct_prefixes == ("8862555",)
        assert [(ref.slot, ref.shape) for ref in line.secrets] == [("password", Shape.GIVEN)]
    assert found["pbx1:trunk/main"].secrets == found["pbx2:trunk/main"].secrets


def test_a_line_of_a_site_is_on_the_exchanges_of_that_site_alone(compiled):
    found = compiled("title: 備用線路", "title: 備用線路\n    site: kaohsiung")
    assert "pbx1:trunk/spare" not in found
    assert found["pbx2:trunk/spare"].body.answered_by == "8500"
    assert found["pbx1:route/national"].body.trunks == ("main",)
    assert found["pbx2:route/national"].body.trunks == ("main", "spare")


def test_a_sort_of_number_leaves_by_the_lines_that_carry_it_in_the_order_of_the_file(compiled):
    found = compiled()
    assert found["pbx1:route/national"].body.trunks == ("main", "spare")
    assert found["pbx1:route/international"].body.trunks == ("main",)
    assert "pbx1:route/premium" not in found


def test_emergency_numbers_leave_by_every_line_whatever_it_carries(compiled):
    body = compiled("destinations: [national]", "destinations: []")["pbx1:route/emergency"].body
    assert (body.exact, body.trunks) == (("110", "112", "119"), ("main", "spare"))


def test_a_route_waits_for_its_lines(compiled):
    found = compiled()
    assert {str(a) for a in found["pbx1:route/national"].needs} == {
        "pbx1:trunk/main", "pbx1:trunk/spare",
    }  # fmt: skip


def test_without_lines_there_are_no_routes(compiled):
    assert compiled(lines="") == {}
