"""JSON Schemas of the policy files, so that editors complete and check while one types."""

from __future__ import annotations

import re
from typing import Any

from commsroom.policy.loading import SUBJECTS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema (draft 2020-12) of each policy file, by subject."""
    result = {}
    for subject, model in SUBJECTS.items():
        schema = model.model_json_schema()
        _tidy(schema)
        title = f"commsroom: policies/{subject}.yml"
        result[subject] = {"$schema": _DIALECT, **schema, "title": title}
    return result


def _tidy(part: Any) -> None:
    """Drop what would mislead a reader: made-up titles, and defaults not in a file's own form."""
    if isinstance(part, list):
        for item in part:
            _tidy(item)
    if not isinstance(part, dict):
        return
    if isinstance(part.get("title"), str):
        del part["title"]
    if "default" in part and not _is_written_so(part):
        del part["default"]
    for item in part.values():
        _tidy(item)


def _is_written_so(part: dict[str, Any]) -> bool:
    default, pattern = part["default"], part.get("pattern")
    if isinstance(default, (dict, list)) or default is None:
        return False
    if part.get("type") == "string":
        return isinstance(default, str) and (pattern is None or bool(re.search(pattern, default)))
    return True
