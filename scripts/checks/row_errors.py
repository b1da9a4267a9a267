"""Checks that of 100,000 rows with 1 % bad ones of every kind exactly those fail, whoever computes them.

    .venv/bin/python scripts/checks/row_errors.py [--needletail PROGRAM] [--rows N] [--seed N]

In the process of the command; on Spark, which reads the file or has the workers read it, or whose Python passes
the batches on. The model adds whole numbers, so that its sums are exact however rows are run together: all
other predictions must be those of an undisturbed run, bit for bit. Each run's report and metrics must have the
same counts. One Spark of this machine does all.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from spark_server import SparkServer  # noqa: E402

WIDTH, CLASSES, KNOWN = 16, 4, 1000
# What is wrong with a row, and what is said of it.
KINDS = {
    "null": "null", "element": "null", "short": "length", "long": "length", "number": "number",
    "model": "model",
}


def make_model(path, draw):
    """y = (table[id] + v) x weights, all of them small whole numbers; refuses an id beyond the table."""
    table = draw.integers(-8, 8, (KNOWN, WIDTH)).astype(np.float32)
    weights = draw.integers(-4, 4, (WIDTH, CLASSES)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "id"], ["row"]),
        helper.make_node("Add", ["row", "v"], ["sum"]),
        helper.make_node("MatMul", ["sum", "weights"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "lookup",
        [
            helper.make_tensor_value_info("id", TensorProto.INT32, ["rows"]),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, ["rows", WIDTH]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", CLASSES])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(weights, "weights")])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return table, weights


def make_tables(folder, count, draw, pick):
    """clean.parquet and bad.parquet, of several row groups; what is wrong with which row of the latter."""
    ids = draw.integers(0, KNOWN, count)
    v = draw.integers(-8, 8, (count, WIDTH)).astype(np.float32)
    bad = {row: pick.choice(list(KINDS)) for row in pick.sample(range(count), count // 100)}
    # All kinds, and the ends of the table.
    bad |= dict(zip([0, count - 1, *range(count // 2, count // 2 + len(KINDS))], [*KINDS] * 2))
    rows, changed = list(v), ids.copy()
    for row, kind in bad.items():
        if kind == "null":
            rows[row] = None
        elif kind == "element":
            rows[row] = [*v[row][:3], None, *v[row][4:]]
        elif kind == "short":
            rows[row] = v[row][:-1]
        elif kind == "long":
            rows[row] = [*v[row], 1.0]
        else:
            changed[row] = 1 << 40 if kind == "number" else KNOWN + row % 100
    for name, numbers, values in [("clean", ids, list(v)), ("bad", changed, rows)]:
        columns = {
            "key": np.arange(count), "id": numbers, "v": pa.array(values, pa.list_(pa.float32())),
        }
        pq.write_table(
            pa.table(columns), folder / f"{name}.parquet", row_group_size=max(count // 5, 1))
    return ids, v, bad


class Check:
    def __init__(self, program, folder, options):
        draw, pick = np.random.default_rng(options.seed), random.Random(options.seed)
        self.program, self.folder, self.rows = program, folder, options.rows
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_")}
        self.environment |= {"NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix}
        table, weights = make_model(folder / "lookup.onnx", draw)
        ids, v, self.bad = make_tables(folder, options.rows, draw, pick)
        self.wanted = (table[ids] + v) @ weights
        self.counts = {}
        for kind in self.bad.values():
            self.counts[KINDS[kind]] = self.counts.get(KINDS[kind], 0) + 1

    def run(self, name, table, *words):
        """The rows that the command gives, in their order, what it says, and its metrics."""
        began = time.monotonic()
        output, metrics = self.folder / name, self.folder / f"{name}.json"
        words = [
            "predict", self.folder / "lookup.onnx", "--input", self.folder / f"{table}.parquet",
            "--output", output, "--output-format", "parquet", "--keep", "key", "--metrics", metrics,
            *words,
        ]
        done = subprocess.run(
            [self.program, *map(str, words)], env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{name}: status {done.returncode}\n{said[-3000:]}"
        found = pq.read_table(output).sort_by("key")
        print(f"passed   {name} ({time.monotonic() - began:.1f} s)", flush=True)
        return found, said, json.loads(metrics.read_text())

    def predictions(self, found, failed):
        """Makes sure that all rows have their predictions but those of `failed`, which have none."""
        assert found["key"].to_pylist() == list(range(self.rows)), "not each row once"
        y = found["y"].combine_chunks()
        missing = set(np.flatnonzero(np.asarray(y.is_null())).tolist())
        assert missing == set(failed), sorted(missing ^ set(failed))[:10]
        good = np.setdiff1d(np.arange(self.rows), list(failed))
        values = np.asarray(y.drop_null().flatten()).reshape(len(good), CLASSES)
        assert np.array_equal(values, self.wanted[good]), "other predictions than without bad rows"

    def report(self, said, metrics, place):
        """Makes sure that the counts are told, with an example of each kind and its place."""
        assert f"{len(self.bad)} of {self.rows} rows failed:" in said, said
        for kind, count in self.counts.items():
            line = next((x for x in said.splitlines() if f"{count} x {kind}, such as row " in x), "")
            assert place in line, f"{kind}, {place}: {said}"
        assert metrics["failedRows"] == len(self.bad), metrics
        assert metrics["failures"] == self.counts, metrics

    def undisturbed(self):
        found, _, metrics = self.run("undisturbed", "clean", "--engine", "local")
        self.predictions(found, [])
        assert metrics["failedRows"] == 0 and metrics["failures"] == {}, metrics

    def messages(self, name, place, *words):
        found, said, metrics = self.run(name, "bad", "--on-error", "column", *words)
        self.predictions(found, self.bad)
        told = {row: text for row, text in enumerate(found["error"].to_pylist()) if text is not None}
        assert told.keys() == self.bad.keys(), sorted(told.keys() ^ self.bad.keys())[:10]
        for row, kind in self.bad.items():
            assert told[row].startswith(KINDS[kind] + ": "), f"row {row}, {kind}: {told[row]}"
        self.report(said, metrics, place)

    def silently(self, name, place, *words):
        """Without messages in the output, which has rows of another job before."""
        before = pa.table({"key": [-1], "y": pa.array([[0.0] * CLASSES], pa.list_(pa.float32()))})
        (self.folder / name).mkdir()
        pq.write_table(before, self.folder / name / "before.parquet")
        found, said, metrics = self.run(
            name, "bad", "--on-error", "null", "--mode", "append", *words)
        assert found["key"][0].as_py() == -1 and found.column_names == ["key", "y"], found.schema
        self.predictions(found.slice(1), self.bad)
        self.report(said, metrics, place)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="needletail-errors-") as scratch:
        folder = Path(scratch)
        check = Check(options.needletail.resolve(), folder, options)
        check.undisturbed()
        check.messages("embedded", "bad.parquet", "--engine", "local")
        with SparkServer(folder / "server", memory="1g") as server:
            on_spark = ["--remote", server.remote]
            spark, native = ["--scan", "spark"], ["--scan", "native"]
            check.messages("spark", "of partition ", *on_spark, *spark)
            check.messages("scan", "bad.parquet", *on_spark, *native)
            check.messages(
                "shim", "of partition ", *on_spark, *spark, "--execution-mode", "shim")
            check.silently("appended", "of partition ", *on_spark, *spark)
    print(f"ok  {len(check.bad)} bad rows of {options.rows}: {check.counts}")


if __name__ == "__main__":
    main()
