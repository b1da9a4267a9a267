"""Checks that `needletail predict` gives what ONNX Runtime's Python package gives, row by row.

    .venv/bin/python scripts/checks/predict_equals_onnxruntime.py
        [--needletail PROGRAM] [--only NAME]...

For every model a table of its own is written as Parquet, JSON or CSV; the command predicts it on a
Spark Connect server that the check starts (once also without a server, so that the command starts
Spark by itself); the Parquet it wrote is read by pandas and by PySpark. Numbers must agree to 1e-5
(of the value, above 1), everything else exactly.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

import ml_dtypes
import numpy as np
import onnxruntime
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from onnx import TensorProto

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from spark_server import SparkServer  # noqa: E402

MODELS = ROOT / "Tests" / "Models"
DIGITS = ROOT / "Examples" / "QuickStart"
ROWS = 257
RANDOM = np.random.RandomState(20250105)
WORDS = np.array(["red", "green", "blue", "sea-green", "grün", "赤", "none", "RED", "x y"], object)


@dataclass
class Check:
    """A model, the columns it is fed from, and the formats they can be stored in.

    `columns` are arrays whose first axis is the row, and are written with the Arrow type of their
    elements. `feeds` says which columns make up each input; an input without one is found by its
    name. `options` are more options of the command, `renamed` what they call an output.
    """

    name: str
    columns: dict
    feeds: dict = field(default_factory=dict)
    formats: tuple = ("parquet", "json")
    model: Path | None = None
    options: tuple = ()
    renamed: dict = field(default_factory=dict)

    def path(self):
        return self.model or MODELS / f"{self.name.split(':')[0]}.onnx"

    def rows(self):
        return len(next(iter(self.columns.values())))


def floats(*shape, kind=np.float32):
    return RANDOM.uniform(-3, 3, (ROWS, *shape)).round(4).astype(kind)


def whole(low, high, *shape, kind=np.int64):
    return RANDOM.randint(low, high, (ROWS, *shape)).astype(kind)


def words(*shape):
    return RANDOM.choice(WORDS, (ROWS, *shape))


def scalars(prefix, matrix):
    return {f"{prefix}{index}": matrix[:, index] for index in range(matrix.shape[1])}


def checks():
    digits = pq.read_table(DIGITS / "digits.parquet")
    pixels = np.stack(digits["pixels"].to_numpy())
    pixel_columns = scalars("p", pixels)
    yield Check(
        "digits",
        {"pixels": pixels},
        model=DIGITS / "digits.onnx",
        options=("--output-map", "probabilities=p", "--batch-size", "100"),
        renamed={"probabilities": "p"},
    )
    yield Check(
        "digits:scalars",
        pixel_columns,
        {"pixels": list(pixel_columns)},
        ("parquet", "csv"),
        model=DIGITS / "digits.onnx",
    )
    yield Check("two_inputs", {"a": floats(3), "b": floats(2, kind=np.float64)})
    yield Check(
        "two_inputs:scalars",
        {**scalars("a", floats(3)), **scalars("b", floats(2))},
        {"a": ["a0", "a1", "a2"], "b": ["b0", "b1"]},
        ("parquet", "json", "csv"),
    )
    yield Check("two_outputs", {"x": floats(4)})
    homes = ["MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Lat", "Lon"]
    yield Check(
        "eight_features",
        dict(zip(homes, floats(8, kind=np.float64).T)),
        {"features": homes},
        ("parquet", "json", "csv"),
    )
    yield Check("string_input", {"word": words()}, formats=("parquet", "json", "csv"))
    yield Check(
        "string_features",
        {"first": words(), "second": words(), "years": whole(0, 90, kind=np.int32)},
        {"words": ["first", "second"], "age": ["years"]},
        ("parquet", "json", "csv"),
    )
    yield Check("string_output", {"index": whole(-1, 8)}, formats=("parquet", "csv"))
    yield Check("float16", {"x": floats(3)})
    yield Check(
        "float16:scalars",
        scalars("x", floats(3)),
        {"x": ["x0", "x1", "x2"]},
        ("parquet", "csv"),
    )
    yield Check("bfloat16", {"x": floats(3)}, formats=("parquet",))
    yield Check("embedding", {"ids": whole(0, 10, 4, kind=np.int32)})
    yield Check(
        "category", {"category": whole(0, 10, kind=np.int32)}, formats=("parquet", "json", "csv")
    )
    yield Check("dynamic_sequence", {"x": floats(7)})
    yield Check("image", {"image": floats(3 * 8 * 8)}, formats=("parquet",))
    yield Check("scalar_input", {"x": floats()}, formats=("parquet", "csv"))
    yield Check("scalar_outputs", {"x": floats(3)}, formats=("parquet",))
    yield Check("matrix_output", {"x": floats(4)}, formats=("parquet",))
    yield Check(
        "fixed_batch", {"x": floats(3)[:256]}, formats=("parquet",), options=("--batch-size", "4")
    )
    yield Check(
        "identity",
        {
            "bool_in": whole(0, 2, 2, kind=np.bool_),
            "int8_in": whole(-128, 128, 2, kind=np.int8),
            "int16_in": whole(-(2**15), 2**15, 2, kind=np.int16),
            "int32_in": whole(-(2**31), 2**31, 2, kind=np.int32),
            "int64_in": whole(-(2**62), 2**62, 2),
            "uint8_in": whole(0, 2**8, 2, kind=np.int16),
            "uint16_in": whole(0, 2**16, 2, kind=np.int32),
            "uint32_in": whole(0, 2**32, 2),
            "uint64_in": whole(0, 2**62, 2),
            "float16_in": floats(2),
            "float32_in": floats(2),
            "float64_in": floats(2, kind=np.float64),
            "string_in": words(2),
        },
        formats=("parquet",),
    )


ELEMENTS = {
    "bool": np.bool_,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float": np.float32,
    "double": np.float64,
    "string": object,
}


def element_type(argument):
    name = argument.type.removeprefix("tensor(").removesuffix(")")
    return name, ELEMENTS.get(name) or np.dtype(name)


def expected(check):
    """The outputs of ONNX Runtime in Python, by name, for all rows at once (or, for a model with a
    fixed batch, batch by batch)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        check.path(), options, providers=["CPUExecutionProvider"]
    )
    feeds, fixed = {}, check.rows()
    for argument in session.get_inputs():
        names = check.feeds.get(argument.name, [argument.name])
        parts = [check.columns[name] for name in names]
        value = np.stack(parts, axis=1) if argument.name in check.feeds else parts[0]
        if isinstance(argument.shape[0], int):
            fixed = argument.shape[0]
        tail = [size if isinstance(size, int) else -1 for size in argument.shape[1:]]
        _, kind = element_type(argument)
        feeds[argument.name] = value.reshape([check.rows(), *tail]).astype(kind)
    batches = [
        run(session, {name: value[start : start + fixed] for name, value in feeds.items()})
        for start in range(0, check.rows(), fixed)
    ]
    return {
        argument.name: np.concatenate([batch[index] for batch in batches])
        for index, argument in enumerate(session.get_outputs())
    }


