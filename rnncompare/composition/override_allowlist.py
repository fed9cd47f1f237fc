"""What a command line may set of Hydra's own settings: a closed list.

Settings of runs are typed, and nothing in them is ever called. Hydra's own settings are different: they name classes
that it creates (callbacks, launchers, log handlers), files that it writes and pickles that it reads.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from rnncompare.base.errors import SettingError, require
from rnncompare.sweep.launchers import LAUNCHERS

FLAGS = ("-m", "--multirun", "-c", "--cfg", "--resolve", "-p", "--package", "-cd", "--config-dir")
_WITH_VALUE = ("-c", "--cfg", "-p", "--package", "-cd", "--config-dir")


def separate(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The flags of a command line, each followed by its value if it takes one, and the overrides.

    Raises:
        SettingError: a flag lacks its value.
    """
    flags: list[str] = []
    overrides: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            overrides.append(word)
            continue
        flag, given, value = word.partition("=")
        flags.append(flag)
        if flag in _WITH_VALUE:
            require(bool(given or left), flag, "", "it needs a value")
            flags.append(value if given else left.pop(0))
        elif given:
            flags[-1] = word
    return flags, overrides


def checked(words: Sequence[str]) -> list[str]:
    """The command line with its flags first, as Hydra's parser requires, if everything in it is allowed.

    A value that Hydra's grammar cannot parse, such as the name of a column, is taken literally.

    Raises:
        SettingError: a flag or one of Hydra's own settings may not be used here.
    """
    flags, overrides = separate(words)
    left = list(flags)
    while left:
        flag, _, value = left.pop(0).partition("=")
        require(flag in FLAGS, flag, value, f"no such flag here; there are {', '.join(FLAGS)}, --help")
        argument = left.pop(0) if flag in _WITH_VALUE else ""
        if flag in ("-cd", "--config-dir"):
            _check_folder(Path(argument))
    multirun = "-m" in flags or "--multirun" in flags
    parser = OverridesParser.create()
    for place, word in enumerate(overrides):
        key, given, value = word.partition("=")
        if key in ("data.target", "data.group") and "," in value and not multirun and value[0] not in "'\"":
            word = f"{key}={quoted(value.strip('[]'))}"  # Hydra would take it for a sweep
        for way in (word, f"{key}={quoted(value)}") if given else (word,):
            try:
                _check_override(parser.parse_override(way))
            except (HydraException, RecursionError):
                continue  # if neither can be parsed, Hydra explains it better
            overrides[place] = way
            break
    return [*flags, *overrides]


def quoted(text: str) -> str:
    """``text`` quoted, so that it is taken literally as the value of an override."""
    inside = re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + "\\'" * bool(found[2]), text)
    return f"'{inside}'"


def _check_override(override: Override) -> None:
    key, value = override.key_or_group, override.value()
    if override.is_interval_sweep():
        asked = str(override.input_line).partition("=")[2]
        raise SettingError(key, asked, "values to sweep over, such as 0.1,0.2 or range(1,4), not an interval")
    if key in ("model", "data"):
        valid = "one name; a sweep takes several, with commas after -m, or as a list from Python"
        require(not isinstance(value, list), key, value, valid)
    if not any("hydra" in text for text in (key, override.package or "")):
        return
    plain = override.type is not None and override.type.name == "CHANGE" and not override.package
    if key == "hydra/launcher":
        known = isinstance(value, str) and value in LAUNCHERS
        require(plain and known, key, value, f"one of {', '.join(LAUNCHERS)}")
        return
    settings = {field.name for kind in LAUNCHERS.values() for field in dataclasses.fields(kind)} - {"_target_"}
    allowed = ["hydra/launcher", *(f"hydra.launcher.{name}" for name in sorted(settings))]
    asked = str(override.input_line).lstrip("+~").partition("=")[0]
    valid = f"not to be set here; of Hydra's own there are {', '.join(allowed)}"
    require(plain and key in allowed, asked, value, valid)


def _check_folder(folder: Path) -> None:
    """Refuse configuration files that tell Hydra what to create or do, and links to folders elsewhere."""
    require(folder.is_dir(), "--config-dir", folder, "a folder of configuration files")
    for path in sorted(folder.rglob("*")):
        require(not (path.is_symlink() and path.is_dir()), "--config-dir", path, "no link to a folder elsewhere")
        if path.suffix not in (".yaml", ".yml") or path.is_dir():
            continue
        try:
            text = path.read_text(encoding="utf-8")
            content = yaml.safe_load(text)
        except (OSError, ValueError, yaml.YAMLError, RecursionError):
            raise SettingError("--config-dir", path, "a file that can be read as YAML") from None
        header = [line for line in text.splitlines() if line.startswith("#") and "@package" in line]
        defaults = content.get("defaults") if isinstance(content, dict) else None
        about_hydra = path.relative_to(folder).parts[0].startswith("hydra") or "hydra" in repr((header, defaults))
        valid = "a file that leaves alone Hydra's own settings, _target_ and ${resolvers:}"
        require(not about_hydra and not _makes_something(content), "--config-dir", path, valid)


def _makes_something(content: Any, depth: int = 0) -> bool:
    """Whether it names something for Hydra to create, or uses a resolver, which could."""
    if depth > 50:
        return True
    if isinstance(content, dict):
        named = any(str(key) == "_target_" or "hydra" in str(key) for key in content)
        return named or any(_makes_something(part, depth + 1) for pair in content.items() for part in pair)
    if isinstance(content, list):
        return any(_makes_something(value, depth + 1) for value in content)
    return isinstance(content, str) and ("_target_" in content or re.search(r"\$\{.*:", content, re.DOTALL) is not None)
