"""One remote program per operation, over the OpenSSH client the operator already has configured.

Going through `ssh` itself, not a library, means that jump hosts, agents, keys, `known_hosts` and
policies of the operator's configuration hold for us exactly as they do for Ansible.

The target's python3 gets a constant bootstrap on its command line; source files and data travel
on standard input, so no secret is ever in an argument list. One operation is one round trip.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.resources
import json
import os
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from commsroom import children
from commsroom.backends.ssh_conversation import converse
from commsroom.errors import CommsroomError, FenceRefused, SystemUnknown, TargetMoved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.estate.backend import Target

#: Runs on the target. It registers the modules it is sent under their own names, calls one
#: function and answers on one marked line. Unexpected errors are named by type and line only: their
#: text could hold a value.
_BOOTSTRAP: Final = """
import json, sys, types, traceback
MARK = "\\x1ecommsroom:"
print(MARK + "hello", flush=True)
job = json.loads(sys.stdin.buffer.read())
for name, source in job["modules"]:
    parts = name.split(".")
    for depth in range(1, len(parts)):
        package = sys.modules.setdefault(".".join(parts[:depth]), types.ModuleType(".".join(parts[:depth])))
        package.__path__ = []
    module = types.ModuleType(name)
    sys.modules[name] = module
    setattr(sys.modules[".".join(parts[:-1])], parts[-1], module)
    exec(compile(source, name, "exec"), module.__dict__)
try:
    answer = {"ok": getattr(sys.modules[job["module"]], job["function"])(job["data"])}
except Exception as error:
    last = traceback.extract_tb(error.__traceback__)[-1]
    text = getattr(error, "message", None)
    if text is None:
        text = type(error).__name__
        if isinstance(error, OSError):
            text += ": %s %s" % (error.strerror, error.filename or "")
        text += " at %s:%s" % (last.filename, last.lineno)
    answer = {"error": getattr(error, "kind", "failed"), "message": text}
