"""The example notebook runs from its first cell to its last, and was run before it was kept."""

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
NOTEBOOK = Path(__file__).parents[1] / "docs" / "own_data.ipynb"


def outputs(notebook):
    """What each cell of code gives, by its kind."""
    return [
        {kind for output in cell.outputs for kind in output.get("data", {output.output_type: ""})}
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*TCP without encryption.*")
def test_the_notebook_runs_and_shows_what_it_showed(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    kept = nbformat.read(NOTEBOOK, as_version=4)
    again = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(again, timeout=200, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert outputs(again) == outputs(kept)
    (shown,) = [
        output.data["text/html"]
        for cell in again.cells
        for output in cell.get("outputs", [])
        if "decides" in output.get("data", {}).get("text/html", "")
    ]
    assert shown.startswith("<p>")  # the paragraph, then the table, then the figure
    assert shown.index("<table") < shown.index("<svg")
    assert {path.name for path in tmp_path.iterdir()} >= {"model.pt", "model.pt2", "results"}
