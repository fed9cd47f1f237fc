"""The package's front: names that are imported only when used."""

import pickle
import subprocess
import sys

import pytest

import rnncompare


def test_importing_the_package_imports_nothing_heavy():
    program = "import sys, rnncompare; print([m for m in ('torch', 'numpy', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "load_records"])
def test_names_are_found(name):
    assert getattr(rnncompare, name).__name__ == name
    assert name in dir(rnncompare)


def test_version_is_said():
    assert rnncompare.__version__[0].isdigit()


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'Transformer'"):
        rnncompare.Transformer  # noqa: B018


@pytest.mark.parametrize("module", [rnncompare, rnncompare.run], ids=["package", "run"])
def test_modules_go_into_pickles_by_name(module):
    """As in one of a function that names the package."""
    assert pickle.loads(pickle.dumps(module)) is module
