"""The tables and models of scripts/benchmark scan, made once and kept."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

from images import make_resnet
from inputs import FILES, PIXELS, make_perceptron

ROWS_AT_ONCE = 50_000
SENTIMENT = Path(__file__).resolve().parents[2] / "Examples" / "SentimentTorch"


@dataclass(frozen=True)
class Table:
    """`columns` feed the input `x` or `data` of the models: one of lists, or several of numbers.
    `batch` rows are given to the model at once, by every variant. Each file has `groups` row groups."""

    name: str
    rows: int
    columns: tuple
    width: int
    batch: int
    models: tuple
    others: tuple = ()
    kind: str = "numbers"
    groups: int = 1

    @property
    def is_list(self):
        return len(self.columns) == 1


TABLES = {
    each.name: each
    for each in (
        Table("main", 200_000, ("data",), PIXELS, 1024, ("trivial", "perceptron")),
        Table(
            "narrow", 10_000_000, tuple(f"x{index}" for index in range(8)), 8, 16_384, ("linear",)
        ),
        Table(
            "wide", 500_000, ("c3", "c50", "c77", "c120", "c199"), 5, 16_384, ("linear",),
            tuple(f"c{index}" for index in range(200)),
        ),
        Table("store", 60_000, ("data",), PIXELS, 1024, ("trivial", "perceptron"), groups=4),
        Table("texts", 4_000, ("text",), 1, 256, ("sentiment",), kind="texts"),
        Table("images", 10_000, ("content",), 1, 16, ("resnet",), kind="images"),
    )
}


def _texts(rows, random):
    """Texts of one to six of the example's sentences, so that they differ in length."""
    sentences = pq.read_table(SENTIMENT / "data" / "sentiment.parquet")["input"].to_pylist()
    return [
        " ".join(sentences[each] for each in random.randint(0, len(sentences), count))
        for count in random.randint(1, 7, rows)
    ]


def _columns(table, rows, random):
    """The columns beside `id` of a part of a table."""
    if table.kind == "texts":
        return {table.columns[0]: pa.array(_texts(rows, random))}
    if table.is_list:
        pixels = random.randint(0, 256, (rows, table.width), np.uint8) / np.float32(255)
        offsets = np.arange(rows + 1, dtype=np.int32) * table.width
        lists = pa.ListArray.from_arrays(offsets, pixels.astype(np.float32).reshape(-1))
        return {table.columns[0]: lists}
    names = table.others or table.columns
    values = random.standard_normal((len(names), rows), dtype=np.float32)
    return {name: pa.array(column) for name, column in zip(names, values)}


class _Random:
    """Both of NumPy's ways to make numbers: the old one makes the table that the others have."""

    def __init__(self, seed):
        self.randint = np.random.RandomState(seed).randint
        self.standard_normal = np.random.default_rng(seed).standard_normal


def make_table(folder, table, rows, peers):
    """`rows` rows of `table` with an `id` (int64, counting) in 8 Parquet files. Returns their folder. Images
    are made by `peers`, the Python that has PIL."""
    target = folder / f"scan-{table.name}-{rows}"
    if table.kind == "images":
        words = [peers, Path(__file__).with_name("images.py"), target, rows]
        subprocess.run([str(word) for word in words], check=True)
        return target
    stamp = target / "_complete.json"
    wanted = {"rows": rows, "columns": list(table.others or table.columns), "version": 1}
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return target
    target.mkdir(parents=True, exist_ok=True)
    random = _Random(20250105)
    edges = [rows * index // FILES for index in range(FILES + 1)]
    for index, (first, end) in enumerate(zip(edges, edges[1:])):
        writer = None
        for start in range(first, end, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, end)
            part = pa.table(
                {"id": pa.array(np.arange(start, stop, dtype=np.int64))}
                | _columns(table, stop - start, random)
            )
            writer = writer or pq.ParquetWriter(target / f"part-{index}.parquet", part.schema)
            if table.groups == 1:
                writer.write_table(part)
            else:
                writer.write_table(part, -(-(end - first) // table.groups))
        if writer:
            writer.close()
    stamp.write_text(json.dumps(wanted))
    return target


def _save(path, nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializer=initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString(deterministic=True)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return path


def _floats(name, width):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])


def make_model(folder, name, width):
    """The file of a model with one input, `data`, and one output, `logits`."""
    if name == "sentiment":
        return SENTIMENT / "model"
    if name == "resnet":
        return make_resnet(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if name == "perceptron":
        return make_perceptron(folder)
    if name == "trivial":
        # The first ten numbers of each row: all the work around a model and none of its own.
        bounds = [
            numpy_helper.from_array(np.array([value], np.int64), key)
            for key, value in (("start", 0), ("end", 10), ("axis", 1))
        ]
        slicing = helper.make_node("Slice", ["data", "start", "end", "axis"], ["logits"])
        return _save(
            folder / "first-ten.onnx", [slicing], [_floats("data", width)],
            [_floats("logits", 10)], bounds,
        )
    weight = np.linspace(-1, 1, width, dtype=np.float32).reshape(width, 1)
    product = helper.make_node("Gemm", ["data", "weight", "bias"], ["logits"])
    return _save(
        folder / f"linear-{width}.onnx", [product], [_floats("data", width)],
        [_floats("logits", 1)],
        [
            numpy_helper.from_array(weight, "weight"),
            numpy_helper.from_array(np.array([0.5], np.float32), "bias"),
        ],
    )
