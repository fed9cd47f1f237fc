"""What a command line asks of Hydra."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncompare.composition.override_allowlist import checked, quoted
from tests.commands import run


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_a_quoted_value_stands_for_itself(text):
    assert OverridesParser.create().parse_override(f"data.target={quoted(text)}").value() == text


def test_a_value_that_is_no_word_of_hydras_is_taken_as_it_stands():
    words = ["data.path=it's #1 [a]=b.csv", "data.target=Außentemperatur °C", "data.group=#id", "seed=1,2"]
    found = {override.key_or_group: override for override in OverridesParser.create().parse_overrides(checked(words))}
    assert [found[f"data.{name}"].value() for name in ("path", "target", "group")] == [
        "it's #1 [a]=b.csv",
        "Außentemperatur °C",
        "#id",
    ]
    assert found["seed"].is_sweep_override()


def test_what_is_no_setting_stays_an_error(tmp_path):
    done = run(tmp_path, "modelgru")
    assert done.returncode == 2
    assert "modelgru" in done.stderr
    done = run(tmp_path, "hydra.run.dir=#elsewhere")
    assert done.returncode == 2
    assert "hydra.run.dir=#elsewhere: not to be set here" in done.stderr


def test_columns_and_files_of_any_name_are_read(tmp_path):
    name = "it's #1 [a]=b.csv"
    rows = [f"2024-01-{day:02d},{day % 7}.5" for day in range(1, 32)]
    (tmp_path / name).write_text("\n".join(["Datum,#Passengers °C", *rows]))
    words = ["data=file", f"data.path={name}", "data.target=#Passengers °C", "train.max_updates=2"]
    done = run(tmp_path, "model=gru", *words)
    assert done.returncode == 0, done.stderr
    assert "target #Passengers °C" in done.stdout


def test_an_interval_is_no_sweep(tmp_path):
    done = run(tmp_path, "-m", "train.learning_rate=interval(0.1,0.2)")
    assert done.returncode == 2
    assert done.stderr.startswith("error: train.learning_rate=interval(0.1,0.2): values to sweep over")
