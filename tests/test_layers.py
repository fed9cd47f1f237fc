"""The packages depend on each other one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]


def part(module):
    """The part of the project that a module belongs to: ``rnncompare.training``, or ``hydra_plugins``; or a command."""
    names = module.split(".")
    if names[-1] == "__main__":
        return module
    return names[0] if names[0] == "hydra_plugins" else ".".join(names[:2])


def imported(path):
    """The modules of the project that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "rnncompare":
            yield from (f"rnncompare.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_no_circle_of_imports():
    parts = {}
    for folder in ("rnncompare", "hydra_plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            own = part(".".join(path.relative_to(ROOT).with_suffix("").parts))
            others = {part(name) for name in imported(path) if name.startswith(("rnncompare.", "hydra_plugins"))}
            parts.setdefault(own, set()).update(others - {own})
    del parts["rnncompare.__init__"]  # the front names what users import; it imports when a name is used
    TopologicalSorter(parts).prepare()  # raises where there is one
    for name in ("models", "tasks", "statistics"):
        assert parts[f"rnncompare.{name}"] <= {"rnncompare.base"}, name
    assert not any("rnncompare.cli" in parts[f"rnncompare.{name}"] for name in ("studies", "sweep", "composition"))
    assert parts["rnncompare.cli"].isdisjoint({"rnncompare.studies", "rnncompare.measurements", "rnncompare.run"})


def test_no_two_files_need_each_other():
    files = {}
    for path in (ROOT / "rnncompare").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        files[module] = {name for name in imported(path) if name.startswith("rnncompare.")}
    TopologicalSorter({name: needs - {name} for name, needs in files.items()}).prepare()
