"""Checks that tables in files have the same rows, names and types whoever reads them.

    .venv/bin/python scripts/checks/scan_equality.py [--count N] [--damaged N] [--all] [--seed S]
        [--only NAME] [--thorough N] [--programs FOLDER] [--remote ADDRESS] [--keep FOLDER]

Makes random tables (Tests/ScanTables): Parquet by pyarrow with every type, codec, encoding and page
version, nested, in partitions, of several files that lack columns or have other types, CSV and JSON
lines, and tables written by Spark, DuckDB and Polars. Each is read, predicted with a small model and
written with all its columns

* without Spark, by `needletail predict --engine local`;
* by the workers of a Spark (scan: native): what they leave to Spark is told with the reason;
* by Spark for the workers, every fourth table or as --thorough says, and what was written without Spark
  is read again by Spark;
* by `needletail predict --engine spark --scan native`, every 24th table.

All but the commands go through one session of Tests/IntegrationProgram, as a start costs seconds. Spark's
own reader says what is right: rows, names, order and types of the columns. What Spark refuses must be
refused with a message that names the file. pyarrow's reader is the witness for plain Parquet, also for the
order of rows.

Where Spark reads something else, or refuses what is read here, what was written decides: the table's twin,
which Spark and pyarrow must read alike, or what the lines of JSON say to Python. If that is what is read
here, it counts as a fault of Spark and is told at the end; anything else is a difference.

Then files are damaged, in their bytes or by cutting and moving parts. Reading one without Spark must end
with rows or with an error that names the file; every 20th is also read by Spark and by the workers, whose
rows of Parquet must be those of Spark or of this process. What else they make of it is only counted.

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
import threading
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

warnings.simplefilter("ignore")

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "Tests" / "ScanTables"
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "Benchmarks"), str(TABLES)]

import annotated_tables  # noqa: E402
import damage  # noqa: E402
import folder_tables  # noqa: E402
import json_lines  # noqa: E402
import parquet_tables  # noqa: E402
import spark_tables  # noqa: E402
import text_tables  # noqa: E402
from rows import Written, files, read, rows  # noqa: E402
from spark_server import SparkServer  # noqa: E402
from table import Random, Table  # noqa: E402

# One number of each row goes in, one comes out.
MODEL = ROOT / "Tests" / "Models" / "scalar_input.onnx"
TIME_LIMIT = 300
# Every so many tables go through the command on Spark, and damaged files through Spark.
COMMANDS, DAMAGED_ON_SPARK = 24, 20
ALL_TABLES, ALL_DAMAGED = 600, 2000
# A column of numbers in one file and of times in another, or the other way round: Spark gives the times'
# microseconds as numbers, and takes numbers for days.
TIMES_AS_NUMBERS = re.compile(
    r"is bigint in the table and timestamp\[|is date in the table and u?int(8|16|32) in"
)
# Some nested columns in slices are more than pyarrow's writer can do.
UNWRITABLE = (pa.ArrowIndexError, pa.ArrowNotImplementedError)
LEFT_TO_SPARK = re.compile(r"\(scan: native\), which cannot be: (.*); change that, or let Spark", re.DOTALL)
# What Spark says of a worker that has died.
DIED = re.compile(r"crashed|exited unexpectedly|Connection reset|SIGSEGV|SIGABRT|SIGBUS")

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


def environment():
    """Nothing but this check says which Spark and which libraries are used."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("SPARK_")
    } | {"NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix}


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
        if engine == "spark":
            words += ["--remote", self.remote, "--scan", "native"]
        else:
            words += ["--threads", "2"]
        done = subprocess.run(
            list(map(str, words)), env=environment(), cwd=ROOT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=TIME_LIMIT)
        if done.returncode == 0:
            return Written(target)
        said = done.stderr.strip()
        assert done.returncode in (1, 64) and "Fatal error" not in said, (
            f"it exited {done.returncode}: {said[-2000:]}")
        raise Refused(said)


class Session:
    """Tests/IntegrationProgram, which reads one table after the other in one session of Spark."""

    def __init__(self, program, remote, scratch):
        self.words = [program, "tables", "--remote", remote, "--model", MODEL]
        self.log = scratch / "program.log"
        self.process = None

    def run(self, table, reader, target):
        """What it wrote; `reader` is `native`, `spark` or `local`.

        Raises Refused with what it said, and AssertionError if it ended.
        """
        options = dict(table.options)
        if table.format == "csv":
            options = {"header": "true", "inferSchema": "true"} | options
        order = {
            "reader": reader, "path": str(table.path), "format": table.format, "options": options,
            "zone": table.zone, "feature": table.feature, "output": str(target),
        }
        if self.process is None:
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    list(map(str, self.words)), env=environment(), cwd=ROOT, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=log, text=True)
        watch = threading.Timer(TIME_LIMIT, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            answer = next((line for line in self.process.stdout if line.startswith("{")), None)
        except BrokenPipeError:
            answer = None
        finally:
            watch.cancel()
        if answer is None:
            status = self.close()
            said = self.log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"the program that read it ended with {status}: {said}")
        if refusal := json.loads(answer).get("refusal"):
            raise Refused(refusal)
        return Written(target)

    def close(self):
        """Its exit status; the next table starts another."""
        process, self.process = self.process, None
        if process is None:
            return 0
        try:
            process.communicate(timeout=60)
        except BrokenPipeError:
            pass
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait()


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
    listed = [path for path in files(table.path) if path.name[0] not in "._"]
    if not listed or any(path.is_dir() for path in table.path.glob("*=*")):
        return None
    try:
        return [row for file in listed for row in rows(read(file), wanted.names)]
    except Exception:
        # It does not read what was asked for, such as times beyond its own.
        return None


