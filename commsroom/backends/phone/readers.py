"""How telephones read their files: each parameter and its value, in order.

The other side of the writers. Nothing of a profile is decided by it; it is there so that a profile can be
held against what its telephone would make of it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

Settings = list[tuple[str, str]]


def elements(text: str) -> Settings:
    """Read XML whose elements are the parameters; their attributes are part of the value."""
    return [
        (_name(item.tag), " ".join([(item.text or "").strip(), *item.attrib.values()]))
        for item in ET.fromstring(text).iter()  # noqa: S314 - our own text, nobody else's
    ]


def attributes(text: str) -> Settings:
    """Read XML whose attributes are the parameters."""
    found: Settings = []
    for item in ET.fromstring(text).iter():  # noqa: S314 - our own text, nobody else's
        found += [(_name(item.tag), ""), *item.attrib.items()]
    return found


def entries(text: str) -> Settings:
    """Read XML of elements that name their parameter (`<entry name="x">value</entry>`)."""
    found: Settings = []
    for item in ET.fromstring(text).iter():  # noqa: S314 - our own text, nobody else's
        found += [(_name(item.tag), "")]
        if item.text and item.text.strip() and "name" in item.attrib:
            found += [(item.attrib["name"], item.text.strip())]
    return found


def lines(text: str) -> Settings:
    """Read lines `name = value`; `#` begins a comment at the beginning of a line only."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return [(name.strip(), value.strip()) for name, sign, value in pairs if sign]


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
