"""Checks that `from needletail import predicting` gives in PySpark what the command gives.

    .venv/bin/python scripts/checks/pyspark_module.py [--needletail PROGRAM] [--only classic|connect]

A classic session and one of Spark Connect predict the digits of Examples/QuickStart at once, each in a
process of its own, and compare with the table that `needletail predict` writes. Beside that: a struct, the
best classes, vectors of Spark ML, errors, and functions in Python in the same session. Then both have
servers that keep their Python: the classic session a setting, that of Connect a proxy that refuses it or
does nothing with it.
"""

import argparse
import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "Examples" / "QuickStart"
PROXY = ROOT / "Tests" / "SparkIntegrationTests" / "refusing_proxy.py"
SETTING = "spark.sql.execution.pyspark.python"
# For both sessions, on two cores that other checks use, too.
TIME_LIMIT = 300


class Check:
    """Counts what passed and tells what did not."""

    def __init__(self, kind):
        self.kind, self.failed = kind, 0

    def __call__(self, title, isRight, found=""):
        print(f"{'ok' if isRight else 'FAILED'}  {self.kind}: {title}", flush=True)
        if not isRight:
            print(f"        {found}", flush=True)
            self.failed += 1


def session(kind):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.config("spark.sql.shuffle.partitions", "2")
    if kind == "connect":
        return builder.remote("local[2]").getOrCreate()
    return builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()


