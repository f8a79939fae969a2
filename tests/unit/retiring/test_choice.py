"""The method is the least that is enough; what is impossible falls to a stronger one, never to a weaker."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.errors import UsageError
from commsroom.estate.retiring import choice
from commsroom.estate.retiring.checklists import STEPS
from commsroom.estate.retiring.media import BLOCKS, MediaKind, Medium, Strength, needed
from commsroom.estate.retiring.methods import BY_NAME, METHODS, By, Evidence, Ran
from commsroom.estate.retiring.verdict import Result, Verdict, blocks_for, together
from commsroom.policy.retirement import Category, Fate

ABILITIES = sorted({method.ability for method in METHODS if method.ability})
MEDIA = st.builds(
    Medium,
    kind=st.sampled_from(MediaKind),
    serial=st.just("S1"),
    path=st.sampled_from(["", "/dev/sda"]),
    can=st.frozensets(st.sampled_from(ABILITIES)),
)


@given(MEDIA, st.sampled_from(Category), st.sampled_from(Fate), st.sampled_from(["", *BY_NAME]))
def test_no_choice_is_weaker_than_what_is_needed_or_wished(medium, category, fate, wish) -> None:
    need = needed(category, fate)
    try:
        found = choice.choose(medium, category, fate, wish)
    except UsageError:
        assert medium.kind in {MediaKind.PERSONAL_MOBILE, MediaKind.PAPER} or wish
        return
    if medium.kind is MediaKind.PERSONAL_MOBILE:
        assert found.method.name == "mdm-profile"
        return
    assert found.method.strength >= need
    assert not choice.impossible(found.method, medium)
    if wish and found.method.name != wish:
        wished = BY_NAME[wish]
        assert found.notes
        if wished.strength >= need:  # impossible, then: no weaker than it
            assert found.method.strength >= wished.strength


@given(MEDIA, st.sampled_from(Category), st.sampled_from(Fate))
def test_nothing_weaker_would_have_been_enough(medium, category, fate) -> None:
    if medium.kind is MediaKind.PERSONAL_MOBILE:
        return
    found = choice.choose(medium, category, fate)
    if found.method.name == "mdm-erase":
        return  # rather than by hand, whatever would be enough: see below
    for method in METHODS:
        enough = needed(category, fate) <= method.strength < found.method.strength
        assert not enough or method.on_request or choice.impossible(method, medium)


def test_a_mobile_that_is_managed_is_erased_by_its_server_and_by_hand_only_when_asked() -> None:
    managed = Medium(kind=MediaKind.MOBILE, serial="S", can=frozenset({"mdm"}))
    alone = Medium(kind=MediaKind.MOBILE, serial="S")
    low = (Category.MODERATE, Fate.STAYS)
    assert choice.choose(managed, *low).method.name == "mdm-erase"
    assert choice.choose(managed, *low, "mobile-reset").method.name == "mobile-reset"
    assert choice.choose(alone, *low).method.name == "mobile-reset"


SWITCH = Medium(kind=MediaKind.SWITCH, serial="S", can=frozenset({"cli-erase"}))


@pytest.mark.parametrize("category", [Category.LOW, Category.MODERATE])
def test_a_switch_that_can_erase_itself_does_and_by_hand_only_when_asked(category) -> None:
    stays = (category, Fate.STAYS)
    alone = Medium(kind=MediaKind.SWITCH, serial="S")
    assert choice.choose(SWITCH, *stays).method.name == "switch-erase"
    assert choice.choose(SWITCH, *stays, "switch-reset").method.name == "switch-reset"
    assert choice.choose(alone, *stays).method.name == "switch-reset"
    found = choice.choose(alone, *stays, "switch-erase")
    assert (found.method.name, len(found.notes)) == ("switch-reset", 1)


def test_erasing_a_switch_is_clear_and_what_needs_more_is_destroyed() -> None:
    for category, fate in ((Category.LOW, Fate.LEAVES), (Category.HIGH, Fate.STAYS)):
        found = choice.choose(SWITCH, category, fate, "switch-erase")
        assert (found.method.name, found.need) == ("destroy", Strength.PURGE)
        assert "switch-erase is Clear, Purge is needed" in found.notes


def test_what_two_people_may_do_instead_is_by_hand_as_strong_and_has_a_list() -> None:
    instead = [(method, BY_NAME[method.by_hand]) for method in METHODS if method.by_hand]
    assert instead
    for method, other in instead:
        assert (other.by, other.strength, other.media) == (By.PERSON, method.strength, method.media)
        assert STEPS[other.name]


@pytest.mark.parametrize("kind", MediaKind)
def test_every_medium_can_be_dealt_with_whatever_is_on_it(kind) -> None:
    for category in Category:
        for fate in Fate:
            assert choice.choose(Medium(kind=kind, serial="S"), category, fate).method


def test_scrap_and_what_leaves_need_no_less_than_what_stays() -> None:
    for category in Category:
        assert needed(category, Fate.STAYS) <= needed(category, Fate.LEAVES)
        assert needed(category, Fate.LEAVES) <= needed(category, Fate.SCRAPPED)


def test_only_destruction_is_for_what_is_most_confidential_and_leaves() -> None:
    disk = Medium(kind=MediaKind.NVME, serial="S", path="/dev/nvme0n1", can=frozenset(ABILITIES))
    assert choice.choose(disk, Category.HIGH, Fate.LEAVES).method.name == "destroy"


@pytest.mark.parametrize("kind", sorted(BLOCKS))
def test_nobody_is_taken_to_say_that_a_disk_was_always_encrypted(kind) -> None:
    disk = Medium(kind=kind, serial="S", path="/dev/sda", can=frozenset({"luks"}))
    for category in Category:
        for fate in Fate:
            assert "luks" not in choice.choose(disk, category, fate).method.name
    name = "luks-erase" if kind in {MediaKind.ATA_HDD, MediaKind.SCSI_HDD} else "luks-erase-clear"
    found = choice.choose(disk, Category.LOW, Fate.STAYS, name)
    assert (found.method.name, found.notes) == (name, (found.method.rests_on,))


def test_keys_that_were_overwritten_in_flash_are_no_purge() -> None:
    """SP 800-88r1, 2.6.2: the actual place of the key has to be erased, and flash writes elsewhere."""
    disk = Medium(kind=MediaKind.NVME, serial="S", path="/dev/nvme0n1", can=frozenset({"luks"}))
    for wish in ("luks-erase", "luks-erase-clear"):
        assert choice.choose(disk, Category.LOW, Fate.LEAVES, wish).method.name == "destroy"


def test_what_is_overwritten_through_the_host_or_discarded_is_never_more_than_clear() -> None:
    """SP 800-88r1, tables A-5 and A-8: Purge takes a command that reaches what no host addresses."""
    for name in ("overwrite", "overwrite-bmb21", "discard", "nvme-format", "ata-secure-erase"):
        assert BY_NAME[name].strength is Strength.CLEAR
    assert BY_NAME["discard"].media == {MediaKind.VIRTUAL}
    assert MediaKind.ATA_SSD not in BY_NAME["ata-sanitize-overwrite"].media


def test_a_method_that_a_device_reports_never_ran_on_hardware_without_saying_so() -> None:
    for method in METHODS:
        if method.evidence is Evidence.DEVICE:
            assert method.ran in {Ran.SIMULATED, Ran.EMULATED}
        if method.strength is Strength.DESTROY or not method.media & BLOCKS:
            assert method.ran is not Ran.REAL


def test_no_word_promises_that_data_cannot_be_recovered() -> None:
    root = Path(__file__).parents[3]
    texts = [
        *(it for it in root.glob("commsroom/**/*") if it.suffix in {".py", ".po", ".j2", ".md"}),
        *root.glob("docs/**/*.md"),
        *root.glob("roles/**/*.md"),
    ]
    promises = re.compile(r"(?i)(?:un|ir)recoverabl|無法(?:復原|恢復|還原)|不可(?:復原|恢復|還原)")
    for file in texts:
        text = file.read_text("utf-8").replace("never that data are unrecoverable", "")
        assert not promises.search(text), file


@pytest.mark.parametrize(
    ("residue", "confidence", "blocks"), [(0.01, 0.95, 299), (0.001, 0.95, 2995)]
)
def test_a_sample_finds_what_it_says(residue, confidence, blocks) -> None:
    assert blocks_for(residue, confidence) == blocks


def test_the_worst_of_several_verdicts_is_said_and_of_none_nothing_is_known() -> None:
    said = {result: Verdict(result, "") for result in Result}
    assert together(said.values()).result is Result.FAIL
    assert together([said[Result.PASS], said[Result.UNKNOWN]]).result is Result.UNKNOWN
    assert together([]).result is Result.UNKNOWN


def test_the_page_of_methods_is_fresh() -> None:
    root = Path(__file__).parents[3]
    names = {"__name__": "reference", "__file__": str(root / "packaging/sanitization_reference.py")}
    exec(compile((root / "packaging/sanitization_reference.py").read_text(), "page", "exec"), names)
    assert (root / "docs/reference/sanitization.md").read_text("utf-8") == names["page"]()