class Check:
    def __init__(self, commands, session, reference, scratch, pool):
        self.commands, self.session, self.reference = commands, session, reference
        self.scratch, self.pool = scratch, pool
        self.counts = collections.Counter()
        # By their kind, the tables that Spark itself does not read as they were written.
        self.faults = collections.defaultdict(list)
        self.failures = []

    def table(self, number, table, is_thorough):
        folder = self.scratch / f"results-{number}"
        folder.mkdir()
        local = self.pool.submit(self.commands.run, table, "local", folder / "local.parquet")
        native = self.pool.submit(self.session.run, table, "native", folder / "native")
        problems = []
        wanted, refusal, fault = None, None, None
        try:
            wanted = self.reference.read(table, table.path, folder / "wanted")
        except Refused as error:
            refusal = str(error)
            wanted = self.twin(table, folder)
        try:
            found = local.result()
            if refusal is None:
                wrong = difference(found, wanted, ["predicted y"])
            else:
                wrong = f"Spark refuses it, and this is read:\n{refusal[:1500]}"
            if wrong:
                if unlike := self.unlike_written(table, folder, found):
                    problems.append(f"{wrong}\nand it is not what was written: {unlike}")
                else:
                    fault = kind(table, refusal)
                    self.faults[fault].append((number, wrong))
                    wanted = self.twin(table, folder)
            if wanted is not None:
                order = witness(table, wanted)
                mine = [cut(row, found, 1) for row in found.rows]
                if order is not None and mine != order and not problems:
                    if sorted(mine) == sorted(order):
                        problems.append("the rows are in another order than pyarrow's")
                    elif table.name not in ("legacy", "spark", "widened", "annotated ENUM"):
                        one = next((pair for pair in zip(mine, order) if pair[0] != pair[1]), "count")
                        problems.append(f"pyarrow reads other rows: {str(one)[:2000]}")
                self.counts["witnessed by pyarrow"] += order is not None
            self.counts["read, and by Spark not as it was written" if fault else "read"] += 1
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
        by_workers, wrong = self.natively(number, table, native, found, wanted, refusal)
        problems += wrong
        if number % COMMANDS == 0:
            problems += self.command(table, folder, by_workers)
        if is_thorough and found is not None and wanted is not None and fault is None:
            problems += self.thoroughly(table, folder, found)
        self.counts[table.name] += 1
        self.tell(number, table, problems)
        if not problems:
            shutil.rmtree(folder, ignore_errors=True)

    def twin(self, table, folder):
        """What was written, as Spark reads it from the table's twin; None where that does not tell."""
        if table.twin is None:
            return None
        target = folder / "twin"
        try:
            return Written(target) if target.exists() else self.reference.read(
                table, table.twin, target)
        except Refused:
            # What was begun is no answer the next time.
            shutil.rmtree(target, ignore_errors=True)
            return None

    def unlike_written(self, table, folder, found):
        """How the rows that were found are not those that were written; None if they are."""
        try:
            if table.format == "json":
                return json_lines.difference(found, table.path)
            twin = self.twin(table, folder)
            if twin is None:
                return "nothing tells what that was"
            plain = [row for file in files(table.twin) for row in rows(read(file), twin.names)]
            if sorted(plain) != sorted(twin.rows):
                return "Spark and pyarrow do not read its twin alike"
            return difference(found, twin, ["predicted y"])
        except Exception:
            return traceback.format_exc()

    def tell(self, number, table, problems):
        if not problems:
            return
        self.failures.append((number, table, problems))
        print(f"FAILED  {number} {table.name}  {table.path}  {table.options} {table.zone}", flush=True)
        for problem in problems:
            print("        " + problem.replace("\n", "\n        "), flush=True)

    def natively(self, number, table, reading, found, wanted, refusal):
        """What the workers read, or None, and the problems with it."""
        try:
            native = reading.result()
        except Refused as error:
            said = str(error)
            if reason := LEFT_TO_SPARK.search(said):
                self.counts["left to Spark by the workers"] += 1
                print(f"left to Spark  {number} {table.name}: {reason.group(1)[:300]}", flush=True)
            elif DIED.search(said):
                return None, [f"a worker died of it: {said[-1500:]}"]
            elif refusal is not None or found is None:
                self.counts["refused by the workers, too"] += 1
            else:
                return None, [f"the workers refuse it: {said[-1500:]}"]
            return None, []
        except AssertionError as error:
            return None, [str(error)]
        except Exception:
            return None, [traceback.format_exc()]
        self.counts["read by the workers"] += 1
        if found is not None:
            wrong = difference(native, found)
        elif wanted is not None:
            wrong = difference(native, wanted, ["predicted y"])
        else:
            wrong = "they read what Spark and this process refuse"
        return native, [f"the workers read it otherwise: {wrong}"] if wrong else []

    def command(self, table, folder, by_workers):
        """The command on Spark does what the program does in its session."""
        self.counts["through the command on Spark"] += 1
        try:
            wrong = "it is read, and by the program's workers not"
            told = self.commands.run(table, "spark", folder / "command")
            if by_workers is not None:
                wrong = difference(told, by_workers)
        except Refused as error:
            wrong = by_workers and f"it is refused: {str(error)[-1500:]}"
        except (AssertionError, subprocess.TimeoutExpired) as error:
            wrong = str(error)
        return [f"--engine spark --scan native: {wrong}"] if wrong else []

    def thoroughly(self, table, folder, found):
        """The ordinary path, and Spark's reading of what was written."""
        problems = []
        try:
            ordinary = self.session.run(table, "spark", folder / "ordinary")
            if wrong := difference(found, ordinary):
                problems.append(f"read by Spark for the workers it differs: {wrong}")
            self.counts["read by Spark for the workers"] += 1
        except Refused as error:
            problems.append(f"read by Spark for the workers: {str(error)[-1500:]}")
        except AssertionError as error:
            problems.append(str(error))
        written = Table("written", folder / "local.parquet", zone=table.zone)
        try:
            again = self.reference.read(written, written.path, folder / "again")
            if wrong := difference(again, found):
                problems.append(f"Spark reads something else of what was written: {wrong}")
        except Refused as error:
            problems.append(f"Spark does not read what was written: {str(error)[:1500]}")
        return problems

    def damaged(self, number, table, how):
        """A damaged file."""
        folder = self.scratch / f"damaged-results-{number}"
        folder.mkdir()
        problems, found = [], None
        try:
            found = self.session.run(table, "local", folder / "local.parquet")
            self.counts["damaged: read"] += 1
        except Refused as error:
            said = str(error)
            self.counts["damaged: refused"] += 1
            # A number that is gone, or a column that has another name or type now, is the model's matter.
            if not names_file(said, table.path) and not is_of_model(said):
                problems.append(f"the message does not name the file: {said[-1500:]}")
        except AssertionError as error:
            problems.append(str(error))
        except Exception:
            problems.append(traceback.format_exc())
        if number % DAMAGED_ON_SPARK == 0 and not problems:
            problems += self.damaged_on_spark(table, folder, found)
        table.name = f"damaged {table.name} ({how})"
        self.tell(number, table, problems)
        if not problems:
            shutil.rmtree(folder, ignore_errors=True)

    def damaged_on_spark(self, table, folder, found):
        try:
            wanted = self.reference.read(table, table.path, folder / "wanted")
            is_same = found is not None and not difference(found, wanted, ["predicted y"])
            verdict = "as Spark reads it" if is_same else "Spark has other rows"
        except Refused:
            wanted = None
            verdict = "refused by Spark, too" if found is None else "Spark refuses what is read"
        self.counts[f"damaged: {verdict}"] += 1
        try:
            native = self.session.run(table, "native", folder / "native")
        except Refused as error:
            # Also what Spark, which lists the files and tells their schema, says of it.
            self.counts["damaged: refused with the workers"] += 1
            said = str(error)
            return [f"a worker died of it: {said[-1500:]}"] if DIED.search(said) else []
        except AssertionError as error:
            return [str(error)]
        self.counts["damaged: read by the workers"] += 1
        if wanted is not None and not difference(native, wanted, ["predicted y"]):
            return []
        wrong = "without Spark it is refused" if found is None else difference(native, found)
        if wrong and table.format != "parquet":
            # The types are Spark's guess from what is left of the text, which need not be ours.
            self.counts["damaged: text that the workers read otherwise"] += 1
            return []
        return [f"the workers read it otherwise: {wrong}"] if wrong else []


