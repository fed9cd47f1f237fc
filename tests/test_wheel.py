"""The wheel: it holds its configs and the plug-ins, and works away from the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_configuration_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {f"rnncompare/{path.relative_to(ROOT)}" for path in (ROOT / "configs").rglob("*.yaml")}
    templates = (ROOT / "rnncompare/report/pages/templates").iterdir()
    assert shipped | {f"rnncompare/report/pages/templates/{path.name}" for path in templates} <= set(names)
    assert not any(name.startswith(("tests/", "results/")) for name in names)


def test_an_installed_wheel_runs_from_any_folder(wheel, tmp_path):
    # what the package needs comes from this environment, the package itself from the wheel alone
    home = tmp_path / "elsewhere"
    venv.create(home, with_pip=False)
    (site,) = home.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    needed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "needed.pth").write_text("\n".join(needed))
    command = ["model=lstm", "data=adding", "data.size=20", "data.sequence_length=5", "train.max_updates=2"]
    done = subprocess.run(
        [home / "bin/python", "-m", "rnncompare.run", *command],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("results/runs/*/record.json"))) == 1
    where = [home / "bin/python", "-c", "import rnncompare; print(rnncompare.__file__)"]
    assert str(site) in subprocess.run(where, cwd=tmp_path, capture_output=True, text=True).stdout
