"""Reads what a variant wrote, and compares it with what another did."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RELATIVE, ABSOLUTE = 1e-4, 1e-5


def _values(column):
    """The values of a column as an array of a row for each."""
    column = column.combine_chunks()
    if column.null_count:
        raise ValueError(f"{column.null_count} predictions are null")
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        numbers = column.flatten().to_numpy(zero_copy_only=False)
        return numbers.reshape(len(column), -1)
    return column.to_numpy(zero_copy_only=False).reshape(-1, 1)


def read_output(path):
    """The ids in ascending order, and of the one other column, or the two that are a text and a number, a
    row of numbers for each, and a row of texts."""
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    ids, numbers, texts = [], [], []
    for file in files:
        part = pq.read_table(file)
        if part.num_rows == 0:
            continue
        columns = part.drop_columns(["id"])
        while any(pa.types.is_struct(field.type) for field in columns.schema):
            columns = columns.flatten()
        found = [_values(column) for column in columns.columns]
        kinds = sorted(each.dtype == object for each in found)
        if kinds not in ([False], [False, True]):
            raise ValueError(
                f"{file.name} has the columns {part.column_names}, wanted: id and predictions"
            )
        ids.append(part.column("id").to_numpy())
        numbers += [each for each in found if each.dtype != object]
        texts += [each for each in found if each.dtype == object]
    if not ids:
        return np.empty(0), np.empty((0, 1)), np.empty((0, 1))
    every = np.concatenate(ids)
    order = np.argsort(every, kind="stable")
    words = np.concatenate(texts)[order] if texts else np.empty((len(every), 0), object)
    return every[order], np.concatenate(numbers)[order], words


def difference(found, wanted, absolute=ABSOLUTE):
    """What is wrong with (ids, predictions, texts); None if nothing is."""
    for one, other, what in zip(found, wanted, ("ids", "predictions", "texts")):
        if one.shape != other.shape:
            return f"{what} of shape {one.shape} instead of {other.shape}"
    if not np.array_equal(found[0], wanted[0]):
        return f"other ids, first at row {np.flatnonzero(found[0] != wanted[0])[0]}"
    near = np.isclose(found[1], wanted[1], RELATIVE, absolute, equal_nan=True).all(axis=1)
    near &= (found[2] == wanted[2]).all(axis=1)
    if not near.all():
        row = np.flatnonzero(~near)[0]
        count = len(near) - int(near.sum())
        one, other = ([*each[1][row], *each[2][row]] for each in (found, wanted))
        return f"{count} rows differ, first id {found[0][row]}: {one}, not {other}"
    return None
