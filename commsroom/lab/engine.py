"""Podman with everything of its own: storage, settings and, where needed, a view of the cgroups.

Container runtimes refuse a v1 or hybrid cgroup tree. There, podman runs in a private mount
namespace whose `/sys/fs/cgroup` is a plain cgroup2 mount; nothing else on the machine sees it.
The namespace is held by a file, not a process: it lasts until `down`, or until the machine is
restarted. A new one for each call would lose the containers' network namespaces.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab import machine

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from commsroom.lab.commands import Commands
    from commsroom.lab.home import Home

_SHIM: Final = '''#!/usr/bin/python3
"""An OCI runtime: crun, asked for no resource limits. Without CAP_SYS_RESOURCE they cannot be set."""
import json, os, sys
arguments = sys.argv[1:]
if "create" in arguments:
    bundle = "."
    for here, after in zip(arguments, arguments[1:] + [""]):
        if here in ("--bundle", "-b"):
            bundle = after
        elif here.startswith("--bundle="):
            bundle = here.split("=", 1)[1]
    path = os.path.join(bundle, "config.json")
    with open(path) as file:
        config = json.load(file)
    for name in ("rlimits", "oomScoreAdj"):
        config["process"].pop(name, None)
    with open(path, "w") as file:
        json.dump(config, file)
os.execvp("crun", ["crun"] + arguments)
'''
#: How mountinfo writes a blank or a backslash in a path.
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_CGROUPS: Final = "umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup"


@dataclass(frozen=True, slots=True)
class Engine:
    """The lab's podman. `run` is where it runs: the private namespace, or the machine itself."""

    home: Home
    run: Commands

    def podman(
        self, *argv: str | Path, step: str, timeout: float = 180.0, check: bool = True
    ) -> str:
        """Run a podman command and return what it printed; raises LabFailed."""
        return self.run(
            "podman", "--root", self.home.engine / "storage", "--runroot", self.home.engine / "run",
            "--storage-driver", "overlay", *argv, step=step, timeout=timeout, check=check,
        )  # fmt: skip

    def images(self) -> set[str]:
        """Return the names of the images there are, with their tags."""
        listed = self.podman(
            "images", "--format", "{{.Repository}}:{{.Tag}}", step="listing images"
        )
        return {line.removeprefix("localhost/") for line in listed.split()}

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return podman's own description of every container of the lab, by name."""
        listed = json.loads(self.podman("ps", "-a", "--format", "json", step="listing containers"))
        return {entry["Names"][0]: entry for entry in listed or ()}


def enter(home: Home, run: Commands) -> Engine:
    """Return the lab's engine, making its settings and namespace where they are not there yet."""
    machine.require_programs()
    _forget_last_boot(home, run)
    (home.engine / "run").mkdir(parents=True, exist_ok=True)
    run = run.inside(CONTAINERS_CONF=str(_settings(home)))
    if machine.needs_own_cgroups():
        run = run.inside("nsenter", f"--mount={_namespace(home, run)}", "--")
    return Engine(home, run)


def _forget_last_boot(home: Home, run: Commands) -> None:
    """After a restart of the machine nothing runs: drop what podman would still believe in."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    if home.notes().get("boot", boot) != boot:
        run("rm", "-rf", "--one-file-system", home.engine / "run", step="starting after a restart")
        home.note(hosts={}, extras={})
    home.note(boot=boot)


def leave(home: Home, run: Commands) -> None:
    """Unmount what is mounted in the lab's folder: the private namespace, podman's own."""
    for point in reversed(_mounts(home.path)):
        run("umount", point, step="leaving the lab's mounts")


def _mounts(folder: Path) -> list[str]:
    """Return the mount points below a folder, outer ones first (proc_pid_mountinfo(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), line.split()[4])
        if point.startswith(f"{folder}/"):
            found.append(point)
    return found


def tidy(engine: Engine, keep: Collection[str]) -> None:
    """Remove images that others of the same name, but another tag, have taken the place of.

    Those a container still runs from stay until the next time.
    """
    named = {image.partition(":")[0] for image in keep}
    for image in engine.images() - set(keep):
        if image.partition(":")[0] in named:
            engine.podman("rmi", image, step="removing an old image", check=False)
    engine.podman("image", "prune", "--force", step="removing old images", check=False)


def _settings(home: Home) -> Path:
    """Write podman's settings: all state in our folder, no limits this machine could not grant."""
    runtime = "crun"
    lines = []
    if not machine.may_raise_limits():
        shim = home.engine / "crun-without-limits"
        shim.write_text(_SHIM, "utf-8")
        shim.chmod(0o755)
        runtime = "crun-without-limits"
        lines = [f"[engine.runtimes]\n{runtime} = [{json.dumps(str(shim))}]\n"]
    engine = {
        "cgroup_manager": "cgroupfs", "events_logger": "none", "runtime": runtime, "lock_type": "file",
        "tmp_dir": str(home.engine / "run" / "libpod"), "static_dir": str(home.engine / "storage" / "libpod"),
        "volume_path": str(home.engine / "storage" / "volumes"),
    }  # fmt: skip
    settings = "".join(f"{name} = {json.dumps(value)}\n" for name, value in engine.items())
    limits = 'default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]'
    networks = json.dumps(str(home.engine / "networks"))
    file = home.engine / "containers.conf"
    file.write_text(
        f"[containers]\npids_limit = 0\n{limits}\n\n[network]\nnetwork_config_dir = {networks}\n\n"
        f"[engine]\n{settings}\n{''.join(lines)}",
        "utf-8",
    )
    return file


def _namespace(home: Home, run: Commands) -> Path:
    """Return the file that holds the private mount namespace; make both where they are missing."""
    folder = home.engine / "namespace"
    held = folder / "mnt"
    if _is_held(held):
        return held
    folder.mkdir(exist_ok=True)
    step = "making a private mount namespace"
    if not folder.is_mount():
        # A namespace can only be held by a file on a mount that is not shared with others.
        run("mount", "--bind", folder, folder, step=step)
        run("mount", "--make-private", folder, step=step)
    held.touch()
    run("unshare", f"--mount={held}", "--propagation", "slave", "bash", "-c", _CGROUPS, step=step)
    return held


def _is_held(path: Path) -> bool:
    """Tell whether a namespace is bound to the file: then it is on another file system, `nsfs`."""
    try:
        own = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(own.st_mode) and own.st_dev != path.parent.stat().st_dev


def remove_all(engine: Engine, names: Sequence[str]) -> None:
    """Stop and remove containers; those that are gone already are no error."""
    if names:
        engine.podman(
            "rm", "--force", "--time", "3", "--ignore", *names, step="removing containers"
        )
