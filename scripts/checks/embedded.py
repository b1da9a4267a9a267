"""Checks that `needletail predict` without Spark gives what ONNX Runtime's Python package gives.

    .venv/bin/python scripts/checks/embedded.py [--needletail PROGRAM] [--only NAME]...

The models and tables are those of predict_equals_onnxruntime.py, read and written by the command itself
on several threads; pyarrow reads what it wrote. Beside them: formats, one file and folders, the order of
rows, the modes of writing, what a killed and an interrupted command leave, jobs that go on after twenty
kills (`--resume`), and what a run costs.
Exits 77 where the plug-in for files is missing.
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from predict_equals_onnxruntime import (  # noqa: E402
    DIGITS, ROOT, checks, command, difference, expected, write_input,
)

TIME_LIMIT = 300
USAGE, INTERRUPTED = 64, 130
# Of a release build on an idle machine; others are only told.
MOST_SECONDS, MOST_MIB = 1.0, 150


class Check:
    """Counts what passed and tells what did not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def __call__(self, title, wrong):
        print(f"{'FAILED' if wrong else 'ok'}  {title}", flush=True)
        if wrong:
            print(f"        {wrong}", flush=True)
            self.failed += 1
        else:
            self.passed += 1


def environment():
    """No Spark, no Java: whoever needs them fails."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "HADOOP_", "JAVA_")) and name != "NEEDLETAIL_MASTER"
    }
    return kept | {
        "NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix, "PATH": "/nowhere",
    }


def start(words, **more):
    return subprocess.Popen(
        list(map(str, words)), env=environment(), cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def run(words):
    """The exit status and what was said."""
    process = start(words)
    try:
        out, said = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return -1, "", f"it ran for more than {TIME_LIMIT} s"
    return process.returncode, out, said


def files(folder, ending):
    """The parts of a folder in their order, or the file itself."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.name.endswith(ending))


def read(path, kind, schema=None):
    """A table that the command wrote."""
    parts = files(path, f".{kind}")
    if kind == "parquet":
        tables = [pq.read_table(part) for part in parts]
    elif kind == "arrow":
        tables = [pa.ipc.open_file(part).read_all() for part in parts]
    elif kind == "csv":
        tables = [pa.csv.read_csv(part) for part in parts]
    else:
        tables = [
            pa.Table.from_pylist([json.loads(line) for line in part.read_text().splitlines()])
            for part in parts
        ]
    return pa.concat_tables(tables)


def compare(table, check, answers):
    """What is wrong with predictions of all rows in their order; None when nothing is."""
    if table["id"].to_pylist() != list(range(check.rows())):
        return f"{table.num_rows} rows, or not those of the input in their order"
    for output, wanted in answers.items():
        name = check.renamed.get(output, output)
        if name not in table.column_names:
            return f"there is no column {name}, only {', '.join(table.column_names)}"
        column = table[name].to_pylist()
        if column and isinstance(column[0], str) and column[0].startswith("["):
            column = [json.loads(value) for value in column]
        if wrong := difference(column, wanted):
            return f"column {name}: {wrong}"
    return None


def check_models(program, chosen, scratch, told):
    """All models, from every format, into a file and a folder."""
    for check in chosen:
        answers = expected(check)
        for kind in check.formats:
            source = scratch / f"{check.name.replace(':', '-')}-{kind}"
            write_input(check, kind, source)
            for name in ("out.parquet", "out"):
                target = scratch / f"{source.name}-{name}"
                words = command(program, check, source, kind, target, None, engine="local")
                status, _, said = run([*words, "--threads", "3"])
                wrong = f"it exited {status}: {said[-1500:]}" if status else None
                if not wrong and target.is_file() != (name != "out"):
                    wrong = f"{target} is {'no ' if name != 'out' else 'a '}file"
                told(
                    f"{check.name} from {kind} to {name}",
                    wrong or compare(read(target, "parquet"), check, answers))


