"""A saved server is used again exactly as long as nothing that shapes it has changed."""

import pytest

from commsroom.lab import saved
from commsroom.lab.plan import Server
from commsroom.runs import ansible

SERVER = Server("im1", "198.18.7.13", "lianhe.example", "prosody", ("commsroom", "im"))
VARIABLES = {"im_domain": "lianhe.example", "ansible_host": "198.18.7.13"}


@pytest.fixture
def estate(tmp_path):
    for path, text in {
        "playbooks/site.yml": "- hosts: im\n",
        "roles/im/tasks/main.yml": "- one\n",
        "roles/im/README.md": "read me\n",
        "roles/im/molecule/default/verify.yml": "- verify\n",
        "roles/mail/tasks/main.yml": "- other\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def name(estate, base="base", server=SERVER, variables=VARIABLES):
    return saved.name(estate, base, server, variables)


@pytest.mark.parametrize(
    "path", ["playbooks/site.yml", "roles/im/tasks/main.yml", "roles/im/files/new"]
)
def test_changed_recipe_is_another_image(estate, path):
    before = name(estate)
    (estate / path).parent.mkdir(exist_ok=True)
    (estate / path).write_text("changed\n")
    assert name(estate) != before


@pytest.mark.parametrize(
    "path",
    ["roles/im/README.md", "roles/im/molecule/default/verify.yml", "roles/mail/tasks/main.yml"],
)
def test_what_does_not_shape_the_server_keeps_the_image(estate, path):
    before = name(estate)
    (estate / path).write_text("changed\n")
    assert name(estate) == before


def test_changed_variable_is_another_image(estate):
    assert name(estate, variables={**VARIABLES, "im_domain": "other.example"}) != name(estate)


def test_how_ansible_gets_there_is_not_the_server(estate):
    assert name(estate, variables={**VARIABLES, "ansible_host": "198.18.7.99"}) == name(estate)


def test_other_packages_are_another_image(estate):
    assert name(estate, base="base 2") != name(estate)


def test_two_clones_share_their_images(estate, tmp_path_factory):
    clone = tmp_path_factory.mktemp("clone") / "estate"
    estate.rename(clone)
    clone_name = name(clone)
    clone.rename(estate)
    assert clone_name == name(estate)


def test_content_cannot_move_between_files_unseen(estate):
    tasks = estate / "roles/im/tasks"
    (tasks / "a.yml").write_text("xy")
    (tasks / "b.yml").write_text("z")
    before = name(estate)
    (tasks / "a.yml").write_text("x")
    (tasks / "b.yml").write_text("yz")
    assert name(estate) != before


def test_an_estate_without_roles_of_its_own_is_shaped_by_the_collections(
    estate, tmp_path, monkeypatch
):
    inside = name(estate)
    (estate / "roles").rename(tmp_path / "elsewhere")
    assert name(estate) != inside
    collection = tmp_path / "collection"
    collection.mkdir()
    (tmp_path / "elsewhere").rename(collection / "roles")
    monkeypatch.setattr(ansible, "collection", lambda: collection)
    assert name(estate) == inside
