"""Columns of a table that come block by block: each block in the smallest type that holds it, then joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Columns = dict[str, list[Any]]  # by name, a pandas array for each block


def add(columns: Columns, batch: pa.RecordBatch) -> None:
    """Append the next block of every column."""
    for found, column in zip(columns.values(), batch.columns, strict=True):
        found.append(_small(column))


def _small(column: pa.Array) -> Any:
    """The column of one block in the smallest type that holds it: a narrow integer, categories of text, ..."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        coded = column.dictionary_encode()
        return (coded if 2 * len(coded.dictionary) <= len(column) else column).to_pandas().array
    values = column.to_pandas(date_as_object=False)
    if values.dtype.kind in "iu":
        return pd.to_numeric(values, downcast="integer").array
    return values.array


def joined(columns: Columns, first_row: int) -> pd.DataFrame:
    """The blocks of each column joined, one column after the other, each block given up when it is copied.

    Args:
        columns: emptied meanwhile.
        first_row: the number of the first row in the file.
    """
    import pandas as pd
    import pyarrow as pa

    whole = {}
    for name in list(columns):
        whole[name] = _join(columns.pop(name))
        pa.default_memory_pool().release_unused()
    rows = len(next(iter(whole.values()))) if whole else 0
    return pd.DataFrame(whole, index=pd.RangeIndex(first_row, first_row + rows), copy=False)


def _join(blocks: list[Any]) -> Any:
    import pandas as pd
    from pandas.api.types import union_categoricals

    if not blocks:
        return np.empty(0)
    if all(isinstance(block.dtype, pd.CategoricalDtype) for block in blocks):
        return union_categoricals(blocks)
    return pd.concat(_plain(blocks), ignore_index=True).array


def _plain(blocks: list[Any]) -> Iterable[pd.Series]:
    """The ``blocks`` as series, categories as what they stand for."""
    import pandas as pd

    for block in blocks:
        series = pd.Series(block, copy=False)
        yield series.astype(block.categories.dtype) if isinstance(block.dtype, pd.CategoricalDtype) else series