def check_formats(program, digits, scratch, told):
    """What is written in every format."""
    answers = expected(digits)
    source = scratch / "digits"
    write_input(digits, "parquet", source)
    base = [program, "predict", digits.path(), "--input", source, "--quiet", "--keep", "id"]
    base += ["--output-map", "probabilities=p"]
    for kind in ("parquet", "csv", "json", "arrow"):
        for name in (f"formats.{kind}", f"formats-{kind}"):
            target = scratch / name
            words = [*base, "--output", target, "--output-format", kind]
            status, _, said = run(words)
            wrong = f"it exited {status}: {said[-1500:]}" if status else None
            told(f"written to {name}", wrong or compare(read(target, kind), digits, answers))
            if kind == "parquet" and not wrong:
                status, _, said = run([*words, "--limit", "10", "--mode", "overwrite"])
                rows = read(target, kind)["id"].to_pylist() if not status else said
                told(f"the first rows of {name}", None if rows == list(range(10)) else f"{rows}")


def check_modes(program, digits, scratch, told):
    """What happens where something is already."""
    source = scratch / "digits"
    words = [program, "predict", digits.path(), "--input", source, "--keep", "id"]
    file, folder = scratch / "modes.parquet", scratch / "modes"
    for target in (file, folder):
        run([*words, "--output", target])
        status, _, said = run([*words, "--output", target])
        told(
            f"{target.name} exists",
            None if status == USAGE and "--mode overwrite" in said else f"{status}: {said}")
        status, out, said = run([*words, "--output", target, "--mode", "ignore"])
        told(
            f"{target.name} is left",
            None if status == 0 and "nothing written" in out else f"{status}: {out}{said}")
        status, _, said = run([*words, "--output", target, "--mode", "overwrite", "--limit", "7"])
        rows = read(target, "parquet").num_rows if status == 0 else said
        told(f"{target.name} is replaced", None if rows == 7 else f"{rows}")
        status, _, said = run([*words, "--output", target, "--mode", "append", "--limit", "5"])
        if target is file:
            told("nothing is appended to a file", None if status == USAGE else f"{status}: {said}")
        else:
            rows = read(target, "parquet").num_rows if status == 0 else said
            told("rows are appended to a folder", None if rows == 12 else f"{rows}")
    left = [path.name for path in scratch.iterdir() if path.name.startswith(".")]
    told("nothing hidden is left", f"{left}" if left else None)


def large_table(path, rows):
    """Rows enough for a run of some seconds."""
    pixels = np.random.RandomState(1).rand(rows * 64).astype(np.float32)
    lists = pa.ListArray.from_arrays(np.arange(0, rows * 64 + 1, 64, dtype=np.int32), pixels)
    table = pa.table({"id": pa.array(np.arange(rows)), "pixels": lists})
    pq.write_table(table, path, row_group_size=20_000)


def check_ends(program, digits, scratch, told):
    """What a killed and an interrupted command leave."""
    folder = scratch / "ends"
    folder.mkdir()
    source = scratch / "large.parquet"
    large_table(source, 400_000)
    for name in ("out.parquet", "out"):
        for what, number in (("kill -9", signal.SIGKILL), ("Ctrl-C", signal.SIGINT),
                             ("SIGTERM", signal.SIGTERM)):
            process = start(
                [program, "predict", digits.path(), "--input", source, "--output", folder / name])
            deadline = time.monotonic() + 60
            while process.poll() is None and not any(folder.iterdir()):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.002)
            began = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            seconds = time.monotonic() - began
            wrong = None
            if (folder / name).exists():
                wrong = "the output is there"
            elif number != signal.SIGKILL:
                left = [path.name for path in folder.iterdir()]
                if process.returncode != INTERRUPTED:
                    wrong = f"it exited {process.returncode}: {said[-500:]}"
                elif seconds > 1:
                    wrong = f"it took {seconds:.1f} s"
                elif left:
                    wrong = f"it left {left}"
            told(f"{what} while {name} is written", wrong)
            shutil.rmtree(folder)
            folder.mkdir()


