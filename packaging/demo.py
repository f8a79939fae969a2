"""`make demo`: the whole loop on real servers, every command shown, every claim checked.

It works on a copy of this repository's estate in `.demo/`, so that the checkout stays as it is.
Run again, it starts from what the first run left and takes seconds.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from meddling import Meddler, OnFakes, OnServers
from rich.console import Console
from rich.markup import escape
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parent.parent
ESTATE: Final = ROOT / ".demo"
BIN: Final = Path(sys.executable).parent
#: One page of what was changed by hand, one of how it stands after the repair.
BEFORE: Final = ESTATE / "drift-before-repair.html"
AFTER: Final = ESTATE / "drift-after-repair.html"
LINKED: Final = ("roles", "playbooks", "plugins", ".venv", "ansible.cfg")
COPIED: Final = ("inventory", "policies")
JOINER: Final = {
    "id": "L901", "name": "林小晴", "login": "xiaoqing.lin", "department": "sales", "position": "sales-representative",
    "site": "taipei", "kind": "staff", "start": "2026-01-05",
}  # fmt: skip

LEAVER: Final = "L012"
LEAVERS_ACCOUNTS: Final = 3

console = Console(highlight=False, soft_wrap=True)


class DemoFailedError(Exception):
    """A step did not show what it must."""


@dataclass
class Demo:
    """The steps, their times, and whether real servers or fakes answered."""

    simulated: bool = False
    times: list[tuple[str, float, str]] = field(default_factory=list)

    def step(self, title: str, work: Callable[[], str]) -> None:
        """Run one step, time it, and keep its one-line result for the table at the end."""
        console.rule(f"[bold]{title}", align="left")
        started = time.monotonic()
        result = work()
        self.times.append((title, time.monotonic() - started, result))

    def run(self, *argv: str, expect: int = 0, show: bool = True) -> str:
        """Run a command of ours as an operator would, show it, and insist on its exit code."""
        console.print(f"[cyan]$ {' '.join(argv)}[/]")
        done = subprocess.run(
            [str(BIN / argv[0]), *argv[1:]], cwd=ESTATE, env=self.environment(), check=False,
            stdout=subprocess.PIPE, stderr=None if show else subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if show:
            console.print(_shortened(done.stdout), markup=False)
        if done.returncode != expect:
            raise DemoFailedError(
                f"{' '.join(argv)}: exit {done.returncode}, expected {expect}\n{done.stderr or done.stdout}"
            )
        return done.stdout

    def commsroom(self, *argv: str, expect: int = 0, show: bool = True) -> str:
        """Run `commsroom`."""
        return self.run("commsroom", *argv, expect=expect, show=show)

    def json(self, *argv: str, expect: int = 0) -> Any:
        """Run a command with --json, quietly, and return what it says."""
        return json.loads(self.commsroom(*argv, "--json", expect=expect, show=False))

    def number(self, person: str) -> str:
        """Return somebody's extension."""
        found = self.json("show", "pbx1:extension/*", "--person", person)["resources"]
        return str(found[0]["address"].rpartition("/")[2])

    def simulate(self) -> None:
        """Go on with fakes: the inventory says so, for commsroom and Ansible alike."""
        self.simulated = True
        file = ESTATE / "inventory" / "group_vars" / "all.yml"
        file.write_text("---\ncommsroom_simulated: true\n", "utf-8")

    @property
    def meddler(self) -> Meddler:
        """Whoever changes things by hand."""
        return (OnFakes if self.simulated else OnServers)(ESTATE, _by_hand)

    def environment(self) -> dict[str, str]:
        """Ours first on PATH, Ansible configured by the estate."""
        return {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(ESTATE / "ansible.cfg"),
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        }


def _by_hand(place: str, what: str) -> None:
    console.print(f"{place}# {what}", style="magenta", markup=False)


def _shortened(text: str, most: int = 40) -> str:
    lines = text.rstrip().splitlines()
    if len(lines) <= most:
        return "\n".join(lines)
    hidden = len(lines) - most
    return "\n".join([*lines[: most - 10], f"… {hidden} more lines …", *lines[-10:]])


def prepare() -> None:
    """Make or renew the copy of the estate; what it remembers (.commsroom) stays."""
    ESTATE.mkdir(exist_ok=True)
    for name in LINKED:
        link = ESTATE / name
        if not link.is_symlink():
            link.symlink_to(Path("..") / name)
    kept = ESTATE / "policies" / "allocations.lock"
    numbers = kept.read_bytes() if kept.exists() else None
    for name in COPIED:
        shutil.rmtree(ESTATE / name, ignore_errors=True)
        shutil.copytree(ROOT / name, ESTATE / name)
    if numbers is not None:
        kept.write_bytes(numbers)
        # Whom the last run brought on board has left long ago.
        roster(lambda rows: rows.append({**JOINER, "end": JOINER["start"]}))


