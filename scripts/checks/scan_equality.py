"""Checks that the command without Spark reads tables in files exactly as Spark reads them.

    .venv/bin/python scripts/checks/scan_equality.py [--count N | --all] [--seed S] [--only NAME]
        [--thorough N] [--needletail PROGRAM] [--remote ADDRESS] [--keep FOLDER]

Makes random tables (Tests/ScanTables): Parquet by pyarrow with every type, codec, encoding and page
version, nested, in partitions, of several files that lack columns or have other types, CSV and JSON
lines, and tables written by Spark, DuckDB and Polars. `needletail predict --engine local` predicts each
with a small model and writes it with all its columns; Spark's own reader reads the same table. Rows,
names, order and types of the columns must be equal; what Spark refuses must be refused with a message
that names the file. Every twelfth table (or as --thorough says) also goes through `--engine spark`, and
what the command wrote is read again by Spark. pyarrow's reader is the witness for plain Parquet, also for
the order of rows.

DuckDB and Polars are tried if NEEDLETAIL_WRITERS names a Python that has them. Exits 77 where the plug-in
for files is missing.
"""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

warnings.simplefilter("ignore")

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "Tests" / "ScanTables"
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "Benchmarks"), str(TABLES)]

import annotated_tables  # noqa: E402
import folder_tables  # noqa: E402
import parquet_tables  # noqa: E402
import spark_tables  # noqa: E402
import text_tables  # noqa: E402
from rows import Written, read, rows  # noqa: E402
from spark_server import SparkServer  # noqa: E402
from table import Random, Table  # noqa: E402

# One number of each row goes in, one comes out.
MODEL = ROOT / "Tests" / "Models" / "scalar_input.onnx"
TIME_LIMIT = 300
# A column of numbers in one file and of times in another: Spark gives the times' microseconds as numbers.
TIMES_AS_NUMBERS = re.compile(r"is bigint in the table and timestamp\[us")

# Each group gets its share of the tables.
GROUPS = [
    (6, parquet_tables.flat), (5, parquet_tables.nested), (1, parquet_tables.refused),
    (1, parquet_tables.legacy), (1, annotated_tables.annotated), (3, folder_tables.partitioned),
    (2, folder_tables.missing_columns),
    (2, folder_tables.widened), (1, folder_tables.folders), (5, text_tables.csv),
    (4, text_tables.json_lines), (2, text_tables.text_folder), (3, spark_tables.parquet),
    (2, spark_tables.text), (4, None),
]


class Refused(Exception):
    """A reader said no; the text says why."""


