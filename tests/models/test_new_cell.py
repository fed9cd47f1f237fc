"""The example of docs/new_cell.md, as somebody would write it: found, built, trained."""

import re
from pathlib import Path

import pytest
import torch
import yaml

from rnncompare.models import cells
from rnncompare.models.recurrent import Recurrent

TEXT = (Path(__file__).parents[2] / "docs" / "new_cell.md").read_text()


@pytest.fixture
def leaky(tmp_path, monkeypatch):
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(source.splitlines()) < 20
    (tmp_path / "leaky.py").write_text(source)
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    assert "leaky" in cells.names()
    (config,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    config = yaml.safe_load(config)
    assert config["name"] == "leaky"
    return cells.cell_class("leaky")(**config["options"])


def test_new_cell_is_what_it_says(leaky):
    torch.manual_seed(0)
    module = Recurrent(leaky, 3, 4, dtype=torch.float64)
    x, h = torch.randn(1, 2, 3, dtype=torch.float64), torch.randn(1, 2, 4, dtype=torch.float64)
    _, final = module(x, h)
    plain = Recurrent(cells.cell_class("rnn")(), 3, 4, dtype=torch.float64)
    plain.load_state_dict(module.state_dict())
    torch.testing.assert_close(final, 0.5 * h + 0.5 * plain(x, h)[1])


def test_new_cell_learns_in_two_layers_and_both_directions(leaky):
    torch.manual_seed(0)
    module = Recurrent(leaky, 3, 8, num_layers=2, bidirectional=True)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    x = torch.randn(10, 4, 3)
    target = x.cumsum(0).tanh().repeat(1, 1, 6)[..., :16]
    losses = []
    for _ in range(20):
        loss = (module(x)[0] - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(p.grad.abs().sum() > 0 for p in module.parameters())
    assert losses[-1] < 0.8 * losses[0]


def test_the_readme_shows_the_same_cell():
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert source in (Path(__file__).parents[2] / "README.md").read_text()