def run(session, feeds):
    if not any(value.dtype == ml_dtypes.bfloat16 for value in feeds.values()):
        return session.run(None, feeds)
    values = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(
            value.view(np.uint16), TensorProto.BFLOAT16
        )
        for name, value in feeds.items()
    }
    outputs = []
    for output in session.run_with_ort_values(None, values):
        if output.data_type() == "tensor(bfloat16)":
            content = ctypes.string_at(output.data_ptr(), 2 * int(np.prod(output.shape())))
            outputs.append(np.frombuffer(content, ml_dtypes.bfloat16).reshape(output.shape()))
        else:
            outputs.append(output.numpy())
    return outputs


def write_input(check, kind, folder):
    folder.mkdir(parents=True)
    table = {"id": pa.array(np.arange(check.rows()))}
    for name, values in check.columns.items():
        element = pa.from_numpy_dtype(values.dtype) if values.dtype != object else pa.string()
        kind_of_column = element if values.ndim == 1 else pa.list_(element)
        table[name] = pa.array(list(values), kind_of_column)
    table = pa.table(table)
    # Two files make two partitions, and the second has the smaller part of the rows.
    middle = check.rows() * 5 // 8 // 4 * 4
    for index, part in enumerate([table.slice(0, middle), table.slice(middle)]):
        path = folder / f"part-{index}.{kind}"
        if kind == "parquet":
            pq.write_table(part, path)
        elif kind == "csv":
            pa.csv.write_csv(part, path)
        else:
            # Through text once, so that a float32 is written with its own few digits.
            rows = part.to_pandas().map(plain).to_dict("records")
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def plain(value):
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, np.floating):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value


def command(program, check, source, kind, target, remote, engine="spark"):
    words = [str(program), "predict", str(check.path()), "--input", str(source)]
    words += ["--input-format", kind, "--output", str(target), "--output-format", "parquet"]
    words += ["--keep", "id", "--quiet", *check.options]
    for name, columns in check.feeds.items():
        words += ["--map", f"{name}={','.join(columns)}"]
    return words + (["--remote", remote] if remote else ["--engine", engine])


