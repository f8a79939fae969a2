"""What is signed is shown in words, all of it, and no value can be taken for another."""

from commsroom.reports.approvals import subject_lines
from commsroom.reports.lines import plain


def _told(**subject):
    return [plain(row).strip() for row in subject_lines(subject)]


def test_no_value_reads_like_another_name():
    (row,) = _told(devices=[{"tag": "A-1", "fate": "leaves", "product": "T14, fate stays"}])
    assert row == 'devices  tag A-1, fate leaves, product "T14, fate stays"'


def test_what_is_empty_is_shown_too():
    (row,) = _told(devices=[{"tag": "A-1", "holder": "", "closes": [], "sampled": False}])
    assert row == "devices  tag A-1, closes -, holder -, sampled false"


def test_parts_stand_below_what_they_belong_to():
    media = [{"serial": "W1", "method": "destroy"}, {"serial": "-", "notes": ["x y"]}]
    assert _told(devices=[{"tag": "A-1", "media": media}]) == [
        "devices  tag A-1",
        "media: serial W1, method destroy",
        'media: serial "-", notes ["x y"]',
    ]
