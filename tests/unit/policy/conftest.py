"""A copy of the sample estate's policy, to be edited by a test."""

import shutil
from pathlib import Path

import pytest

from commsroom import policy

ROOT = Path(__file__).resolve().parents[3]


class Sample:
    """An estate whose files a test changes; `problems` are lines as the user reads them."""

    def __init__(self, path):
        self.path = path

    def file(self, name):
        return self.path / "policies" / name

    def change(self, name, *pairs):
        """Replace the first occurrence of each old text, which must be there."""
        raw = self.file(name).read_bytes()
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert _raw(old) in raw, old
            raw = raw.replace(_raw(old), _raw(new), 1)
        self.file(name).write_bytes(raw)

    @property
    def problems(self):
        return [str(problem) for problem in policy.validate(self.path).problems]

    def load(self):
        return policy.load(self.path)


def _raw(text):
    return text if isinstance(text, bytes) else text.encode()


@pytest.fixture
def sample(tmp_path):
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return Sample(tmp_path)


@pytest.fixture(scope="session")
def lianhe():
    return policy.load(ROOT)