print(MARK + json.dumps(answer), flush=True)
"""
_MARK: Final = "\x1ecommsroom:"
_SHARED: Final = "commsroom.backends.on_target"
_SSH_FAILED: Final = 255
_TEXT_LIMIT: Final = 256

#: What OpenSSH says, the phase it belongs to, our words for it, and the remedy.
_COMPLAINTS: Final = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "authenticate", "its host key is not the one in known_hosts",
     "find out why it changed before you update known_hosts"),
    ("Host key verification failed", "authenticate", "its host key is not in known_hosts or does not match",
     "compare its fingerprint and add it to known_hosts"),
    ("Permission denied", "authenticate", "it refused our SSH key", "check user and key in the inventory"),
    ("Connection refused", "connect", "connection refused", "is the server up, and sshd on this port?"),
    ("timed out", "connect", "no answer within the time limit", "is the server up and reachable?"),
    ("No route to host", "connect", "no route to host", ""),
    ("Network is unreachable", "connect", "network is unreachable", ""),
    ("Could not resolve hostname", "connect", "its name does not resolve", "set ansible_host in the inventory"),
    ("Can't open user config file", "connect", "the SSH configuration named in the inventory does not exist",
     "for the lab, run commsroom lab up"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Session:
    """A way to run programs on one target. Holds no connection, so there is nothing to close."""

    target: Target
    connect_timeout: float

    def call(
        self,
        module: str,
        function: str,
        data: Mapping[str, Any],
        *,
        phase: str,
        timeout: float,
        also: Sequence[str] = (),
    ) -> Any:
        """Run `function(data)` of `module` on the target and return its JSON-able result.

        Args:
            module: Full name of the module to send, e.g. `commsroom.backends.prosody.on_target`.
            function: Name of a function in it, taking one dictionary.
            data: JSON-able argument; may hold secrets.
            phase: What is being done, for the error (`read`, `apply`, `prove`).
            timeout: Seconds the program may run once connected.
            also: Full names of modules that `module` imports, in the order to load them.

        Raises:
            SystemUnknown: the target could not be reached, hung, or failed.
            TargetMoved: the program found that reality changed since it was read.
            FenceRefused: a newer apply has been there.
        """
        names = dict.fromkeys((_SHARED, *also, module))
        job = {
            "modules": [[name, _source(name)] for name in names],
            "module": module, "function": function, "data": data,
        }  # fmt: skip
        stdout, stderr, code = self._talk(json.dumps(job), phase, timeout)
        lines = [line[len(_MARK) :] for line in stdout.split("\n") if line.startswith(_MARK)]
        if not lines:
            self._explain(stderr, code)
        try:
            answer = json.loads(lines[-1])
        except ValueError:
            raise SystemUnknown(
                self.target.system, phase, "it closed the connection half way"
            ) from None
        if not (isinstance(answer, dict) and ("ok" in answer or _is_refusal(answer))):
            raise SystemUnknown(self.target.system, phase, "its answer makes no sense")
        if "error" in answer:
            self._refuse(answer, phase)
        return answer["ok"]

    def _argv(self) -> list[str]:
        program = ["python3", "-I", "-c", _BOOTSTRAP]
        if self.target.become:
            program = ["sudo", "-n", "--", *program]
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": f"{max(1, round(self.connect_timeout))}",
            "ServerAliveInterval": "5",
            "ServerAliveCountMax": "3",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return [
            "ssh",
            "-T",
            *flags,
            *self.target.ssh_arguments,
            "--",
            self.target.host,
            shlex.join(program),
        ]

    def _talk(self, job: str, phase: str, timeout: float) -> tuple[str, str, int]:
        with _starting:
            process = subprocess.Popen(  # noqa: S603 - a list, no shell
                self._argv(), cwd=self.target.estate, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True, env=children.environ(),
            )  # fmt: skip
            _running.add(process)
        limit = self.connect_timeout + timeout
        try:
            heard = converse(process, job.encode(), limit)
        finally:
            _end(process)
            _running.discard(process)
        if heard.endless:
            reason = "it talks on and on: does its login shell print something by itself?"
            raise SystemUnknown(self.target.system, phase, reason)
        if heard.late:
            where = phase if _MARK in heard.stdout else "authenticate"
            raise SystemUnknown(self.target.system, where, f"no answer within {limit:g} s")
        return heard.stdout, heard.stderr, process.returncode

    def _explain(self, stderr: str, code: int) -> NoReturn:
        system = self.target.system
        for text, phase, reason, remedy in _COMPLAINTS:
            if text in stderr:
                raise SystemUnknown(system, phase, reason, remedy=remedy)
        last = (stderr.strip().splitlines() or [f"exit status {code}"])[-1][:_TEXT_LIMIT]
        phase = "connect" if code == _SSH_FAILED else "start"
        raise SystemUnknown(system, phase, last, remedy="commsroom needs python3 on the target")

    def _refuse(self, answer: Mapping[str, str], phase: str) -> NoReturn:
        system, message = self.target.system, answer["message"][:_TEXT_LIMIT]
        errors: dict[str, CommsroomError] = {
            "moved": TargetMoved(f"{system}: {message}", remedy="plan again"),
            "fenced": FenceRefused(
                f"{system}: {message}", remedy="another run took over; plan again"
            ),
        }
        raise errors.get(answer["error"], SystemUnknown(system, phase, message, answered=True))


def _source(module: str) -> str:
    package, _, name = module.rpartition(".")
    return importlib.resources.files(package).joinpath(f"{name}.py").read_text("utf-8")


def _is_refusal(answer: Mapping[str, Any]) -> bool:
    return isinstance(answer.get("error"), str) and isinstance(answer.get("message"), str)


#: Clients at work, in threads that a process which ends early does not wait for.
_running: Final[set[subprocess.Popen[bytes]]] = set()
#: Held from before a client is there until it is known to be: who ends them all waits for that, and none
#: starts afterwards.
_starting: Final = threading.Lock()
_START_SECONDS: Final = 5


@atexit.register
def _end_all() -> None:
    """Leave no client behind, whyever we end: a signal, or an error found while systems were being read."""
    _starting.acquire(timeout=_START_SECONDS)  # for good: threads that nobody waits for stop here
    for process in tuple(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that the client and any proxy command it started are gone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
        stream.close()