def flattened(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [each for part in value for each in flattened(part)]
    return [value]


def difference(column, wanted):
    """What is wrong with a column of read values, in words; None when nothing is."""
    wanted = wanted.reshape(len(wanted), -1)
    for row, (value, answer) in enumerate(zip(column, wanted, strict=True)):
        found = flattened(value)
        if len(found) != len(answer):
            return f"row {row} has {len(found)} elements, and {len(answer)} were expected"
        if answer.dtype.kind in "OSUb" or answer.dtype.kind in "iu":
            # Exact: through Python's own numbers, for no integer may pass through a float.
            if [type(b)(a) for a, b in zip(found, answer.tolist())] != answer.tolist():
                return f"row {row} is {found}, and {answer.tolist()} was expected"
        else:
            exact = answer.astype(np.float64)
            off = np.abs(np.asarray(found, np.float64) - exact)
            if not (off <= 1e-5 * np.maximum(1, np.abs(exact))).all():
                return f"row {row} is {found}, and {exact.tolist()} was expected"
    return None


def compare(check, answers, target, spark):
    frame = pd.read_parquet(target).sort_values("id")
    if frame["id"].tolist() != list(range(check.rows())):
        return f"pandas read {len(frame)} rows, or other rows than the {check.rows()} written"
    # Sorted here, as Spark would take two more jobs for it.
    rows = sorted(spark.read.parquet(str(target)).collect(), key=lambda row: row["id"])
    if len(rows) != check.rows():
        return f"PySpark read {len(rows)} rows of {check.rows()}"
    for output, wanted in answers.items():
        name = check.renamed.get(output, output)
        if name not in frame.columns:
            return f"there is no column {name}, only {', '.join(frame.columns)}"
        for reader, column in (("pandas", frame[name]), ("PySpark", [row[name] for row in rows])):
            if wrong := difference(column, wanted):
                return f"column {name} by {reader}: {wrong}"
    return None


def perform(program, check, kind, remote, spark, scratch, uploads=False):
    """Runs one case; returns its seconds and what is wrong, None when nothing is."""
    case = f"{check.name.replace(':', '-')}-{kind}{'' if remote else '-local'}"
    source, target = scratch / case / "in", scratch / case / "out"
    write_input(check, kind, source)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SPARK_")
    }
    environment["NEEDLETAIL_PYTHON"] = sys.executable
    environment["VIRTUAL_ENV"] = sys.prefix
    if remote and not uploads:
        # One case shows that the program brings itself; for the others it is there already.
        environment["NEEDLETAIL_WORKER"] = str(program)
    began = time.monotonic()
    try:
        done = subprocess.run(
            command(program, check, source, kind, target, remote),
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except subprocess.TimeoutExpired:
        return time.monotonic() - began, "it ran for more than 300 s"
    seconds = time.monotonic() - began
    if done.returncode != 0:
        return seconds, f"it exited {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"
    return seconds, compare(check, expected(check), target, spark)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", action="append", help="the name of a model; may be repeated")
    options = parser.parse_args()
    if not options.needletail.exists():
        raise SystemExit(f"there is no {options.needletail}; build the product needletail first")
    chosen = [
        check
        for check in checks()
        if not options.only or check.name.split(":")[0] in options.only
    ]
    from pyspark.sql import SparkSession

    program = options.needletail.resolve()
    scratch = Path(tempfile.mkdtemp(prefix="needletail-predict-"))
    passed, failures = 0, []
    try:
        with SparkServer(scratch / "server") as server, ThreadPoolExecutor(2) as pool:
            spark = SparkSession.builder.remote(server.remote).create()
            cases = [(check, kind, server.remote) for check in chosen for kind in check.formats]
            # The longest first, which starts a Spark while the first of the others wait for theirs.
            cases[:0] = [(check, "parquet", None) for check in chosen if check.name == "digits"]
            sender = next((case for case in cases if case[2]), None)

            def run(case):
                check, kind, remote = case
                return perform(program, check, kind, remote, spark, scratch, case is sender)

            for (check, kind, remote), (seconds, wrong) in zip(cases, pool.map(run, cases)):
                where = "" if remote else ", starting Spark itself"
                title = f"{check.name} from {kind}{where}"
                print(f"{'FAILED' if wrong else 'ok'}  {title}  ({seconds:.1f} s)", flush=True)
                if wrong:
                    print(f"        {wrong}", flush=True)
                    failures.append(title)
                else:
                    passed += 1
            spark.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"predictions: {passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
