"""A switch that is retired erases itself: nothing passes that was not read back before its restart.

Over real SSH against strict simulators, each test on switches of its own: an erased one answers nobody any more.
"""

from pathlib import Path

import pytest
from fleet import fleet
from users import PASSWORD
from vendors import VENDORS, dialect

from commsroom import backends
from commsroom.backends.network_cli import dialogue
from commsroom.errors import SystemUnknown
from commsroom.estate.retiring.verdict import Result

pytestmark = pytest.mark.slow

ERASED = [name for name in VENDORS if backends.backend(name).erases]
#: By back end: a file that is data, the serial number of switch N, files that are software.
FILE = {"cisco_ios": "flash:/vlan.dat", "huawei_vrp": "flash:/private-data.txt"}
SERIAL = {"cisco_ios": "FOCIOS{:03}", "huawei_vrp": "2102VRP{:03}"}
SOFTWARE = {
    "cisco_ios": [
        "flash:/c2960x-universalk9-mz.152-7.E4/c2960x-universalk9-mz.152-7.E4.bin",
        "flash:/multiple-fs",
        "nvram:/persistent-data",
    ],
    "huawei_vrp": ["flash:/s5720-v200r019c10spc500.cc"],
}


@pytest.fixture(params=ERASED)
def switches(request, tmp_path):
    vendor = VENDORS[request.param]
    with fleet(tmp_path, vendor.__name__, 3) as found:
        found.backend = request.param
        yield found


def serial(switches, number=0):
    return SERIAL[switches.backend].format(number)


def erase(switches, number=0):
    return switches.provider(switches.backend, number).erase(serial(switches, number))


def commands_until(switches, word):
    """Return how many lines of a session on a sound switch end with the first that begins so."""
    erase(switches, 2)
    log = switches.log(2)
    return next(n for n, line in enumerate(log, 1) if line.startswith(word))


def test_an_erased_switch_keeps_its_software_and_nothing_else(switches):
    done = erase(switches)
    assert done.verdict.result is Result.PASS, done
    files, keys, starts, restarted = switches.kept(0)
    assert (files, any(keys.values()), starts, restarted) == (
        SOFTWARE[switches.backend],
        False,
        False,
        True,
    )
    assert "read back before its restart" in done.verdict.evidence
    with pytest.raises(SystemUnknown):
        switches.provider(switches.backend).read()


def test_a_text_that_is_called_like_an_image_is_none_and_goes(switches):
    named = {"cisco_ios": "flash:/running-config-2025.bin", "huawei_vrp": "flash:/backup.cc"}
    switches.tell(f"flash 0 file {named[switches.backend]}")
    done = erase(switches)
    assert done.verdict.result is Result.PASS, done
    assert switches.kept(0)[0] == SOFTWARE[switches.backend]


def test_what_stays_as_software_is_named(switches):
    (note,) = erase(switches).notes
    assert note.startswith("left as the maker's software, by name: flash:/")
    for path in SOFTWARE[switches.backend]:
        folder = path.rpartition("/")[0]
        assert path in note or f"{folder}," in note or note.endswith(folder)


def test_an_older_switch_that_cannot_reset_all_at_once_is_restarted(switches):
    done = erase(switches, 2)
    assert (done.verdict.result, switches.kept(2)[3]) == (Result.PASS, True)


def test_keys_go_last_and_after_them_only_the_restart(switches):
    erase(switches)
    log = switches.log(0)
    keys = max(n for n, line in enumerate(log) if "rsa" in line and "show" not in line)
    touching = ("write erase", "delete", "reset saved", "reset recycle")
    assert all(n < keys for n, line in enumerate(log) if line.startswith(touching))


def test_another_device_under_this_name_is_refused_and_keeps_everything(switches):
    before = switches.kept(0)
    done = switches.provider(switches.backend).erase("FOC-ANOTHER")
    assert done.verdict.result is Result.UNKNOWN
    assert "refused, nothing was erased" in done.verdict.reason
    assert f"it says that it is {serial(switches)}" in done.verdict.reason
    assert switches.kept(0) == before


def test_a_stack_is_refused_whichever_of_its_serial_numbers_is_meant(switches):
    switches.tell("flash 0 member FOC-SECOND")
    before = switches.kept(0)
    for meant in (serial(switches), "FOC-SECOND"):
        done = switches.provider(switches.backend).erase(meant)
        assert (done.verdict.result, "it is a stack of" in done.verdict.reason) == (
            Result.UNKNOWN,
            True,
        )
    assert switches.kept(0) == before


def test_a_file_that_stays_fails_and_the_switch_can_be_come_to_again(switches):
    switches.tell(f"flash 0 stay {FILE[switches.backend]}")
    done = erase(switches)
    assert done.verdict.result is Result.FAIL
    assert FILE[switches.backend] in done.verdict.reason
    files, keys, _, restarted = switches.kept(0)
    assert FILE[switches.backend] in files
    assert keys["rsa"]
    assert not restarted