def sorted_rows(folder):
    """The rows of a folder by their ids."""
    return read(folder, "parquet").sort_by("id").combine_chunks()


def check_resume(program, digits, scratch, told, kills=20, seconds=12):
    """Jobs that are killed at random go on where they were: each row once, as if nothing had been."""
    rows, source, whole = 6_000, scratch / "resume.parquet", scratch / "whole"
    large_table(source, rows)
    words = [program, "predict", digits.path(), "--input", source, "--keep", "id", "--quiet"]
    began = time.monotonic()
    status, _, said = run([*words, "--output", whole])
    longest = time.monotonic() - began
    wanted = sorted_rows(whole) if status == 0 else None
    words += ["--resume", "id", "--part-rows", "100"]
    rng, killed, jobs, kept, wrong = np.random.RandomState(7), 0, 0, [], said if status else None
    end = time.monotonic() + seconds
    while not wrong and killed < kills and time.monotonic() < end:
        target = scratch / f"resumed-{jobs}"
        jobs, is_begun = jobs + 1, False
        while True:
            process = start([*words, "--output", target])
            is_killed = False
            if killed < kills and time.monotonic() < end:
                # The first one has kept something.
                while not is_begun and process.poll() is None:
                    is_begun = any(target.glob("part-*"))
                    time.sleep(0.002)
                try:
                    process.wait(rng.rand() * min(longest, 1))
                except subprocess.TimeoutExpired:
                    process.kill()
                    is_killed = True
                    killed += 1
            _, said = process.communicate(timeout=TIME_LIMIT)
            if not is_killed:
                break
            kept.append(len(list(target.glob("part-*"))) if target.exists() else 0)
        if process.returncode:
            wrong = f"it exited {process.returncode}: {said[-1000:]}"
            break
        got = sorted_rows(target)
        ids = got["id"].to_pylist()
        left = [path.name for path in target.iterdir()
                if not path.name.startswith("part-") and path.name not in ("_SUCCESS", "_needletail")]
        if ids != list(range(rows)):
            wrong = f"{len(ids)} rows, {len(set(ids))} different ones, expected {rows}"
        elif left:
            wrong = f"it left {left}"
        elif not got.equals(wanted):
            wrong = difference(got["probabilities"].to_pylist(), wanted["probabilities"].to_pylist())
    if not wrong and max(kept, default=0) == 0:
        wrong = f"none of {killed} killed jobs kept anything"
    told(f"{jobs} jobs go on after {killed} kills, up to {max(kept, default=0)} parts were kept", wrong)


def check_redone(program, digits, scratch, told):
    """Rows with an error are done again; another model, a null and a repeated key are refused."""
    target, source = scratch / "redone", scratch / "gaps.parquet"
    row = [0.5] * 64

    def write(lists, ids=None):
        pq.write_table(
            pa.table({"id": pa.array(ids or range(len(lists)), pa.int64()),
                      "pixels": pa.array(lists, pa.list_(pa.float32()))}), source)

    write([row, None, row, row, None, row])
    words = [program, "predict", digits.path(), "--input", source, "--output", target, "--resume", "id"]
    words += ["--on-error", "column", "--part-rows", "2"]
    status, _, said = run(words)
    before = {path.name for path in target.glob("part-*")}
    write([row, row, row, row, None, row, row])
    status, out, said = run(words)
    table = sorted_rows(target) if status == 0 else None
    wrong = None
    if status:
        wrong = f"it exited {status}: {said}"
    elif table["id"].to_pylist() != list(range(7)):
        wrong = f"the ids are {table['id'].to_pylist()}"
    elif [value is not None for value in table["error"].to_pylist()] != [i == 4 for i in range(7)]:
        wrong = f"the errors are {table['error'].to_pylist()}"
    elif "4 rows were in the output already; 2 further ones had an error" not in out:
        wrong = out
    elif before - {path.name for path in target.glob("part-*")}:
        wrong = "a part with other rows is gone"
    told("rows with an error are done again", wrong)
    for title, ids, more, message in [
        ("a row without key is refused", [0, 1, None], [], "row 2 of the file"),
        ("a key that two rows have is refused", [0, 1, 1], [], "row 2 of the file"),
        ("another question is refused", [0, 1, 2], ["--argmax", "probabilities"], "begin anew"),
    ]:
        write([row] * 3, ids)
        status, _, said = run([*words, *more])
        told(title, None if status == USAGE and message in said else f"{status}: {said}")


