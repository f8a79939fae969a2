"""Run `uv` with the index settings this machine's pip uses, so that there is one place to set them.

uv reads neither pip.conf nor PIP_*. What pip resolves from both (`pip config list`) is handed on
as uv's own environment variables; any UV_* already set wins. Nothing is written down.
Usage: python packaging/uv.py ARGUMENTS-OF-UV…
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

# pip's setting → uv's variable, and what stands between several values.
SETTINGS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-index": ("UV_NO_INDEX", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}
# As in pip: what is set for one command beats what is set for all, the environment beats both.
SECTIONS = ("global", "install", ":env:")


def pip_settings(listing: str) -> dict[str, list[str]]:
    """Read `pip config list`: setting → values, the strongest section only."""
    found: dict[str, tuple[int, list[str]]] = {}
    for line in listing.splitlines():
        name, separator, literal = line.partition("=")
        section, _, key = name.partition(".")
        if not separator or section not in SECTIONS or key not in SETTINGS:
            continue
        rank = SECTIONS.index(section)
        if key not in found or found[key][0] <= rank:
            found[key] = (rank, str(ast.literal_eval(literal)).split())
    return {key: values for key, (_, values) in found.items()}


def environment(settings: dict[str, list[str]]) -> dict[str, str]:
    """Give the variables uv needs for pip's `settings`; empty ones are left out."""
    return {
        variable: separator.join(settings[key])
        for key, (variable, separator) in SETTINGS.items()
        if settings.get(key)
    }


def main() -> None:
    tools = Path(sys.executable).parent
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    variables = environment(pip_settings(listing))
    # An extra index may hold fewer builds of a version than the main one. The lock's hashes decide
    # which file may be installed, so looking in all of them is safe; the lock itself is made from
    # the main index alone, so that it holds every platform's hashes.
    if sys.argv[1:3] == ["pip", "compile"]:
        variables.pop("UV_INDEX", None)
        variables.pop("UV_FIND_LINKS", None)
    else:
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    own = {"VIRTUAL_ENV": str(tools.parent), "UV_NO_PROGRESS": "1"}
    uv = str(tools / "uv")
    os.execve(uv, [uv, *sys.argv[1:]], {**variables, **os.environ, **own})  # noqa: S606


if __name__ == "__main__":
    main()