class Commands:
    """Runs the command on tables."""

    def __init__(self, program, remote):
        self.program, self.remote = program, remote

    def run(self, table, engine, target):
        """What the command wrote.

        Raises Refused with what it said, and AssertionError if it crashed.
        """
        words = [self.program, "predict", MODEL, "--input", table.path, "--output", target]
        words += ["--input-format", table.format, "--output-format", "parquet", "--quiet"]
        words += ["--map", f"x={table.feature}", "--output-map", "y=predicted y", "--engine", engine]
        words += ["--conf", f"spark.sql.session.timeZone={table.zone}"]
        for name, value in table.options.items():
            words += ["--input-option", f"{name}={value}"]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SPARK_")
        } | {"NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix}
        if engine == "spark":
            words += ["--remote", self.remote]
        else:
            words += ["--threads", "2"]
        done = subprocess.run(
            list(map(str, words)), env=environment, cwd=ROOT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=TIME_LIMIT)
        if done.returncode == 0:
            return Written(target)
        said = done.stderr.strip()
        assert done.returncode in (1, 64) and "Fatal error" not in said, (
            f"it exited {done.returncode}: {said[-2000:]}")
        raise Refused(said)


class Reference:
    """Spark's own readers."""

    def __init__(self, spark):
        self.spark = spark

    def read(self, table, path, target):
        """What Spark reads; raises Refused."""
        self.spark.conf.set("spark.sql.session.timeZone", table.zone)
        reader = self.spark.read.format(table.format)
        if table.format == "csv":
            reader = reader.options(header="true", inferSchema="true")
        try:
            reader.options(**table.options).load(str(path)).write.parquet(str(target))
        except Exception as error:
            said = str(error)
            causes = re.findall(r"^Caused by: .*", said, re.MULTILINE)
            raise Refused("\n".join([said.split("JVM stacktrace")[0].strip(), *causes])) from None
        return Written(target)


def difference(found, wanted, more=()):
    """What differs; None if nothing does. `more`: the columns behind those that are wanted."""
    names = [name for name in found.names if name not in more]
    if names != wanted.names:
        return f"the columns are {names}, not {wanted.names}"
    for name in names:
        one, other = found.column(name), wanted.column(name)
        if one != other:
            return f"the column {name!r} is {brief(one)}, not {brief(other)}"
    columns = len(found.names) - len(names)
    mine = found.rows if not columns else [cut(row, found, columns) for row in found.rows]
    if len(mine) != len(wanted.rows):
        return f"{len(mine)} rows, not {len(wanted.rows)}"
    for one, other in zip(sorted(mine), sorted(wanted.rows)):
        if one != other:
            return f"a row of {names} is\n{one[:1500]}\nnot\n{other[:1500]}"
    return None


def cut(row, found, columns):
    """A row's text without its last column, which is a number."""
    assert columns == 1
    text = row[: row.rindex(", ")]
    return text + (",)" if len(found.names) == 2 else ")")


def brief(field):
    return json.dumps({"type": field["type"], "nullable": field["nullable"]})


def witness(table, wanted):
    """The rows in order as pyarrow reads them; None where it does not tell."""
    if table.format != "parquet" or table.options or "=" in str(table.path):
        return None
    files = [table.path] if table.path.is_file() else sorted(
        path for path in table.path.glob("*.parquet") if path.name[0] not in "._")
    if not files or any(path.is_dir() for path in table.path.glob("*=*")):
        return None
    try:
        return [row for file in files for row in rows(read(file), wanted.names)]
    except Exception:
        # It does not read what was asked for, such as times beyond its own.
        return None


class Check:
    def __init__(self, commands, reference, scratch, pool):
        self.commands, self.reference, self.scratch, self.pool = commands, reference, scratch, pool
        self.counts = collections.Counter()
        self.failures = []

    def table(self, number, table, is_thorough):
        folder = self.scratch / f"results-{number}"
        folder.mkdir()
        local = self.pool.submit(self.commands.run, table, "local", folder / "local.parquet")
        problems = []
        wanted, refusal, used = None, None, table.path
        try:
            wanted = self.reference.read(table, table.path, folder / "wanted")
        except Refused as error:
            refusal = str(error)
        if wanted is None and table.twin:
            try:
                wanted = self.reference.read(table, table.twin, folder / "twin")
                used = table.twin
            except Refused:
                pass
        try:
            found = local.result()
            if wanted is None:
                problems.append(f"Spark refuses it, and this is read:\n{refusal[:1500]}")
            else:
                problems += filter(None, [difference(found, wanted, ["predicted y"])])
                order = witness(table, wanted)
                mine = [cut(row, found, 1) for row in found.rows]
                if order is not None and mine != order and not problems:
                    if sorted(mine) == sorted(order):
                        problems.append("the rows are in another order than pyarrow's")
                    elif table.name not in ("legacy", "spark", "widened", "annotated ENUM"):
                        one = next((pair for pair in zip(mine, order) if pair[0] != pair[1]), "count")
                        problems.append(f"pyarrow reads other rows: {str(one)[:2000]}")
                self.counts["read"] += 1
                self.counts["witnessed by pyarrow"] += order is not None
        except Refused as error:
            said = str(error)
            if wanted and "INVALID_INPUT" in said and not wanted.has_numbers(table.feature):
                self.counts["without a number to predict"] += 1
            elif wanted is not None and TIMES_AS_NUMBERS.search(said) and names_file(said, table.path):
                self.counts["times that Spark would take for numbers"] += 1
            elif wanted is not None and not (table.is_left_to_spark and "Spark" in said):
                problems.append(f"it is refused, and Spark reads it: {said[-1500:]}")
            elif wanted is not None:
                self.counts["left to Spark"] += 1
            else:
                self.counts["refused by both"] += 1
                # A table without rows or columns is refused for these.
                is_known = "INVALID_INPUT" in said or table.is_left_to_spark and "Spark" in said
                # A partition's column is in no file.
                is_known = is_known or "A partition's values" in said
                if not is_known and not names_file(said, table.path):
                    problems.append(
                        f"the message does not name the file: {said[-800:]}\nSpark: {refusal[:500]}")
            found = None
        except subprocess.TimeoutExpired:
            problems.append(f"it ran for more than {TIME_LIMIT} s")
            found = None
        except AssertionError as error:
            problems.append(str(error))
            found = None
        except Exception:
            problems.append(traceback.format_exc())
            found = None
        if is_thorough and found is not None and wanted is not None and used == table.path:
            problems += self.thoroughly(table, folder, found, wanted)
        if problems:
            self.failures.append((number, table, problems))
            print(f"FAILED  {number} {table.name}  {table.path}  {table.options} {table.zone}", flush=True)
            for problem in problems:
                print("        " + problem.replace("\n", "\n        "), flush=True)
        self.counts[table.name] += 1
        if not problems:
            shutil.rmtree(folder, ignore_errors=True)
        return not problems

    def thoroughly(self, table, folder, found, wanted):
        """The ordinary path, and Spark's reading of what was written."""
        problems = []
        try:
            ordinary = self.commands.run(table, "spark", folder / "ordinary")
            if wrong := difference(found, ordinary):
                problems.append(f"--engine spark differs: {wrong}")
            self.counts["through --engine spark"] += 1
        except Refused as error:
            problems.append(f"--engine spark: {str(error)[-1500:]}")
        except (AssertionError, subprocess.TimeoutExpired) as error:
            problems.append(f"--engine spark: {error}")
        written = Table("written", folder / "local.parquet", zone=table.zone)
        try:
            again = self.reference.read(written, written.path, folder / "again")
            if wrong := difference(again, found):
                problems.append(f"Spark reads something else of what was written: {wrong}")
        except Refused as error:
            problems.append(f"Spark does not read what was written: {str(error)[:1500]}")
        return problems


def names_file(said, path):
    """Whether a message names the table, a file or folder in it, or a column's place."""
    base = re.split(r"[*?\[{]", str(path))[0].rstrip("/")
    return base in said


def foreign(scratch, seed, count):
    """Tables by DuckDB and Polars, if there is a Python that has them."""
    python = os.environ.get("NEEDLETAIL_WRITERS")
    if not python or not count:
        return []
    done = subprocess.run(
        [python, TABLES / "foreign_tables.py", scratch / "foreign", str(seed), str(count)],
        stdout=subprocess.PIPE, text=True, check=True)
    made = [json.loads(line) for line in done.stdout.splitlines()]
    return [Table(entry["name"], Path(entry["path"]), entry["format"]) for entry in made]


def tables(options, scratch, spark):
    """The tables one by one: number and table."""
    makers = [maker for share, maker in GROUPS for _ in range(share)]
    Random(f"{options.seed}/order").shuffle(makers)
    chosen = [makers[number % len(makers)] for number in range(options.count)]
    others = iter(foreign(scratch, options.seed, chosen.count(None)))
    for number, maker in enumerate(chosen):
        if options.only and (maker is None or maker.__name__ not in options.only) and not (
                maker is None and "foreign" in options.only):
            continue
        if maker is None:
            if table := next(others, None):
                yield number, table
            continue
        folder = scratch / f"table-{number}"
        folder.mkdir()
        random = Random(f"{options.seed}/{number}")
        arguments = [spark] if maker.__module__ == "spark_tables" else []
        yield number, maker(random, folder, *arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--count", type=int, default=60, help="tables (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="600 tables")
    parser.add_argument(
        "--thorough", type=int, default=12, metavar="N",
        help="every Nth table goes through Spark with the command, too; 0: none (default: %(default)s)")
    parser.add_argument("--seed", default="1", help="for other tables (default: %(default)s)")
    parser.add_argument("--only", action="append", help="the name of a maker; may be repeated")
    parser.add_argument("--remote", help="a Spark Connect server of this machine, instead of an own one")
    parser.add_argument("--keep", type=Path, help="keeps the tables in this folder")
    options = parser.parse_args()
    if options.all:
        options.count = max(options.count, 600)
    if not options.needletail.exists():
        raise SystemExit(f"there is no {options.needletail}; build the product needletail first")
    program = options.needletail.resolve()
    scratch = options.keep or Path(tempfile.mkdtemp(prefix="needletail-equality-"))
    scratch.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("NEEDLETAIL_WRITERS"):
        print("DuckDB and Polars are not tried: NEEDLETAIL_WRITERS names no Python that has them")
    began = time.monotonic()
    try:
        probe = scratch / "probe"
        probe.mkdir()
        try:
            small = parquet_tables.make(Random("probe"), probe, "probe", [], rows=2)
            Commands(program, None).run(small, "local", probe / "out.parquet")
        except Refused as error:
            if "plug-in for files" in str(error):
                print(f"skipped: {error}")
                sys.exit(77)
            raise SystemExit(f"the smallest table fails: {error}") from None
        own = nullcontext() if options.remote else SparkServer(scratch / "server", memory="2g")
        with own as server, ThreadPoolExecutor(1) as pool:
            from pyspark.sql import SparkSession

            remote = options.remote or server.remote
            spark = SparkSession.builder.remote(remote).getOrCreate()
            spark.conf.set("spark.sql.shuffle.partitions", "1")
            check = Check(Commands(program, remote), Reference(spark), scratch, pool)
            for number, table in tables(options, scratch, spark):
                check.table(number, table, options.thorough and number % options.thorough == 0)
            spark.stop()
    finally:
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    told = ", ".join(f"{count} {name}" for name, count in sorted(check.counts.items()))
    print(f"{told}; {time.monotonic() - began:.0f} s")
    print(f"equality: {len(check.failures)} of the tables differ")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
