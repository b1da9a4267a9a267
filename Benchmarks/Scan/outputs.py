"""Reads what a variant wrote, and compares it with what another did."""

import numpy as np
import pyarrow.parquet as pq

RELATIVE, ABSOLUTE = 1e-4, 1e-5


def read_output(path):
    """The ids in ascending order, and the numbers of the one other column, a row for each."""
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    ids, predictions = [], []
    for file in files:
        part = pq.read_table(file)
        if part.num_rows == 0:
            continue
        names = [name for name in part.column_names if name != "id"]
        if len(names) != 1:
            raise ValueError(f"{file.name} has the columns {part.column_names}, wanted: id, predictions")
        column = part.column(names[0]).combine_chunks()
        if column.null_count:
            raise ValueError(f"{file.name} has {column.null_count} predictions that are null")
        numbers = column.flatten() if hasattr(column, "flatten") and column.type.num_fields else column
        ids.append(part.column("id").to_numpy())
        predictions.append(numbers.to_numpy(zero_copy_only=False).reshape(part.num_rows, -1))
    if not ids:
        return np.empty(0), np.empty((0, 1))
    every = np.concatenate(ids)
    order = np.argsort(every, kind="stable")
    return every[order], np.concatenate(predictions)[order]


def difference(found, wanted):
    """What is wrong with (ids, predictions); None if nothing is."""
    for one, other, what in zip(found, wanted, ("ids", "predictions")):
        if one.shape != other.shape:
            return f"{what} of shape {one.shape} instead of {other.shape}"
    if not np.array_equal(found[0], wanted[0]):
        return f"other ids, first at row {np.flatnonzero(found[0] != wanted[0])[0]}"
    near = np.isclose(found[1], wanted[1], RELATIVE, ABSOLUTE, equal_nan=True).all(axis=1)
    if not near.all():
        row = np.flatnonzero(~near)[0]
        count = len(near) - int(near.sum())
        return f"{count} rows differ, first id {found[0][row]}: {found[1][row]}, not {wanted[1][row]}"
    return None
