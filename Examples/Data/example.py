"""What the train.py of every example shares: its command line, its table, its figures.

    train.py                     trains, and writes the model, the table and expected.json
    train.py --data FOLDER       the same on the real data set instead of the stand-in
    train.py --keep-model        writes table and expected.json with the model that is there
    train.py --evaluate          writes nothing: predicts once more in the framework, prints the
                                 figures, and fails if they are not those in expected.json

--out FOLDER writes elsewhere than beside the script, --epochs N trains for longer or shorter.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def arguments(script, description, epochs):
    """The parsed command line; `out` is the folder of the example unless told otherwise."""
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument("--data", type=Path, help="folder of the real data set")
    parser.add_argument("--out", type=Path, default=Path(script).resolve().parent)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--keep-model", action="store_true", help="do not train")
    parser.add_argument("--evaluate", action="store_true", help="check the files that are there")
    return parser.parse_args()


def run(script, description, *, name, table, predict, figures, train=None, epochs=None,
        stand_in=None, others=None, tolerance=1e-4):
    """Does what the command line asks for.

    name              the table is data/<name>.parquet
    stand_in(folder)  writes the offline data set, in the layout of the real one
    train(data, out, epochs)  trains on the data set in the folder `data`, writes the model
    table(data, out)  the rows that the Spark program reads, as a pyarrow table
    predict(table, out)  a dictionary of columns: the framework's predictions by the saved model
    figures(table)    the quality, from the table with the predicted columns
    others            {"ONNX Runtime": predict_onnx}: the same model in other forms
    tolerance         largest difference to what is committed
    """
    options = arguments(script, description, epochs)
    path = options.out / "data" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    if options.evaluate:
        rows = pq.read_table(path)
        predicted = predict(rows, options.out)
        show_others(rows, predicted, options.out, others)
        evaluate(rows, predicted, figures, options.out, tolerance)
        return

    with tempfile.TemporaryDirectory() as temporary:
        data = options.data
        if data is None and stand_in is not None:
            data = Path(temporary)
            stand_in(data)
        if train is not None and not options.keep_model:
            train(data, options.out, options.epochs)
        rows = table(data, options.out)
    predicted = predict(rows, options.out)
    show_others(rows, predicted, options.out, others)
    rows = with_columns(rows, predicted)
    pq.write_table(rows, path, compression="snappy")
    found = {"rows": rows.num_rows, **figures(rows)}
    text = json.dumps(found, indent=2, ensure_ascii=False)
    (options.out / "expected.json").write_text(text + "\n")
    show(found)


def with_columns(rows, columns):
    for name, column in columns.items():
        place = rows.schema.get_field_index(name)
        if place < 0:
            rows = rows.append_column(name, column)
        else:
            rows = rows.set_column(place, name, column)
    return rows


def show(found):
    for name, value in found.items():
        print(f"{name:28} {value}")


def show_others(rows, predicted, out, others):
    for runtime, function in (others or {}).items():
        for name, column in function(rows, out).items():
            print(f"{runtime} differs by {difference(column, predicted[name]):.2g} in {name}")


def evaluate(rows, predicted, figures, out, tolerance):
    """Fails if the predictions or the figures are not the committed ones."""
    expected = json.loads((out / "expected.json").read_text())
    found = {"rows": rows.num_rows, **figures(with_columns(rows, predicted))}
    show(found)
    wrong = [
        f"column {name} differs by {difference(column, rows[name]):.3g}"
        for name, column in predicted.items()
        if not difference(column, rows[name]) <= tolerance
    ]
    for name, value in expected.items():
        if not same(found[name], value, tolerance):
            wrong.append(f"{name} is {found[name]}, and expected.json has {value}")
    if wrong:
        raise SystemExit("; ".join(wrong))


def same(one, other, tolerance):
    """Whether two figures are equal; those with a fraction may differ by the tolerance."""
    if isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other))
    return abs(one - other) <= tolerance if isinstance(other, float) else one == other


def numbers(column):
    """A column of numbers, or of lists of numbers of one length, as a numpy array."""
    column = combined(column)
    if pa.types.is_list(column.type):
        return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    return column.to_numpy(zero_copy_only=False)


def combined(column):
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def difference(one, other):
    """Largest difference between two columns; infinite where something else than numbers differs."""
    one, other = combined(one), combined(other)
    if pa.types.is_struct(one.type):
        return max(difference(one.field(i), other.field(i)) for i in range(one.type.num_fields))
    if pa.types.is_string(one.type):
        return 0.0 if one.equals(other) else float("inf")
    return float(np.abs(numbers(one) - numbers(other)).max(initial=0))


def lists(matrix, element=np.float32):
    """A column of lists from a matrix [rows, ...]."""
    matrix = np.ascontiguousarray(matrix, element).reshape(len(matrix), -1)
    offsets = pa.array(np.arange(len(matrix) + 1, dtype=np.int32) * matrix.shape[1])
    return pa.ListArray.from_arrays(offsets, pa.array(matrix.reshape(-1)))


def ids(count):
    return pa.array(np.arange(count, dtype=np.int32))


def accuracy(predicted, labels):
    """Figures of a classification: how many are right, and which part of all."""
    right = int((np.asarray(predicted) == np.asarray(labels)).sum())
    return {"right": right, "accuracy": right / len(labels)}