def roster(change: Callable[[list[dict[str, str]]], None]) -> None:
    """Edit policies/people.csv as the personnel department would."""
    file = ESTATE / "policies" / "people.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = list(rows[0])
    change(rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def expect_equal(what: str, got: Sequence[str], wanted: Sequence[str]) -> None:
    """Insist that two sets of names are the same."""
    if sorted(got) != sorted(wanted):
        raise DemoFailedError(f"{what}: expected {sorted(wanted)}, got {sorted(got)}")


def lab_up(demo: Demo) -> str:
    """Bring the servers up; without containers or root, go on with fakes and say so."""
    argv = [str(BIN / "commsroom"), "lab", "up"]
    console.print("[cyan]$ commsroom lab up[/]")
    done = subprocess.run(
        argv, cwd=ESTATE, env=demo.environment(), check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        demo.simulate()
        return "no lab here: simulated"
    return "3 servers answer"


def apply_policy(demo: Demo) -> str:
    """From policy to accounts, on whatever state the last run left."""
    demo.commsroom("validate")
    said = demo.commsroom("apply", "--yes")
    return _last(said, "Applied: ") or "nothing to do"


def prove_all(demo: Demo) -> str:
    """Use every account."""
    return _last(demo.commsroom("prove"), "Proven: ")


def _last(said: str, beginning: str) -> str:
    """Return the rest of the last line that begins so."""
    found = [
        line.removeprefix(beginning) for line in said.splitlines() if line.startswith(beginning)
    ]
    return found[-1].partition(" [")[0].rstrip(".") if found else ""


def onboard(demo: Demo) -> str:
    """A row in the roster, one playbook."""

    def joins(rows: list[dict[str, str]]) -> None:
        rows[:] = [*(row for row in rows if row["id"] != JOINER["id"]), dict(JOINER)]

    roster(joins)
    console.print(f"policies/people.csv: + {JOINER['id']},{JOINER['name']}", markup=False)
    demo.run("ansible-playbook", "playbooks/onboard.yml", "-e", f"person={JOINER['id']}")
    return f"{JOINER['name']} works"


def tamper(demo: Demo) -> list[str]:
    """Change four things by hand; return the addresses that drift must name."""
    number = demo.number("L007")
    demo.meddler.dialling_class(number)
    demo.meddler.mailbox_password("hong.pham@lianhe.example")
    demo.meddler.room_member("hong.pham")
    demo.meddler.stranger(there=True)
    return [
        f"pbx1:extension/{number}",
        "mail1:mailbox/hong.pham@lianhe.example",
        "im1:member/sales/hong.pham",
        "im1:account/stranger",
    ]


def find_drift(demo: Demo) -> str:
    """Drift must find exactly what was done, and apply must repair it."""
    wanted = tamper(demo)
    findings = demo.json("drift", "--format", "html", "--out", str(BEFORE), expect=2)["findings"]
    for item in findings:
        fields = ", ".join(part["name"] for part in item["differences"])
        console.print(f"  {item['kind']:<8} {item['address']}  {fields}", markup=False)
    found = [item["address"] for item in findings]
    expect_equal("drift", found, wanted)
    return f"exactly the {len(wanted)} changes found"


def repair(demo: Demo) -> str:
    """Apply puts policy back; what is foreign is left to the administrator."""
    demo.commsroom("apply", "--yes")
    demo.meddler.stranger(there=False)
    left = demo.json("drift", "--format", "html", "--out", str(AFTER))["findings"]
    expect_equal("after repair", [item["address"] for item in left], [])
    return "as policy says"


def offboard(demo: Demo) -> str:
    """A last day in the roster, one playbook: refused everywhere."""

    def leaves(rows: list[dict[str, str]]) -> None:
        for row in rows:
            if row["id"] == LEAVER:
                row["end"] = (date.today() - timedelta(days=1)).isoformat()  # noqa: DTZ011 - the roster's own day

    roster(leaves)
    console.print(f"policies/people.csv: {LEAVER} has an end date", markup=False)
    said = demo.run(
        "ansible-playbook", "playbooks/offboard.yml", "-v", "-e", f"person={LEAVER}", show=False
    )
    refused = sorted(
        {item["address"] for item in _proofs(said) if item["expected"] == "refused" and item["ok"]}
    )
    for address in refused:
        console.print(f"refused: {address}", markup=False)
    if len(refused) < LEAVERS_ACCOUNTS:
        raise DemoFailedError(f"refusals proven only at {refused}")
    return f"refused at {len(refused)} accounts"


def _proofs(said: str) -> list[dict[str, Any]]:
    """Return the proofs among the results that a playbook printed as JSON."""
    found = []
    for part in said.split(" => ")[1:]:
        with contextlib.suppress(ValueError):
            result, _ = json.JSONDecoder().raw_decode(part)
            found += result.get("proofs", [])
    return found


def settle(demo: Demo) -> str:
    """Nothing is left to do."""
    demo.commsroom("plan", "--detailed-exitcode")
    return "empty"


def main() -> int:
    """Run all steps; tell the times; 0 when every claim held."""
    prepare()
    demo = Demo()
    steps: list[tuple[str, Callable[[Demo], str]]] = [
        ("Servers", lab_up), ("Validate, plan, apply", apply_policy), ("Prove every account", prove_all),
        ("Onboard somebody", onboard), ("Find what was changed by hand", find_drift), ("Repair", repair),
        ("Offboard somebody", offboard), ("Plan again", settle),
    ]  # fmt: skip
    try:
        for title, work in steps:
            demo.step(title, partial(work, demo))
    except DemoFailedError as error:
        console.print(f"[bold red]The demo failed:[/] {escape(str(error))}")
        return 1
    _table(demo)
    return 0


def _table(demo: Demo) -> None:
    label = " [simulated]" if demo.simulated else ""
    table = Table(title=f"From policy to proven accounts{escape(label)}")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("result")
    for title, seconds, result in demo.times:
        table.add_row(title, f"{seconds:.1f}", result + escape(label))
    table.add_row(
        "all", f"{sum(seconds for _, seconds, _ in demo.times):.1f}", escape(label.strip())
    )
    console.print(table)
    console.print("Reports, to open in a browser:")
    console.print(f"  {BEFORE}  what was changed by hand, before it was repaired", markup=False)
    console.print(f"  {AFTER}   how it stands since, and what was repaired", markup=False)


if __name__ == "__main__":
    sys.exit(main())
