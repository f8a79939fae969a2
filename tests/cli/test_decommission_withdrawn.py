"""decommission: a certificate that was withdrawn is none, and another is issued by the same request."""

import time
from pathlib import Path

COMPUTERS = (
    "LH-C1,computer,Lenovo,T14,PF1,,2019-01-02,,,home,,stock,,WD1\n"
    "LH-C2,computer,Lenovo,T14,PF2,,2019-01-02,,,home,,stock,,WD2\n"
)


def certified(yard, tags="LH-C1"):
    name = yard.wiped(tags, COMPUTERS)
    assert yard.validate(name).code == 0
    return name


def papers(yard):
    return sorted(Path(yard.path / "records/certificates").glob("*.certificate.json"))


def withdraw(yard, file):
    done = yard("certificate", "withdraw", file, "--by", "P1", "--reason", "wrong disk")
    assert done.code == 0, done.err
    time.sleep(1.1)  # of the same second another would be the very one that was withdrawn
    return done


def test_a_withdrawn_certificate_is_issued_again_by_the_same_request(yard) -> None:
    name = certified(yard)
    (first,) = papers(yard)
    assert f"commsroom decommission {name} --validate --by ID" in withdraw(yard, first).out
    told = yard("decommission", name)
    assert "certificate withdrawn (wrong disk): to be validated" in told.out
    assert "0 certified" in told.out
    assert yard.validate(name).document["devices"][0]["next"] == ""
    (second,) = set(papers(yard)) - {first}
    assert yard("certificate", "verify", second).code == 0
    assert yard("certificate", "verify", first).code == 2


def test_who_names_the_device_may_issue_it_again_too(yard) -> None:
    certified(yard)
    withdraw(yard, papers(yard)[0])
    assert yard.validate("LH-C1").code == 0
    assert len(papers(yard)) == 2


def test_a_batch_is_issued_again_with_the_certificate_that_counts_now(yard) -> None:
    name = certified(yard, "LH-C1 LH-C2")
    batch, one = (next(it for it in papers(yard) if it.name.startswith(x)) for x in ("b", "LH-C1"))
    withdraw(yard, one)
    assert f"decommission {name} --validate" in withdraw(yard, batch).out
    assert yard.validate(name).code == 0
    (newest,) = {it for it in papers(yard) if it.name.startswith("b")} - {batch}
    assert yard("certificate", "verify", newest).code == 0


def test_inspect_counts_a_withdrawn_certificate_as_none_until_there_is_another(yard) -> None:
    name = certified(yard)
    policy = "---\nretirement: {certificates_since: 2020-01-01}\n"
    (yard.path / "policies/equipment.yml").write_text(policy)

    def told():
        found = yard("inspect", "--no-use", "--json").document["checks"]
        return {it["place"]: it["ok"] for it in found if it["name"] == "retirement"}

    assert told() == {"certificates": True}
    withdraw(yard, papers(yard)[0])
    assert told() == {"LH-C1": False}
    yard.validate(name)
    assert told() == {"certificates": True}


def test_a_request_that_another_brought_to_its_end_wipes_and_certifies_nothing_more(yard) -> None:
    yard.devices(COMPUTERS)
    yard.attach({"serial": "WD1", "fault": "fails"})
    first = yard.ask("LH-C1", "--fate", "leaves")
    yard.sign(first)
    yard.go(first, code=2)
    second = yard.ask("LH-C1", "--fate", "leaves", "--method", "LH-C1:WD1=destroy")
    yard.sign(second)
    yard.go(second)
    seen = ("--witnessed", "LH-C1:WD1", "--by", "P3", "--witness", "P5")
    assert yard("decommission", second, *seen).code == 0
    assert yard.validate(second).code == 0
    yard.attach({"serial": "WD1"})  # what was destroyed cannot have been wiped since
    again = yard("decommission", first, "--again")
    assert (again.code, "retired by another request" in again.out) == (0, True)
    assert "PASS" not in again.out
    withdraw(yard, papers(yard)[0])
    assert "another request" in yard.validate(first).err
    assert yard("decommission", first, *seen).code == 3
    assert len(papers(yard)) == 1


def test_what_a_trial_certified_is_said_to_prove_nothing(yard) -> None:
    certified(yard)
    signers = ("--no-ledger", "--signers", yard.path / "policies/approvers")
    for words in ((), signers):
        assert (
            "[simulated: proves nothing]"
            in yard("certificate", "verify", *words, *papers(yard)).out
        )
    found = yard("certificate", "verify", "--json", *papers(yard)).document["files"]
    assert [it["simulated"] for it in found] == [True]


def test_what_names_no_device_is_not_taken_for_the_list(yard) -> None:
    for words in (
        ("--validate", "--by", "P4", "--key", yard.keys / "P4"),
        ("--again",),
        ("--by", "P3"),
    ):
        done = yard("decommission", *words)
        assert (done.code, done.out) == (1, "")
        assert "name the devices, or the request" in done.err
