"""`make new-backend NAME=x`: copy the pattern in `new_backend/example` to `commsroom/backends/x`.

The copy works at once (its cases pass on its fake); what to change, and in which order, is in its README.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

PATTERN = Path(__file__).parent / "new_backend" / "example"
BACKENDS = Path(__file__).parents[1] / "commsroom" / "backends"


def problem(name: str, backends: Path = BACKENDS) -> str:
    """Say why no back end can have this name, or ""."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,38}", name) or keyword.iskeyword(name):
        return f"{name!r} is no name for a back end: small letters, digits and _, e.g. NAME=synapse"
    if (backends / name).exists() or (backends / f"{name}.py").exists():
        return f"commsroom/backends/{name} exists already"
    return ""


def create(name: str, backends: Path = BACKENDS) -> list[Path]:
    """Write the folder and return its files; `name` must have no `problem`."""
    title = "".join(part.capitalize() for part in name.split("_"))
    written = []
    for source in sorted(path for path in PATTERN.rglob("*") if path.is_file()):
        if "__pycache__" in source.parts:
            continue
        text = source.read_text(encoding="utf-8")
        target = backends / name / source.relative_to(PATTERN)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("Example", title).replace("example", name), encoding="utf-8")
        written.append(target)
    return written


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    why = problem(name)
    if why:
        print(f"new-backend: {why}", file=sys.stderr)
        return 1
    for path in create(name):
        print(path.relative_to(BACKENDS.parents[1]))
    print(f"Next: commsroom/backends/{name}/README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