@contextlib.contextmanager
def refusing(spark, mode):
    """A session of the same server behind one that keeps its Python."""
    from pyspark.sql import SparkSession

    port = spark.client._builder.endpoint.rpartition(":")[2]
    with subprocess.Popen(
            [sys.executable, PROXY, f"localhost:{port}", mode], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as proxy:
        token = spark.client.token
        address = f"sc://localhost:{proxy.stdout.readline().strip()}/" + (f";token={token}" if token else "")
        beyond = SparkSession.builder.remote(address).create()
        yield beyond
        beyond.client.close()
        proxy.stdin.close()


@contextlib.contextmanager
def told():
    """What the module says."""
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logging.getLogger("needletail").addHandler(handler)
    yield said
    logging.getLogger("needletail").removeHandler(handler)


def direct(check, table, says):
    """Who asks for the mode in which executors start the program hears that they do not."""
    from needletail import NeedletailError, predicting

    try:
        predicting(table, DIGITS / "digits.onnx", execution_mode="direct")
        check("direct", False, "it was taken")
    except NeedletailError as error:
        check("direct is an error that names shim", says in str(error) and "'shim'" in str(error), error)


def settings(check, spark):
    """A call has the session's settings also where nobody has set them."""
    from needletail._execution import Choice

    names = ["spark.sql.session.timeZone", "spark.sql.execution.arrow.useLargeVarTypes"]
    choice = Choice(SimpleNamespace(spark=spark), {"worker": "", "shim": {"settings": names}}, "shim")
    check(
        "calls through Python have the session's settings",
        choice.settings() == {name: spark.conf.get(name) for name in names}, choice.settings())


def shim(check, spark, wanted, reason):
    """Spark's own Python passes the batches on, and functions in Python stand beside predictions."""
    from pyspark.sql.functions import pandas_udf

    from needletail import predicting

    model = DIGITS / "digits.onnx"
    digits = spark.read.parquet(str(DIGITS / "digits.parquet"))
    with told() as said:
        table = predicting(digits, model, outputs={"probabilities": "p"})
        other = predicting(digits, model, argmax=["probabilities"], into="best")
    line = "execution mode shim: the executors' own Python passes the batches to the program, since "
    check(
        f"one line tells the mode: {reason}",
        [each.startswith(line) and reason in each for each in said] == [True], said)
    twice = pandas_udf(lambda values: values * 2, "long")
    rows = table.select("id", "p", twice("id").alias("twice")).collect()
    found = {row.id: (row.p, row.twice) for row in rows}
    check(
        f"{len(wanted)} rows beside a function in Python",
        found == {id: (p, 2 * id) for id, p in wanted.items()}, f"{len(found)} rows")
    rows = other.select("id", "best.probabilities").limit(50).collect()
    check(
        "a struct", other.columns == [*digits.columns, "best"] and len(rows) == 50 and all(
            row.probabilities == max(range(10), key=wanted[row.id].__getitem__) for row in rows), rows[:1])


def inspect(kind, expected):
    """All that one session does."""
    import numpy
    import pyarrow.parquet as pq
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql.functions import col, pandas_udf, struct

    from needletail import NeedletailError, predicting

    spark = session(kind)
    check = Check(f"{kind} {spark.version}")
    if kind == "classic":
        spark.sparkContext.setLogLevel("OFF")
    model = DIGITS / "digits.onnx"
    digits = spark.read.parquet(str(DIGITS / "digits.parquet"))

    table = predicting(digits, model, outputs={"probabilities": "p"})
    check("new columns are the last ones", table.columns == [*digits.columns, "p"], table.columns)
    check(
        "the schema says what the plan says", table.schema["p"].dataType.simpleString() == "array<float>",
        table.schema["p"])
    found = {row.id: row.p for row in table.select("id", "p").collect()}
    wanted = pq.read_table(expected).to_pydict()
    wanted = dict(zip(wanted["id"], wanted["p"]))
    check(
        f"{len(wanted)} rows are the command's", len(wanted) > 1000 and found == wanted,
        f"{len(found)} rows, {sum(found.get(id) != p for id, p in wanted.items())} differ")

    check(
        "the column says where it is from, as the command's does",
        table.schema["p"].metadata == spark.read.parquet(expected).schema["p"].metadata
        and table.schema["p"].metadata["needletail"]["format"] == "onnx", table.schema["p"].metadata)

    settings(check, spark)

    # Names that need quoting, a field of a struct, and another form of the output.
    odd = digits.select("id", struct(col("pixels").alias("p, `x`")).alias("s.t"))
    table = predicting(
        odd, model, inputs={"pixels": "`s.t`.`p, ``x```"},
        outputs={"probabilities": "best `one`"}, into="all of it", top_k=2, options={"threads": 1})
    row = table.select("id", "`all of it`").limit(1).collect()[0]
    best = row["all of it"]["best `one`"]
    scores = sorted(wanted[row.id], reverse=True)
    check(
        "a struct says where it is from",
        table.schema["all of it"].metadata["needletail"]["prediction"]["into"] == "all of it",
        table.schema["all of it"].metadata)
    check(
        "a struct has the best classes", [each.score for each in best] == scores[:2], f"{best}, {scores}")

    vectors = digits.select("id", array_to_vector(col("pixels").cast("array<double>")).alias("v"))
    table = predicting(vectors, model, inputs={"pixels": "v"}, argmax=["probabilities"])
    rows = table.limit(50).collect()
    check(
        "vectors feed the model", table.columns == ["id", "v", "probabilities"] and all(
            row.probabilities == max(range(10), key=wanted[row.id].__getitem__) for row in rows), rows[:1])

    table = predicting(
        digits, model, outputs={"probabilities": "p"}, softmax=["probabilities"], round=3, output_as="vector")
    row = table.select("id", "p").limit(1).collect()[0]
    exponents = numpy.exp(numpy.array(wanted[row.id], numpy.float32))
    check(
        "vectors of rounded numbers come out",
        table.schema["p"].dataType.simpleString() == "vector" and numpy.allclose(
            row.p.toArray(), numpy.round(exponents / exponents.sum(), 3), atol=0.0011), row)

    for title, arguments, says in [
        ("a column that is not there", {"inputs": {"pixels": "pixel"}},
         "the table has no column 'pixel' for the model's input pixels: float32[?, 64]"),
        ("an output that is not there", {"outputs": {"classes": "c"}},
         "--output-map names the output 'classes', which the model does not have"),
        ("an option that is wrong", {"rows": "sideways"}, "The value 'sideways' is invalid for '--rows"),
    ]:
        try:
            predicting(digits, model, **arguments)
            check(title, False, "it was taken")
        except NeedletailError as error:
            check(f"{title} is an error", says in str(error) and "Usage" not in str(error), error)
    try:
        predicting(digits, "none.onnx")
        check("no model", False, "it was taken")
    except NeedletailError as error:
        check("no model is an error", str(error).startswith("there is no model none.onnx"), error)

    # What fails on an executor says where.
    short = digits.limit(1).selectExpr("id", "slice(pixels, 1, 3) AS pixels")
    try:
        predicting(short, model).collect()
        check("short rows", False, "they were taken")
    except Exception as error:
        check("an executor's error arrives", "column 'pixels', row" in str(error), error)
    table = predicting(short, model, on_error="column=why")
    row = table.collect()[0]
    check("a row's error is beside it", row.probabilities is None and "pixels" in row.why, row)

    twice = pandas_udf(lambda values: values * 2, "long")
    if kind == "connect":
        # There the worker is the session's.
        spark.conf.unset(SETTING)
    row = digits.select("id", twice("id").alias("twice")).limit(1).collect()[0]
    check("functions in Python work in the session", row.twice == 2 * row.id, row)
    if kind == "classic":
        spark.conf.set(SETTING, sys.executable)
        direct(check, digits, "spark.conf.unset")
        # Another session of this process has no mode yet.
        other = spark.newSession()
        other.conf.set(SETTING, sys.executable)
        shim(check, other, wanted, "as the worker of all functions")
    else:
        with refusing(spark, "refuse") as beyond:
            table = beyond.range(1).selectExpr("array_repeat(0f, 64) AS pixels")
            direct(check, table, "the server does not let the session choose")
            shim(check, beyond, wanted, "[CONFIG_NOT_AVAILABLE]")
        with refusing(spark, "ignore") as beyond:
            shim(check, beyond, wanted, "whatever the session sets")
    spark.stop()
    return 1 if check.failed else 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/checks/pyspark_module.py")
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", choices=["classic", "connect"])
    parser.add_argument("--inspect", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inspect:
        return inspect(*given.inspect)
    if not given.needletail.exists():
        raise SystemExit(f"there is no {given.needletail}; build the product needletail first")

    start = time.monotonic()
    environment = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_", "NEEDLETAIL_"))}
    environment["NEEDLETAIL_COMMAND"] = str(given.needletail.resolve())
    # Before what the caller names, such as another Spark.
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT / "Python"), environment.get("PYTHONPATH")]))
    # The workers of functions in Python.
    environment["PYSPARK_PYTHON"] = sys.executable
    with tempfile.TemporaryDirectory(prefix="needletail-pyspark-") as folder:
        expected = Path(folder) / "expected.parquet"
        subprocess.run(
            [environment["NEEDLETAIL_COMMAND"], "predict", DIGITS / "digits.onnx", "--input",
             DIGITS / "digits.parquet", "--output", expected, "--keep", "id", "--output-map",
             "probabilities=p", "--engine", "local", "--quiet"],
            check=True, env={**environment, "NEEDLETAIL_PYTHON": sys.executable})
        running = []
        for kind in [given.only] if given.only else ["classic", "connect"]:
            log = open(Path(folder) / f"{kind}.log", "w+", encoding="utf-8")
            # Spark leaves folders where it stands.
            work = Path(folder) / kind
            work.mkdir()
            running.append((kind, log, subprocess.Popen(
                [sys.executable, __file__, "--inspect", kind, str(expected)], cwd=work, env=environment,
                stdout=log, stderr=subprocess.STDOUT)))
        failed = 0
        for kind, log, process in running:
            try:
                process.wait(max(1, TIME_LIMIT - (time.monotonic() - start)))
            except subprocess.TimeoutExpired:
                process.kill()
                print(f"FAILED  {kind}: not done after {TIME_LIMIT} s", flush=True)
            log.seek(0)
            lines = log.read().splitlines()
            log.close()
            if process.wait() == 0:
                lines = [line for line in lines if line.startswith("ok")]
            else:
                failed = 1
            print("\n".join(lines), flush=True)
    print(f"{time.monotonic() - start:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main())
