"""Write docs/reference/sanitization.md from the methods' data; `--check` only tells whether it is fresh."""

from __future__ import annotations

import sys
from pathlib import Path

from commsroom.estate.retiring.methods import METHODS

PAGE = Path(__file__).parents[1] / "docs/reference/sanitization.md"
HEAD = """# Methods of sanitization

Generated from `commsroom/estate/retiring/methods.py`. The weakest first; of equals the first that is possible is taken. *Asked for*: only by
`--method`. Where NIST SP 800-88r1 and IEEE 2883-2022 rate a method differently the lower rating stands.

| method | strength | media | what happens | how it is known | tested | after |
|---|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    rows = []
    for method in METHODS:
        name = f"`{method.name}`" + (", asked for" if method.on_request else "")
        media = ", ".join(sorted(method.media))
        rows.append(
            f"| {name} | {method.strength} | {media} | {method.technique} | {method.evidence} | {method.ran} |"
            f" {method.source} |\n"
        )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE} written\n")
