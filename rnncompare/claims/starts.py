"""From which start: the same comparison from torch's initialisation, with a forget bias of 1, and from Keras's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STARTS: dict[str, str] = {
    "torch": "",
    "forget_bias_1": "model.forget_bias=1",
    "keras": "model.initialisation=keras",
}


@dataclass(frozen=True)
class Pair:
    """Two arms to be compared, the claim's better one first, from one start."""

    start: str
    first: str
    second: str


def has_forget_gate(overrides: Sequence[str]) -> bool:
    """Whether an arm's model is an LSTM, so that a forget bias changes it."""
    return any(word.startswith(("model=lstm", "model=torch_lstm")) for word in overrides)


def expanded(
    arms: Mapping[str, tuple[str, ...]], compare: Sequence[tuple[str, str]], starts: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], list[Pair]]:
    """All arms of a claim, and the pairs to be judged.

    A forget bias changes the LSTMs alone; Keras's start changes every gated arm, as a user of Keras gets it for both.
    A pair that a start leaves as it is has been judged from the start before.

    Args:
        arms: settings by name, as the claim has them.
        compare: pairs of names.
        starts: names of `STARTS`; none for a claim that is judged from its arms as they are.
    """
    if not starts:
        return dict(arms), [Pair("", first, second) for first, second in compare]
    every: dict[str, tuple[str, ...]] = {}
    pairs: list[Pair] = []
    for start in starts:
        for first, second in compare:
            names = [_from(start, arm, arms[arm]) for arm in (first, second)]
            if any(has_forget_gate(arms[arm]) for arm in (first, second)) or start == "torch":
                pairs.append(Pair(start, names[0][0], names[1][0]))
                every |= dict(names)
    return every, pairs


def _from(start: str, arm: str, overrides: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """An arm's name and settings from a start."""
    plain = any(word.startswith(("model=rnn", "model=torch_rnn")) for word in overrides)
    changes = (start == "keras" and not plain) or (start == "forget_bias_1" and has_forget_gate(overrides))
    return (f"{arm}_{start}", (*overrides, STARTS[start])) if changes else (arm, overrides)
