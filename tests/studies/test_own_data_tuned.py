"""A study that tunes width and dropout too: its trials are recorded, chosen from, and named in what it leaves."""

from commands import QUICK, run

WORDS = ["data=adding", "data.size=32", *QUICK, "pairs=2", "most_pairs=2", "preset=standard", "plain=false"]


def test_the_chosen_width_and_dropout_are_in_the_table_and_in_the_command_that_trains_the_model(tmp_path):
    done = run(tmp_path, *WORDS, "sizes=false", "study.tune=all", "study.trials=3", module="study")
    assert done.returncode == 0, done.stderr
    assert "with 3 trials of rate, width and dropout, 12 runs" in done.stdout
    assert len(list(tmp_path.rglob("record.json"))) == 12
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("train it")]
    assert "model.hidden_size=" in line
    assert "model.dropout=" in line
    assert "hidden size" in done.stdout
    wrong = run(tmp_path, *WORDS, "study.tune=width", module="study")
    assert wrong.returncode == 2
    assert "study.tune=width" in wrong.stderr
