"""Files with damage of all sorts are read or refused in a line or two; nothing else comes of them."""

import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from files import power, purchases, recordings, reviews, story

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks.file import File
from rnncompare.training.experiment import check
from rnncompare.training.settings import ModelSettings, RunSettings

ROUNDS = 3
ODD = [b"nan", b"-inf", b"1e999", b"", b"9" * 400, b"=cmd()", b"2024-13-45", b"\xff\xfe", b"None", b"True", b"{}"]


class Trap:
    """Runs code if it is unpickled."""

    def __reduce__(self):
        return open, ("unpickled", "w")


def arrays(path):
    random = np.random.default_rng(4)
    np.savez(path, x=random.normal(size=(20, 5, 2)).astype(np.float32), y=np.arange(20) % 2)
    return path


def parquet(path):
    pd.read_csv(recordings(path.with_suffix(".csv"))).to_parquet(path)
    path.with_suffix(".csv").unlink()
    return path


def sktime(path):
    random = np.random.default_rng(5)
    series = [":".join(",".join(f"{x:.2f}" for x in random.normal(size=6)) for _ in range(2)) for _ in range(20)]
    lines = [f"{case}:{'ab'[i % 2]}" for i, case in enumerate(series)]
    path.write_text("\n".join(["@problemName p", "@classLabel true a b", "@data", *lines]) + "\n")
    return path


FILES = {
    "recordings.csv": (recordings, "speaker"),
    "power.csv": (power, "Last"),
    "reviews.tsv": (reviews, "sentiment"),
    "purchases.csv": (purchases, "left"),
    "story.txt": (story, None),
    "arrays.npz": (arrays, None),
    "recordings.parquet": (parquet, "speaker"),
    "cases.ts": (sktime, None),
}


def flip_bits(content, random):
    damaged = bytearray(content)
    for at in random.integers(0, len(content), random.integers(1, 40)):
        damaged[at] ^= 1 << random.integers(0, 8)
    return bytes(damaged)


def cut(content, random):
    return content[: random.integers(0, len(content))]


def cut_beginning(content, random):
    return content[random.integers(1, len(content)) :]


def garbage(content, random):
    return random.bytes(random.integers(1, 5000))


def garbage_within(content, random):
    at = random.integers(0, len(content))
    return content[:at] + random.bytes(200) + content[at:]


def swap_columns(content, random):
    """Cells of random lines change places."""
    lines = content.split(b"\n")
    for at in random.integers(0, len(lines), 5):
        cells = lines[at].split(b",")
        lines[at] = b",".join(cells[i] for i in random.permutation(len(cells)))
    return b"\n".join(lines)


def shuffle_lines(content, random):
    lines = content.split(b"\n")
    return b"\n".join(lines[i] for i in random.permutation(len(lines)))


def huge_line(content, random):
    at = random.integers(0, len(content))
    return content[:at] + b"x," * 60_000 + content[at:]


def zero_bytes(content, random):
    at = random.integers(0, len(content))
    return content[:at] + b"\0" * random.integers(1, 50) + content[at:]


def mixed_encodings(content, random):
    at = random.integers(0, len(content))
    return (
        content[:at]
        + "übel €".encode(random.choice(["latin-1", "utf-16", "utf-8", "cp1252"]), "replace")
        + content[at:]
    )


def nested_quotes(content, random):
    damaged = bytearray(content)
    for at in sorted(random.integers(0, len(content), 6), reverse=True):
        damaged[at:at] = random.choice([b'"', b'""', b'"\n"', b"'\""])
    return bytes(damaged)


def odd_values(content, random):
    lines = content.split(b"\n")
    for at in random.integers(0, len(lines), 3):
        cells = lines[at].split(b",")
        odd = [
            b"nan",
            b"-inf",
            b"1e999",
            b"",
            b"9" * 400,
            b"=cmd()",
            b"2024-13-45",
            b"\xff\xfe",
            b"None",
            b"True",
            b"{}",
        ]
        cells[random.integers(0, len(cells))] = odd[random.integers(0, len(odd))]
        lines[at] = b",".join(cells)
    return b"\n".join(lines)


def twice(content, random):
    return content + content


MUTATIONS = [
    flip_bits,
    cut,
    cut_beginning,
    garbage,
    garbage_within,
    swap_columns,
    shuffle_lines,
    huge_line,
    zero_bytes,
    mixed_encodings,
    nested_quotes,
    odd_values,
    twice,
]


def outcome(path, target):
    """What a command would end with: 0 where the data load, 2 where a line or two says why not."""
    said = ""
    try:
        settings = RunSettings(model=ModelSettings(name="gru", hidden_size=4), data=File(path=str(path), target=target))
        settings, _ = check(settings.resolved())
        data = settings.data.load(0)
    except (DataError, SettingError) as error:
        said = str(error)
    if said:
        assert len(said) < 2000
        assert said.count("\n") <= 1
        return 2
    for examples in (data.train, data.validation, data.test):
        assert len(examples)
        assert np.isfinite(examples.inputs).all()
        assert np.isfinite(examples.targets).all()
    return 0


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A folder for the file, and a folder to work in, whose content must stay as it is."""
    for name in ("files", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "files"
    assert not list((tmp_path / "here").iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"files", "here"}


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(alone, name):
    make, target = FILES[name]
    content = make(alone / name).read_bytes()
    assert outcome(alone / name, target) == 0
    ends = []
    for number, mutate in enumerate(MUTATIONS * ROUNDS):
        random = np.random.default_rng([number, *name.encode()])
        (alone / name).write_bytes(mutate(content, random))
        ends.append(outcome(alone / name, target))
        assert [path.name for path in alone.iterdir()] == [name], mutate.__name__
    assert len(ends) * len(FILES) > 200
    assert ends.count(2) > len(MUTATIONS) // 3


def packed(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry.replace("__", "/"), content)
    return file.getvalue()


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("form", ["objects", "pickle as entry", "pickle alone", "climbing", "header", "shape", "names"])
def test_disguised_archives(alone, form):
    trap, x, y = pickle.dumps(Trap()), npy(np.zeros((9, 3, 1))), npy(np.arange(9) % 2)
    content = {
        "objects": packed(**{"x.npy": x, "y.npy": npy(np.array([Trap()] * 9, object), allow_pickle=True)}),
        "pickle as entry": packed(**{"x.npy": trap, "y.npy": y}),
        "pickle alone": trap,
        "climbing": packed(**{"..__..__x.npy": x, "..__here__y.npy": y}),
        "header": packed(**{"x.npy": x.replace(b"'<f8'", b"'|O' "), "y.npy": y}),
        "shape": packed(**{"x.npy": x.replace(b"(9, 3, 1)", b"(9, 3, 9)"), "y.npy": y}),
        "names": packed(**{"X.npy": x, "x.npy": x, "y.npy": y}),
    }[form]
    (alone / "own.npz").write_bytes(content)
    assert outcome(alone / "own.npz", None) == (0 if form == "names" else 2)


@pytest.mark.parametrize("keep", [5, 8, 12, 100])
def test_torn_footers(alone, keep):
    content = parquet(alone / "own.parquet").read_bytes()
    torn = [content[:-keep], content[:-keep] + b"PAR1", content[: len(content) - keep] + b"\xff" * (keep - 4) + b"PAR1"]
    for damaged in torn:
        (alone / "own.parquet").write_bytes(damaged)
        assert outcome(alone / "own.parquet", "speaker") == 2
