"""A switch's own file systems: which files are there that are not the maker's software."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Folders within folders that are looked into; both vendors allow no more.
_DEEPEST: Final = 8
#: Bytes: no switch runs from an image that is smaller, and a text that is called like one is.
_SMALLEST_IMAGE: Final = 2**20
#: Names of what stays that are told; a certificate's note is a text of people.
_NAMED: Final = 8
#: What can be typed as a name: no blank, no `?` (help), no `|` (a filter of the answer).
_TYPED: Final = re.compile(r"[A-Za-z0-9_.,$+#@~%=:/-]+")


class NotUnderstoodError(CommsroomError):
    """An answer is in words that the vendor's data do not know: what is there is unknown."""

    def __init__(self, command: str, said: str = "") -> None:
        """Name the command; `said` is what may be repeated of the answer."""
        more = f": {said}" if said else ""
        super().__init__(f"`{command}` was answered in words nobody knows{more}")


@dataclass(frozen=True, slots=True)
class File:
    """One file by its whole path; `binned` is in the recycle bin, where its name is all that can be seen."""

    path: str
    binned: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """A vendor's words about files.

    `roots` are the file systems, or `asked` the question for them with `root`, whose group 1 is each that keeps
    what is written to it. `removable` are those that can be taken out: items of their own, never touched. `list`
    shows a folder FOLDER; `entry` matches a line of it, with the groups `folder`, `size` and `name`; `other` any
    other line there may be. `software` matches paths that stay, `image` such of them as are at least a MiB. `delete`
    deletes FILE for good, `bin` empties the recycle bin.
    """

    list: str
    entry: str
    other: str
    software: str
    delete: str
    roots: tuple[str, ...] = ()
    asked: str = ""
    root: str = ""
    removable: str = "(?!)"
    image: str = "(?!)"
    bin: str = ""

    def command(self, file: File) -> str:
        """Return what deletes a file for good, "" for one whose name cannot be typed."""
        if file.binned:
            return self.bin
        return self.delete.replace("FILE", file.path) if _TYPED.fullmatch(file.path) else ""

    def is_software(self, path: str, size: str) -> bool:
        """Tell whether what is at a path stays; its size is as the switch says it, of a folder whatever that is."""
        small = size.replace(",", "").isdigit() and int(size.replace(",", "")) < _SMALLEST_IMAGE
        return bool(re.fullmatch(self.software, path)) and not (
            small and re.fullmatch(self.image, path)
        )


def look(files: Files, ask: Callable[[str], str], notes: list[str]) -> list[File]:
    """Return every file that is not software; what is left out is added to `notes`.

    Raises:
        NotUnderstoodError: nobody knows what is there.
    """
    found: list[File] = []
    kept: list[str] = []
    for root in _roots(files, ask):
        if re.fullmatch(files.removable, root):
            notes.append(
                f"{root} can be taken out, and was left as it is: it is an item of its own"
            )
        else:
            found += _walk(files, ask, f"{root}/", 0, kept)
    if kept:
        more = f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else ""
        notes.append(f"left as the maker's software, by name: {', '.join(kept[:_NAMED])}{more}")
    return found


def _roots(files: Files, ask: Callable[[str], str]) -> tuple[str, ...]:
    if not files.asked:
        return files.roots
    found = re.findall(files.root, ask(files.asked), re.MULTILINE)
    if not found:
        raise NotUnderstoodError(files.asked)
    return tuple(dict.fromkeys(found))


def _walk(
    files: Files, ask: Callable[[str], str], folder: str, depth: int, kept: list[str]
) -> Iterator[File]:
    command = files.list.replace("FOLDER", folder)
    lines = [line.rstrip() for line in ask(command).splitlines() if line.strip()]
    if not any(re.fullmatch(files.other, line.strip()) for line in lines):
        raise NotUnderstoodError(command)  # not even said which folder it is
    for line in lines:
        match = re.fullmatch(files.entry, line)
        if match is None:
            if not re.fullmatch(files.other, line.strip()):
                raise NotUnderstoodError(command)
            continue
        name = match["name"]
        path = f"{folder}{name.strip('[]')}"
        if files.is_software(path, "" if match["folder"] else match["size"]):
            kept.append(path)
            continue
        if not match["folder"]:
            if match["size"] != "0":
                yield File(path, binned=name.startswith("["))
        elif depth < _DEEPEST and _TYPED.fullmatch(path):
            yield from _walk(files, ask, f"{path}/", depth + 1, kept)
        else:
            yield File(f"{path}/")  # nobody can look into it: something may be there
