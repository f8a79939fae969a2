"""No SSH client outlives the command that started it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commsroom.backends.ssh import Session
from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Target

#: Asks in a thread that nobody waits for, as reading beside other work does, and ends in a way of its own.
PROGRAM = """
import signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs this may ignore it
from pathlib import Path
from commsroom.backends.ssh import Session
from commsroom.cli import start  # handles signals as the command does
from commsroom.estate.backend import Target

session = Session(Target("im1", "127.0.0.1", "im1", Path.cwd()), connect_timeout=60)
ask = lambda: session.call("commsroom.backends.prosody.on_target", "read", {}, phase="read", timeout=60)
threading.Thread(target=ask, daemon=True).start()
until = time.monotonic() + 20
while not Path("pid").exists() and time.monotonic() < until:
    time.sleep(0.02)
start._handle(start._raise)
try:
    print("asked", flush=True)
    if sys.argv[1] == "error":
        sys.exit(1)
    time.sleep(30)
except BaseException as end:
    sys.exit(type(end).__name__)
"""
HUNG = """#!/bin/sh
echo $$ > pid.new && mv pid.new pid
printf '\\036commsroom:hello\\n'
exec sleep 60
"""


def is_there(pid):
    """Tell whether a process runs; one that ended and was not waited for (a zombie) does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("way", ["error", "TERM", "INT"])
def test_a_client_of_a_hung_server_is_gone_when_the_command_is(tmp_path, way):
    client = tmp_path / "bin" / "ssh"
    client.parent.mkdir()
    client.write_text(HUNG)
    client.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, way], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PATH": f"{client.parent}:{os.environ['PATH']}"}, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    pid = int((tmp_path / "pid").read_text())
    if way != "error":
        assert is_there(pid)
        process.send_signal(getattr(signal, f"SIG{way}"))
    process.communicate(timeout=20)
    until = time.monotonic() + 5
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(pid)


#: The signal comes when the client is there and nobody has noted it yet.
AT_BIRTH = """
import subprocess, sys, threading
from pathlib import Path
from commsroom.backends import ssh
from commsroom.estate.backend import Target

born, true = threading.Event(), subprocess.Popen

def slow(*args, **options):
    process = true(*args, **options)
    born.set()
    threading.Event().wait(1)
    return process

subprocess.Popen = slow
session = ssh.Session(Target("im1", "127.0.0.1", "im1", Path.cwd()), connect_timeout=60)
ask = lambda: session.call("commsroom.backends.prosody.on_target", "read", {}, phase="read", timeout=60)
threading.Thread(target=ask, daemon=True).start()
born.wait()
while not Path("pid").exists():
    pass
sys.exit("ended")
"""


def test_a_client_that_is_just_being_born_when_the_command_ends_is_gone_too(tmp_path):
    client = tmp_path / "bin" / "ssh"
    client.parent.mkdir()
    client.write_text(HUNG)
    client.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", AT_BIRTH], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
        env={**os.environ, "PATH": f"{client.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.stderr == "ended\n"
    assert not is_there(int((tmp_path / "pid").read_text()))


def test_the_client_does_not_see_the_estates_key(tmp_path, monkeypatch):
    client = tmp_path / "bin" / "ssh"
    client.parent.mkdir()
    client.write_text("#!/bin/sh\nenv > seen\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("COMMSROOM_KEY", "canary-canary")
    session = Session(Target("im1", "127.0.0.1", "im1", tmp_path), connect_timeout=5)
    with pytest.raises(SystemUnknown):
        session.call("commsroom.backends.prosody.on_target", "read", {}, phase="read", timeout=5)
    seen = (tmp_path / "seen").read_text("utf-8")
    assert f"PATH={client.parent}" in seen
    assert "canary" not in seen
