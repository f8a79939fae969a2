"""known_hosts of a fleet: each switch gets the lines that may be about it, and only those."""

import os

from commsroom.backends.network_cli.host_keys import lines_about

KEY = "ssh-ed25519 AAAA{}\n"


def test_only_lines_that_may_be_about_the_switch_are_handed_on(tmp_path):
    lines = [
        "192.0.2.1 " + KEY.format(1),
        "[192.0.2.1]:2222,sw-3f " + KEY.format(2),
        "192.0.2.9 " + KEY.format(3),
        "|1|salt=|hash= " + KEY.format(4),
        "@revoked * " + KEY.format(5),
        "*.example " + KEY.format(6),
    ]
    file = tmp_path / "known"
    file.write_text("".join(lines))
    assert lines_about(str(file), "192.0.2.1", 2222) == [*lines[:2], *lines[3:]]
    assert lines_about(str(file), "sw-3f", 22) == lines[1:2] + lines[3:]


def test_a_key_taken_away_is_unknown_at_once(tmp_path):
    file = tmp_path / "known"
    file.write_text("192.0.2.1 " + KEY.format(1))
    assert lines_about(str(file), "192.0.2.1", 22)
    state = file.stat()
    other = tmp_path / "other"
    other.write_text("192.0.2.2 " + KEY.format(1))  # as long as before, as old, in its place
    other.replace(file)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert lines_about(str(file), "192.0.2.1", 22) == []


def test_a_file_that_cannot_be_read_knows_nobody(tmp_path):
    assert lines_about(str(tmp_path / "none"), "192.0.2.1", 22) == []
