"""The program on the server: what telephones are served, what was fetched, and what is destroyed."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from pathlib import Path

import pytest

from commsroom.backends import on_target as shared
from commsroom.backends.phone import on_target, on_target_exchange, on_target_fetches

MARK = "\ue000"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A provisioning server's folders, and the little of its machine that the program uses."""
    folder = tmp_path / "provisioning"
    for name in ("devices", "tokens", "certified"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setattr(on_target, "locked", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(on_target.shutil, "chown", lambda *_: None)
    monkeypatch.setattr(on_target, "replace", unowned)
    monkeypatch.setattr(on_target, "run", lambda _argv, text="", **_: f"$6$salt${hash(text)}\n")
    secret = tmp_path / "manager.conf"
    return {
        "folder": str(folder), "log": str(tmp_path / "fetches.log"), "seconds": 0.3,
        "manager_port": 9, "manager_secret": str(secret),
    }  # fmt: skip


def unowned(path, text, *, mode, owner=None, group=None):
    assert owner in {None, "root"}
    assert group in {None, "www-data"}
    return shared.replace(path, text, mode=mode)


def put(key, identity, *, number="2101", secrets=("admin", "fetch", "sip"), **change):
    return {
        "do": "put", "key": key, "id": identity, "main": f"{identity}.cfg", "by_url": False,
        "event": "check-sync", "notify": False, "moving": [], "values": {"number": number, "mac": "00:15:65:00:00:01"},
        "texts": {f"{identity}.cfg": f"line {number} {MARK}sip{MARK}\n"},
        "secrets": {slot: {"clear": f"{key}{slot}0123456789", "written": f"<{key}{slot}>"} for slot in secrets},
        **change,
    }  # fmt: skip


def apply(server, *ops):
    token = on_target.read(server)["token"]
    return on_target.apply({**server, "ops": ops, "token": token, "fence": 1, "estate_id": "x"})


def path(server, *parts):
    return Path(server["folder"], *parts)


def fetched(server, identity, *, status="200", agent="Yealink", name=None):
    line = {
        "at": "2026-11-26T01:00:00+00:00", "from": "198.18.7.1", "status": status, "agent": agent,
        "name": name or f"{identity}.cfg",
        "profile": str(path(server, "devices", identity, "current").resolve()),
    }  # fmt: skip
    with Path(server["log"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def test_a_telephone_is_served_its_secrets_and_its_folder_is_changed_in_one_step(server):
    assert apply(server, put("A", "001565000001"))["results"] == [""]
    link = path(server, "devices", "001565000001", "current")
    assert link.is_symlink()
    with Path(link / "001565000001.cfg").open(encoding="utf-8") as file:
        assert file.read() == "line 2101 <Asip>\n"
    with Path(path(server, "htpasswd")).open(encoding="ascii") as file:
        assert file.read().startswith("001565000001:$6$")
    assert [one.name for one in path(server, "tokens").iterdir()] == []


def test_a_certificate_s_name_in_capitals_leads_to_the_same_folder(server):
    apply(server, put("A", "0015650000ab"))
    names = sorted(one.name for one in path(server, "certified").iterdir())
    assert names == ["0015650000AB", "0015650000ab"]
    assert path(server, "certified", "0015650000AB", "profile.json").exists()


def test_what_is_kept_is_for_root_alone(server):
    apply(server, put("A", "001565000001"))
    mode = path(server, "devices", "001565000001", "profile.json").stat().st_mode
    assert mode & 0o077 == 0


def test_an_update_needs_no_secret_again_and_yesterday_s_files_are_gone(server):
    apply(server, put("A", "001565000001"))
    before = str(path(server, "devices", "001565000001", "current").readlink())
    answer = apply(server, put("A", "001565000001", number="2107", secrets=()))
    after = str(path(server, "devices", "001565000001", "current").readlink())
    assert answer["results"] == [""]
    assert before != after
    assert sorted(
        [one.name for one in path(server, "devices", "001565000001").iterdir()]
    ) == sorted([after, "current", "profile.json"])


def test_a_new_profile_lacking_a_secret_is_refused_by_name(server):
    answer = apply(server, put("A", "001565000001", secrets=("admin", "fetch")))
    assert answer["results"] == ["it cannot be without its sip secret"]


def test_deleting_destroys_what_held_passwords_and_closes_the_account(server):
    apply(server, put("A", "001565000001"), put("B", "001565000002"))
    apply(server, {"do": "delete", "key": "A"})
    assert [one.name for one in path(server, "devices").iterdir()] == ["001565000002"]
    with Path(path(server, "htpasswd")).open(encoding="ascii") as file:
        assert "001565000001" not in file.read()


def test_one_identity_serves_one_device(server):
    answer = apply(server, put("A", "001565000001"), put("B", "001565000001"))
    assert answer["results"] == ["", "another profile is served to 001565000001 already"]


@pytest.mark.parametrize("identity", ["../etc", "A B", "", "x/y", "-x"])
def test_no_identity_leads_out_of_the_folder(server, identity):
    assert apply(server, put("A", identity))["results"] == ["its files cannot have such names"]


def test_a_telephone_with_nothing_but_a_url_gets_a_link_by_its_secret_and_no_account(server):
    apply(server, put("A", "lh-s01", by_url=True))
    assert [one.name for one in path(server, "tokens").iterdir()] == ["Afetch0123456789"]
    with Path(path(server, "htpasswd")).open(encoding="ascii") as file:
        assert file.read() == ""


def test_reading_gives_no_secret_away(server):
    apply(server, put("A", "001565000001"))
    assert "0123456789" not in json.dumps(on_target.read(server))


@pytest.mark.parametrize("harm", ["edit", "extra", "account", "link"])
def test_a_change_behind_our_back_shows(server, harm):
    apply(server, put("A", "001565000001"))
    current = path(server, "devices", "001565000001", "current")
    if harm == "edit":
        with Path(current / "001565000001.cfg").open("a", encoding="utf-8") as file:
            file.write("account.2.enable = 1\n")
    elif harm == "extra":
        with Path(current / "y000000000000.cfg").open("w", encoding="utf-8") as file:
            file.write("x")
    elif harm == "account":
        path(server, "htpasswd").write_text("")
    else:
        current.unlink()
    assert on_target.read(server)["profiles"]["A"]["intact"] is False


def test_a_folder_somebody_made_by_hand_is_sealed(server):
    path(server, "devices", "byhand").mkdir()
    answer = on_target.read(server)
    assert answer["sealed"] == ["byhand"]
    assert answer["profiles"] == {}


def test_the_state_moves_with_what_is_served_and_not_with_what_is_fetched(server):
    apply(server, put("A", "001565000001"))
    token = on_target.read(server)["token"]
    fetched(server, "001565000001")
    assert on_target.read(server)["token"] == token
    path(server, "devices", "001565000001", "current").unlink()
    assert on_target.read(server)["token"] != token


def test_a_stale_plan_is_refused(server):
    with pytest.raises(shared.TargetError) as refused:
        on_target.apply({**server, "ops": [], "token": "old", "fence": 1, "estate_id": "x"})
    assert refused.value.kind == "moved"


def test_a_server_without_the_role_is_said_to_be_one(server, tmp_path):
    with pytest.raises(shared.TargetError, match="run the role provisioning"):
        on_target.apply({**server, "folder": str(tmp_path / "none"), "ops": [], "token": ""})


# ── what was fetched ────────────────────────────────────────────────────────────────────────


def seen(server, key="A"):
    return on_target.read(server)["profiles"][key]["fetched"]


def test_nothing_fetched_is_never(server):
    apply(server, put("A", "001565000001"))
    assert seen(server) is None


def test_the_log_names_the_very_profile(server):
    apply(server, put("A", "001565000001"))
    fetched(server, "001565000001")
    assert seen(server)["current"] is True
    apply(server, put("A", "001565000001", number="2107", secrets=()))
    assert seen(server)["current"] is False
    fetched(server, "001565000001")
    assert seen(server)["current"] is True


@pytest.mark.parametrize(
    "change", [{"status": "401"}, {"status": "404"}, {"agent": "commsroom"}, {"name": "x.boot"}]
)
def test_what_was_refused_or_is_our_own_look_or_not_the_profile_proper_does_not_count(
    server, change
):
    apply(server, put("A", "001565000001"))
    fetched(server, "001565000001", **change)
    assert seen(server) is None


def test_the_log_before_its_last_rotation_is_read_and_nonsense_skipped(server):
    apply(server, put("A", "001565000001"))
    fetched(server, "001565000001")
    Path(server["log"]).rename(server["log"] + ".1")
    with Path(server["log"]).open("w", encoding="utf-8") as log:
        log.write('{"half": \nnonsense\n[]\n{"status": "x"}\n')
    assert seen(server)["current"] is True


def test_waiting_ends_with_the_fetch_or_with_the_time(server):
    apply(server, put("A", "001565000001"))
    digest = str(path(server, "devices", "001565000001", "current").readlink())
    wanted = {"A": ("001565000001/001565000001.cfg", digest)}
    log = on_target_fetches.Path(server["log"])
    assert on_target_fetches.wait(log, wanted, 0.2) == {}
    fetched(server, "001565000001")
    assert on_target_fetches.wait(log, wanted, 5)["A"] < 1


# ── the exchange ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def exchange(server, tmp_path):
    """An exchange's manager interface, with two contacts; `heard` is what it was told."""
    (tmp_path / "manager.conf").write_text("[commsroom]\nsecret=abc123\n")
    listener = socket.create_server(("127.0.0.1", 0))
    server["manager_port"] = listener.getsockname()[1]
    heard = []

    def serve():
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                told = b""
                while b"Action: Logoff" not in told:
                    told += line.recv(4096)
                heard.append(told.decode())
                line.sendall(b"Asterisk Call Manager/9.0\r\nResponse: Success\r\n\r\n")
                for agent, address in (
                    ("Yealink SIP-T54W 96.86 00:15:65:00:00:01", "10.0.0.5"),
                    ("x", "10.0.0.6"),
                ):
                    text = (
                        f"Event: ContactList\r\nEndpoint: 2101\r\nViaAddr: {address}\r\nUserAgent: {agent}\r\n"
                        f"Uri: sip:2101@{address}:40000;transport=tls\r\n\r\n"
                    )
                    line.sendall(text.encode())

    threading.Thread(target=serve, daemon=True).start()
    yield heard
    listener.close()


def test_a_telephone_is_told_by_its_vendor_s_event_and_the_secret_is_the_server_s(server, exchange):
    answer = apply(server, put("A", "001565000001", notify=True))
    assert answer["notes"] == {"A": "its telephone was told, and has not fetched it within 0.3 s"}
    told = next(text for text in exchange if "PJSIPNotify" in text)
    uri = "sip:2101@10.0.0.5:40000;transport=tls"
    assert f"Action: PJSIPNotify\r\nURI: {uri}\r\nVariable: Event=check-sync\r\n" in told
    assert told.count("PJSIPNotify") == 1  # the other telephone with that number hears nothing


def test_one_that_cannot_be_told_apart_is_told_with_all_of_its_number(server, exchange):
    apply(server, put("A", "001565000002", notify=True))
    told = next(text for text in exchange if "PJSIPNotify" in text)
    assert "Action: PJSIPNotify\r\nEndpoint: 2101\r\nVariable: Event=check-sync\r\n" in told


def test_one_that_is_not_registered_is_said_to_be_so(server, exchange):
    answer = apply(server, put("A", "001565000001", notify=True, number="2999"))
    assert answer["notes"]["A"].startswith("its telephone is not registered")


def test_one_that_takes_no_notify_is_not_told(server, exchange):
    apply(server, put("A", "lh-s01", notify=True, event=""))
    assert not any("PJSIPNotify" in text for text in exchange)


def test_a_contact_is_a_telephone_s_by_its_mac_or_by_where_it_fetched_from(server, exchange):
    contacts = on_target_exchange.contacts(server)
    mine = {"id": "001565000001", "values": {"number": "2101", "mac": "00:15:65:00:00:01"}}
    other = {"id": "001565000009", "values": {"number": "2101", "mac": "00:15:65:00:00:09"}}
    assert on_target_exchange.registered(contacts, mine, None) is True
    assert on_target_exchange.registered(contacts, other, None) is False
    assert on_target_exchange.registered(contacts, other, {"from": "10.0.0.6"}) is True
    assert on_target_exchange.registered(contacts, other, {"from": "10.0.0.7"}) is False


def test_without_an_exchange_on_the_machine_nothing_is_claimed(server):
    apply(server, put("A", "001565000001"))
    assert on_target.read(server)["profiles"]["A"]["registered"] is None


def test_an_event_with_a_line_break_is_not_sent(server, exchange):
    answer = apply(server, put("A", "001565000001", notify=True, event="x\r\nAction: Originate"))
    assert answer["notes"] == {"A": "the exchange broke off"}
    assert not any("Originate" in text for text in exchange)


def test_two_telephones_change_places_in_one_batch(server):
    apply(server, put("A", "001565000001", number="2101"), put("B", "001565000002", number="2102"))
    swap = {"secrets": (), "moving": ["A", "B"]}
    answer = apply(
        server,
        put("A", "001565000002", number="2101", **swap),
        put("B", "001565000001", number="2102", **swap),
    )
    assert answer["results"] == ["", ""]
    found = on_target.read(server)["profiles"]
    assert {key: one["intact"] for key, one in found.items()} == {"A": True, "B": True}
    served = path(server, "devices", "001565000002", "current", "001565000002.cfg")
    assert served.read_text("utf-8") == "line 2101 <Asip>\n"


def test_an_inspection_counts_who_has_an_older_profile_and_who_never_came(server, monkeypatch):
    apply(server, put("A", "001565000001"), put("B", "001565000002"), put("C", "001565000003"))
    lines = [
        {"profile": f"{server['folder']}/devices/{identity}/{digest}", "name": f"{identity}.cfg", "status": 200,
         "at": "2026-03-02T08:00:00+08:00", "from": "192.0.2.7", "agent": "phone"}
        for identity, digest in (
            ("001565000001", path(server, "devices", "001565000001", "current").resolve().name),
            ("001565000002", "0123456789abcdef"),
        )
    ]  # fmt: skip
    Path(server["log"]).write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    found = on_target.inspect(server)

    assert found["fetches"] == {"profiles": 3, "strangers": [], "older": ["B"], "never": ["C"]}
    assert found["nginx"] == {"fault": ""}
    assert 0 < found["store"]["free"] <= found["store"]["blocks"]
    assert "sip0123456789" not in json.dumps(found)


def test_an_inspection_says_what_it_could_not_see_and_sees_the_rest(server, monkeypatch):
    def fails(argv, **_):
        raise shared.TargetError("failed", f"{argv[0]}: [emerg] no such file")

    monkeypatch.setattr(on_target, "run", fails)
    found = on_target.inspect(server)
    assert found["nginx"] == {"fault": "nginx: [emerg] no such file"}
    assert found["fetches"] == {"unknown": f"{server['log']}: No such file or directory"}
    assert found["store"]["place"] == server["folder"]