def test_an_erase_that_answers_ok_and_keeps_the_configuration_fails(switches):
    switches.tell("flash 0 keeps_startup")
    done = erase(switches)
    assert done.verdict.result is Result.FAIL
    assert "configuration" in done.verdict.reason or "file to start with" in done.verdict.reason
    assert switches.kept(0)[2:] == [True, False]


def test_a_cut_in_the_middle_is_unknown_and_the_next_run_asks_first_what_is_left(switches):
    after = commands_until(switches, "delete")
    switches.tell(f"0 cut after {after}")
    done = erase(switches)
    assert (done.verdict.result, "cut" in done.verdict.reason) == (Result.UNKNOWN, True)
    assert "no answer" in done.said
    assert not switches.kept(0)[3]
    switches.tell("0 none")
    told = len(switches.log(0))
    again = erase(switches)
    assert again.verdict.result is Result.PASS, again
    assert not any(
        line.startswith(("write erase", "reset saved")) for line in switches.log(0)[told:]
    )


def test_a_hang_in_the_middle_is_unknown_and_takes_bounded_time(switches, monkeypatch):
    after = commands_until(switches, "delete")
    monkeypatch.setattr(dialogue, "_ANSWER", 1.0)
    switches.tell(f"0 hang after {after}")
    done = erase(switches)
    assert (done.verdict.result, "hangs" in done.verdict.reason) == (Result.UNKNOWN, True)


def test_a_cut_before_anything_was_erased_is_told_as_such(switches):
    switches.tell("0 cut after 4")
    before = switches.kept(0)
    with pytest.raises(SystemUnknown):
        erase(switches)
    switches.tell("0 none")
    assert switches.kept(0) == before


def test_a_session_that_ends_with_its_host_key_is_unknown_never_passed(switches):
    switches.tell("flash 0 key_cuts")
    done = erase(switches)
    assert done.verdict.result is Result.UNKNOWN
    assert not switches.kept(0)[3]


def test_a_cut_before_the_restart_was_confirmed_is_unknown(switches):
    word = {"cisco_ios": "reload", "huawei_vrp": "reset factory"}[switches.backend]
    switches.tell(f"0 cut after {commands_until(switches, word) - 1}")
    done = erase(switches)
    assert (done.verdict.result, switches.kept(0)[3]) == (Result.UNKNOWN, False)


def test_a_switch_that_does_not_restart_is_unknown(switches):
    switches.tell("flash 0 stubborn")
    done = erase(switches)
    assert done.verdict.result is Result.UNKNOWN
    assert "did not restart" in done.verdict.reason


def test_a_restart_that_leaves_the_connection_hanging_is_a_restart(switches, monkeypatch):
    monkeypatch.setattr(dialogue, "_GONE", 0.5)
    switches.tell("flash 0 mute")
    assert (erase(switches).verdict.result, switches.kept(0)[3]) == (Result.PASS, True)


def test_a_restart_never_saves_what_runs(switches):
    for number in (0, 2):
        erase(switches, number)
        assert switches.kept(number)[2] is False


def test_a_name_that_cannot_be_typed_is_left_and_fails(switches):
    switches.tell("flash 0 file flash:/what?")
    done = erase(switches)
    assert (done.verdict.result, "flash:/what?" in done.verdict.reason) == (Result.FAIL, True)
    assert not any("what?" in line for line in switches.log(0))


def test_what_was_said_is_recorded_and_holds_nothing_of_a_configuration(switches):
    done = erase(switches)
    for word in ("write erase" if switches.backend == "cisco_ios" else "reset saved", "files left"):
        assert word in done.said
    assert PASSWORD not in done.said
    assert "$" not in done.said.replace("$_default", "")  # no hash of any kind
    assert "username" not in done.said
    assert "local-user" not in done.said


def test_an_answer_in_unknown_words_is_unknown_before_anything_is_erased(switches, monkeypatch):
    words = dialect(switches.backend).erasing
    provider = switches.provider(switches.backend)
    odd = type(words)(**{
        **{name: getattr(words, name) for name in words.__dataclass_fields__},
        "configuration": tuple(
            type(part)(part.name, part.read, "(?!)", "(?!)", part.erase) for part in words.configuration
        ),
    })  # fmt: skip
    monkeypatch.setattr(type(provider.dialect), "erasing", odd)
    before = switches.kept(0)
    with pytest.raises(SystemUnknown, match="words nobody knows"):
        provider.erase(serial(switches))
    assert switches.kept(0) == before


@pytest.mark.parametrize("switches", ["cisco_ios"], indirect=True)
def test_a_stick_in_its_slot_is_an_item_of_its_own(switches):
    switches.tell("flash 0 file usbflash0:/theirs.txt")
    done = erase(switches)
    assert done.verdict.result is Result.PASS
    left = "usbflash0: can be taken out, and was left as it is: it is an item of its own"
    assert left in done.notes
    assert "usbflash0:/theirs.txt" in switches.kept(0)[0]


@pytest.mark.parametrize("name", [name for name in VENDORS if name not in ERASED])
def test_a_vendor_without_documents_is_erased_by_hand_and_says_so(name):
    assert dialect(name).erasing is None
    readme = Path(backends.__path__[0]) / name / "README.md"
    assert "erased by hand" in readme.read_text("utf-8")
