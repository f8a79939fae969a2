"""One apply at a time: who holds the lock, how it ends, and what its fence number is worth."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from commsroom.errors import Exit, FenceRefused, LockHeld, UsageError
from commsroom.ledger import Ledger, lock, processes
from commsroom.ledger.processes import is_dead, this_process

HOLD = """
    import sys, time
    from commsroom.ledger import Ledger
    with Ledger.open(sys.argv[1]) as ledger, ledger.lock("mei@ops2", command="commsroom apply"):
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def holder(program, url):
    """Run another process that holds the lock."""
    path = program(HOLD)
    child = subprocess.Popen([sys.executable, path, url], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_the_second_is_told_who_holds_the_lock_since_when_and_with_what(ledger, holder):
    with pytest.raises(LockHeld) as refused, ledger.lock("lin@ops1"):
        pass
    assert refused.value.exit_code is Exit.REFUSED
    text = str(refused.value)
    since = ledger.locked_by().since
    for part in ("mei@ops2", since, "commsroom apply", str(holder.pid), "ledger unlock mei@ops2"):
        assert part in text


def test_a_dead_holders_lock_is_taken_over_and_an_event_says_so(ledger, holder):
    old = ledger.locked_by()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with ledger.lock("lin@ops1") as lease:
        assert lease.fence == old.fence + 1
        lease.check()
    (event,) = ledger.events(kind="lock-taken-over")
    assert (event.actor, event.data["holder"]) == ("lin@ops1", "mei@ops2")


def test_waiting_ends_as_soon_as_the_lock_is_free(ledger, holder):
    started = time.monotonic()
    holder.send_signal(signal.SIGTERM)
    with ledger.lock("lin@ops1", wait=30):
        assert time.monotonic() - started < 10


def test_waiting_has_an_end(ledger, holder):
    started = time.monotonic()
    with pytest.raises(LockHeld), ledger.lock("lin@ops1", wait=0.3):
        pass
    assert 0.3 <= time.monotonic() - started < 5


def test_the_lock_is_free_after_an_error_inside(ledger):
    with pytest.raises(RuntimeError), ledger.lock("lin@ops1"):
        raise RuntimeError
    assert ledger.locked_by() is None


def test_fences_only_grow_over_openings_and_breakings(ledger, url):
    fences = []
    for _ in range(3):
        with Ledger.open(url) as again, again.lock("lin@ops1") as lease:
            fences.append(lease.fence)
    with ledger.lock("lin@ops1") as lease:
        fences.append(lease.fence)
        ledger.break_lock("lin@ops1")
    with ledger.lock("lin@ops1") as lease:
        fences.append(lease.fence)
    assert fences == sorted(set(fences))


def test_whoever_lost_the_lock_learns_it_and_can_begin_nothing(estate):
    with estate.ledger.lock("lin@ops1") as lost:
        estate.ledger.break_lock("lin@ops1", actor="mei@ops2")
        with pytest.raises(FenceRefused, match="was broken"):
            lost.check()
        with estate.ledger.lock("mei@ops2") as mine:
            with pytest.raises(FenceRefused, match="mei@ops2"):
                lost.check()
            with pytest.raises(FenceRefused):
                estate.ledger.begin("r", "im1", "grant", [], actor="lin@ops1", fence=lost.fence)
            mine.check()
    assert estate.ledger.open_batches() == ()
    (event,) = estate.ledger.events(kind="lock-broken")
    assert event.actor == "mei@ops2"


def test_letting_go_of_a_lost_lock_does_not_free_the_new_holders(ledger):
    with ledger.lock("lin@ops1"):
        ledger.break_lock("lin@ops1")
        second = ledger.lock("mei@ops2")
        second.__enter__()
    assert ledger.locked_by().holder == "mei@ops2"
    second.__exit__(None, None, None)
    assert ledger.locked_by() is None


def test_breaking_asks_for_the_right_name_and_says_it(ledger):
    with pytest.raises(UsageError, match="nobody holds"):
        ledger.break_lock("lin@ops1")
    with ledger.lock("lin@ops1") as lease:
        with pytest.raises(UsageError, match="not held by mei@ops2 but by lin@ops1"):
            ledger.break_lock("mei@ops2")
        lease.check()


RACE = """
    import sys
    from commsroom.ledger import Ledger
    with Ledger.open(sys.argv[1]) as ledger:
        for _ in range(5):
            with ledger.lock(sys.argv[2], wait=50) as lease:
                with open(sys.argv[3], "a") as log:
                    log.write(f"in {lease.fence}\\n"); log.flush()
                    lease.check()
                    log.write(f"out {lease.fence}\\n")
"""


def test_processes_that_race_never_hold_the_lock_together(program, url, tmp_path):
    path, log = program(RACE), tmp_path / "log"
    with Ledger.open(url):
        pass
    racers = [
        subprocess.Popen([sys.executable, path, url, f"p{number}@ops", log]) for number in range(2)
    ]
    assert [racer.wait(60) for racer in racers] == [0, 0]
    lines = [line.split() for line in log.read_text().splitlines()]
    fences = [int(fence) for word, fence in lines if word == "in"]
    assert fences == sorted(set(fences))
    assert len(fences) == 10
    assert lines == [[word, str(fence)] for fence in fences for word in ("in", "out")]


def us():
    return this_process("lin@ops1", fence=1, since="now", command="x")


def test_a_living_process_is_not_dead():
    assert not is_dead(us(), local=True)


def test_a_reused_process_number_does_not_keep_a_dead_lock():
    assert is_dead(replace(us(), started="1"), local=True)


def test_a_process_of_another_container_is_never_judged():
    assert not is_dead(replace(us(), pids="pid:[1]", pid=2**22, started="1"), local=True)


def test_a_process_we_may_not_see_is_not_dead(monkeypatch):
    monkeypatch.setattr(processes, "_status", lambda _pid: ("", ""))  # as with hidepid=2, proc(5)
    assert not is_dead(us(), local=True)
    assert is_dead(replace(us(), pid=2**22 - 1), local=True)


@pytest.mark.parametrize(("local", "dead"), [(True, True), (False, False)])
def test_a_holder_from_before_the_last_boot_is_dead_only_if_the_ledger_is_this_machines(
    local, dead
):
    assert is_dead(replace(us(), boot="another"), local=local) is dead


def test_a_zombie_no_longer_holds_the_lock(program):
    path = program("import sys, time; print('up', flush=True); time.sleep(60)")
    child = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "up\n"
    state, started = processes._status(child.pid)
    it = replace(us(), pid=child.pid, started=started)
    assert not is_dead(it, local=True)
    os.kill(child.pid, signal.SIGKILL)
    for _ in range(200):
        if processes._status(child.pid)[0] == "Z":
            break
        time.sleep(0.02)
    assert is_dead(it, local=True)
    child.wait()
    child.stdout.close()
    assert state


@pytest.mark.parametrize("gone", [False, True])
def test_where_there_is_no_proc_the_process_number_alone_decides(monkeypatch, gone):
    def kill(_pid, _signal):
        if gone:
            raise ProcessLookupError

    monkeypatch.setattr(processes, "_boot", lambda: "")
    monkeypatch.setattr(processes, "_status", lambda _pid: ("", ""))
    monkeypatch.setattr(os, "kill", kill)
    assert is_dead(replace(us(), boot=""), local=True) is gone


def test_a_command_line_with_control_characters_cannot_spoil_the_message():
    assert this_process("x", fence=1, since="", command="a\x1b[2J\nb").command == "a?[2J?b"


def test_the_poll_is_no_busy_loop():
    assert lock._POLL_SECONDS >= 0.05
