"""A vendor's command line, word by word: what is known, abbreviated, ambiguous, incomplete or refused.

A command is written as its reference has it: `switchport access vlan <1-4094>`. Parameters are ranges,
WORD, LINE (the rest), A.B.C.D, H.H.H (IOS' MAC), H-H-H (VRP's). Keywords may be cut short as long as
they stay unique at their place, as both vendors do.
"""

import re
from functools import cache

PARAMETERS = {
    "WORD": r"\S+",
    "A.B.C.D": r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}",
    "H.H.H": r"[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}",
    "H-H-H": r"[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,4}",
}


class Refusal(Exception):
    """What the device answers; `at` is the column of its marker."""

    def __init__(self, why, at=0):
        super().__init__(why)
        self.why = why
        self.at = at


@cache
def _tokens(command):
    return tuple(command.split())


def _fits(token, word):
    if match := re.fullmatch(r"<(\d+)-(\d+)>", token):
        return word.isdigit() and int(match[1]) <= int(word) <= int(match[2])
    return re.fullmatch(PARAMETERS[token], word) is not None


def _is_parameter(token):
    return token in PARAMETERS or token.startswith("<")


def parse(line, commands):
    """Return the command's words with keywords written out; raises Refusal."""
    words = [(match[0], match.start()) for match in re.finditer(r"\S+", line)]
    left = [(_tokens(command), ()) for command in commands]
    for index, (word, at) in enumerate(words):
        rest = [(tokens, said) for tokens, said in left if len(tokens) > index]
        lines = [(tokens, said) for tokens, said in rest if tokens[index] == "LINE"]
        if lines:
            _, said = lines[0]
            return [*said, line[at:].rstrip()]
        keywords = {tokens[index] for tokens, _ in rest if not _is_parameter(tokens[index])}
        meant = {word} & keywords or {item for item in keywords if item.startswith(word.lower())}
        if len(meant) > 1:
            raise Refusal("ambiguous", at)
        left = [
            (tokens, (*said, tokens[index] if tokens[index] in meant else word))
            for tokens, said in rest
            if (tokens[index] in meant)
            or (not meant and _is_parameter(tokens[index]) and _fits(tokens[index], word))
        ]
        if not left:
            raise Refusal("invalid", at)
    whole = [said for tokens, said in left if len(tokens) == len(words)]
    if not whole:
        raise Refusal("incomplete")
    return list(whole[0])


def parse_within(line, commands, around):
    """Return the words of a command of a section, and whether it was one of the mode around it instead."""
    try:
        return parse(line, commands), False
    except Refusal as error:
        try:
            return parse(line, around), True
        except Refusal:
            raise error from None


def put(lines, line, single):
    """Have a line in a section once, in place of the one that begins with the same of `single`."""
    one = next((item for item in single if line.startswith(f"{item} ")), "")
    lines[:] = [item for item in lines if item != line and not (one and item.startswith(f"{one} "))]
    lines.append(line)


class CommandLine:
    """One session on a device whose comments begin with `!`; a vendor says what it does and how it refuses."""

    def __init__(self, device):
        self.device = device
        self.mode, self.section = "exec", ""

    def answer(self, line):
        """Return what is printed; None ends the session."""
        self.device.log.append(line)
        if not line.strip() or line.lstrip().startswith("!"):
            return ""
        try:
            return self._do(line)
        except Refusal as error:
            return self._refused(line, error)