def kind(table, refusal):
    """What Spark does wrong, without what is of this table alone."""
    if refusal is None:
        return f"Spark reads other rows ({table.name})"
    causes = refusal.split("Caused by: ")
    said = " ".join(causes[-1].split())
    return "Spark refuses it: " + re.sub(r"\S*/\S+|\d+", "…", said)[:200]


def is_of_model(said):
    return "INVALID_INPUT" in said or "the model's input" in said


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
    # One of each group comes first, so that few tables are also of all groups.
    makers = [maker for share, maker in GROUPS for _ in range(share - 1)]
    Random(f"{options.seed}/order").shuffle(makers)
    makers = [maker for _, maker in GROUPS] + makers
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
        try:
            made = maker(random, folder, *arguments)
        except UNWRITABLE as error:
            print(f"pyarrow does not write  {number}: {error}", flush=True)
            continue
        yield number, made


def damaged_tables(options, scratch):
    """Damaged files one by one: number, table, and what was done to it."""
    makers = [parquet_tables.flat, parquet_tables.nested, text_tables.csv, text_tables.json_lines]
    number, made = 0, 0
    while number < options.damaged:
        folder = scratch / f"damaged-{made}"
        folder.mkdir()
        random = Random(f"{options.seed}/damaged/{made}")
        made += 1
        try:
            table = makers[(made - 1) % len(makers)](random, folder)
        except UNWRITABLE:
            continue
        if table.path.is_dir() or table.is_left_to_spark:
            continue
        whole = table.path.read_bytes()
        for _ in range(min(10, options.damaged - number)):
            inner = folder / str(number)
            inner.mkdir()
            data, how = damage.damaged(random, whole)
            one = replace(table, path=inner / table.path.name, twin=None)
            one.path.write_bytes(data)
            yield number, one, how
            number += 1
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug"))
    parser.add_argument(
        "--programs", type=Path, default=built,
        help="the folder with needletail and IntegrationProgram (default: %(default)s)")
    parser.add_argument("--count", type=int, default=30, help="tables (default: %(default)s)")
    parser.add_argument("--damaged", type=int, default=40, help="damaged files (default: %(default)s)")
    parser.add_argument(
        "--all", action="store_true", help=f"{ALL_TABLES} tables and {ALL_DAMAGED} damaged files")
    parser.add_argument(
        "--thorough", type=int, default=4, metavar="N",
        help="every Nth table is read by Spark for the workers, too; 0: none (default: %(default)s)")
    parser.add_argument("--seed", default="1", help="for other tables (default: %(default)s)")
    parser.add_argument("--only", action="append", help="the name of a maker; may be repeated")
    parser.add_argument("--remote", help="a Spark Connect server of this machine, instead of an own one")
    parser.add_argument("--keep", type=Path, help="keeps the tables in this folder")
    options = parser.parse_args()
    if options.all:
        options.count = max(options.count, ALL_TABLES)
        options.damaged = max(options.damaged, ALL_DAMAGED)
    program, integration = (
        (options.programs / name).resolve() for name in ("needletail", "IntegrationProgram"))
    for built in (program, integration):
        if not built.exists():
            raise SystemExit(f"there is no {built}; build it first: swift build --build-tests")
    scratch = options.keep or Path(tempfile.mkdtemp(prefix="needletail-equality-"))
    scratch.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("NEEDLETAIL_WRITERS"):
        print("DuckDB and Polars are not tried: NEEDLETAIL_WRITERS names no Python that has them")
    began = time.monotonic()
    try:
        probe = scratch / "probe"
        probe.mkdir()
        small = parquet_tables.make(Random("probe"), probe, "probe", [], rows=2)
        try:
            Commands(program, None).run(small, "local", probe / "out.parquet")
        except Refused as error:
            if "plug-in for files" in str(error):
                print(f"skipped: {error}")
                sys.exit(77)
            raise SystemExit(f"the smallest table fails: {error}") from None
        own = nullcontext() if options.remote else SparkServer(scratch / "server", memory="2g")
        with own as server, ThreadPoolExecutor(2) as pool:
            from pyspark.sql import SparkSession

            remote = options.remote or server.remote
            spark = SparkSession.builder.remote(remote).getOrCreate()
            spark.conf.set("spark.sql.shuffle.partitions", "1")
            session = Session(integration, remote, scratch)
            try:
                check = Check(
                    Commands(program, remote), session, Reference(spark), scratch, pool)
                for number, table in tables(options, scratch, spark):
                    check.table(number, table, options.thorough and number % options.thorough == 0)
                for number, table, how in damaged_tables(options, scratch):
                    check.damaged(number, table, how)
                # Whatever the damaged files did, the next table is read.
                session.run(small, "native", probe / "afterwards")
            finally:
                status = session.close()
            spark.stop()
    except Refused as error:
        raise SystemExit(f"the smallest table is not read by the workers: {error}") from None
    finally:
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    for fault, tables_of_it in sorted(check.faults.items()):
        number, wrong = tables_of_it[0]
        others = f", and {len(tables_of_it) - 1} more" if len(tables_of_it) > 1 else ""
        print(f"Spark's own fault: {fault}; table {number}{others}")
        if "refuses" not in fault:
            print("        " + wrong[:1000].replace("\n", "\n        "))
    told = ", ".join(f"{count} {name}" for name, count in sorted(check.counts.items()))
    print(f"{told}; {time.monotonic() - began:.0f} s")
    if status:
        print(f"the program with the session ended with {status}")
    print(f"equality: {len(check.failures)} of the tables differ")
    sys.exit(1 if check.failures or status else 0)


if __name__ == "__main__":
    main()