def check_errors(program, digits, scratch, told):
    """Messages: the row and the file, and what only Spark does."""
    row = [0.5] * 64
    bad = scratch / "bad"
    bad.mkdir()
    for index, lists in enumerate([[row] * 9, [row] * 4 + [None] + [row] * 3]):
        pixels = pa.array(lists, pa.list_(pa.float32()))
        pq.write_table(pa.table({"pixels": pixels}), bad / f"part-{index}.parquet")
    base = [program, "predict", digits.path(), "--input"]
    status, _, said = run([*base, bad, "--output", scratch / "bad-out", "--threads", "1"])
    wanted = re.search(r"row 4\b.*part-1\.parquet", said)
    told("a null has its row and file", None if status == 1 and wanted else f"{status}: {said}")
    told("nothing is written then", "it is" if (scratch / "bad-out").exists() else None)
    source = scratch / "digits"
    status, _, said = run([*base, source, "--output", scratch / "new.orc"])
    wanted = said.startswith("Spark is used: only Spark writes the format orc\n")
    told("one line says why Spark is used", None if status == 1 and wanted else f"{status}: {said}")
    status, out, said = run([*base, source, "--output", "-", "--keep", "id", "--limit", "3"])
    told("rows are printed", None if status == 0 and out.count("\n") == 7 else f"{out}{said}")


def check_cost(program, scratch, told):
    """The whole command on the digits: seconds, and the most memory."""
    target = scratch / "cost.parquet"
    words = [program, "predict", DIGITS / "digits.onnx", "--input", DIGITS / "digits.parquet"]
    best, memory = None, 0
    for _ in range(3):
        began = time.monotonic()
        process = start([*words, "--output", target, "--mode", "overwrite", "--quiet"])
        process.stdout.close()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        best = min(seconds, best or seconds)
        memory = usage.ru_maxrss / 1024
    cost = f"{best:.2f} s, {memory:.0f} MiB"
    is_release = "release" in str(program)
    wrong = is_release and (best > MOST_SECONDS or memory > MOST_MIB)
    told(f"the digits cost {cost}", f"more than {MOST_SECONDS} s or {MOST_MIB} MiB" if wrong else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", action="append", help="the name of a model; may be repeated")
    options = parser.parse_args()
    if not options.needletail.exists():
        raise SystemExit(f"there is no {options.needletail}; build the product needletail first")
    program = options.needletail.resolve()
    everything = list(checks())
    chosen = [
        check for check in everything
        if not options.only or check.name.split(":")[0] in options.only
    ]
    digits = next(check for check in everything if check.name == "digits")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told = Check()
    scratch = Path(tempfile.mkdtemp(prefix="needletail-embedded-"))
    try:
        status, _, said = run([
            program, "predict", digits.path(), "--input", DIGITS / "digits.parquet", "--output", "-",
            "--engine", "local",
        ])
        if status == USAGE and "plug-in for files" in said:
            print(f"skipped: {said.splitlines()[0]}")
            sys.exit(77)
        check_models(program, chosen, scratch, told)
        check_formats(program, digits, scratch, told)
        check_modes(program, digits, scratch, told)
        check_ends(program, digits, scratch, told)
        check_resume(program, digits, scratch, told)
        check_redone(program, digits, scratch, told)
        check_errors(program, digits, scratch, told)
        check_cost(program, scratch, told)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"without Spark: {told.passed} passed, {told.failed} failed")
    sys.exit(1 if told.failed else 0)


if __name__ == "__main__":
    main()
