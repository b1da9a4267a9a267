"""Checks that the command reads and writes tables that Spark knows by name, and calls models in SQL.

    .venv/bin/python scripts/checks/catalog_tables.py [--needletail PROGRAM]

One Spark of this machine has the tables; each command is a session of its own. What they write is compared
with what the same prediction writes from files to files.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from spark_server import SparkServer  # noqa: E402

QUICK_START = ROOT / "Examples" / "QuickStart"
DIGITS = QUICK_START / "digits.parquet"
MODEL = QUICK_START / "digits.onnx"
USAGE = 64


def check(program, environment, remote, folder):
    def run(*words, status=0):
        start = time.monotonic()
        done = subprocess.run(
            [program, *map(str, words), "--remote", remote], env=environment, cwd=folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
        said = done.stdout + done.stderr
        assert done.returncode == status, f"{words}: status {done.returncode}\n{said[-3000:]}"
        seconds = time.monotonic() - start
        print(f"passed   {' '.join(map(str, words))[:90]} ({seconds:.1f} s)", flush=True)
        return said

    def rows(name):
        table = pq.read_table(folder / name)
        return table.select(sorted(table.column_names)).sort_by("id")

    predict = ["predict", MODEL, "--keep", "id", "--output-map", "probabilities=p"]
    run(*predict, "--input", DIGITS, "--output", folder / "files", "--quiet")
    wanted = rows("files")
    assert wanted.num_rows == 1797

    # From files to a table that is made, and to one that is there.
    to_table = [*predict, "--input", DIGITS, "--output-table", "predicted"]
    said = run(*to_table, "--partition-by", "id", "--limit", "5")
    assert "5 rows" in said and "written to the table predicted\n" in said, said
    said = run(*to_table, status=USAGE)
    assert "the table 'predicted' exists" in said and "--mode overwrite" in said, said
    assert "nothing written" in run(*to_table, "--mode", "ignore")
    run(*to_table, "--mode", "overwrite")
    # The columns are found by their names.
    run(
        *predict, "--output-table", "predicted", "--mode", "append", "--sql",
        f"SELECT pixels, id + 5000 AS id FROM parquet.`{DIGITS}`")
    said = run(
        "predict", MODEL, "--input", DIGITS, "--output-table", "predicted", "--mode", "append",
        status=USAGE)
    assert "the result lacks p" in said and "the table lacks" in said, said

    # From a table to files, a folder for each value of a column.
    run(
        "sql", "--output", folder / "again", "--partition-by", "part", "--quiet",
        "SELECT id, p, id > 1000 AS part FROM predicted WHERE id < 5000")
    folders = sorted(path.name for path in (folder / "again").iterdir() if path.is_dir())
    assert folders == ["part=false", "part=true"], folders
    assert rows("again").select(["id", "p"]).equals(wanted.select(["id", "p"])), "other rows"
    said = run("predict", MODEL, "--table", "nowhere.at_all", "--output", folder / "none", status=1)
    assert "nowhere" in said, said

    # Models in SQL.
    run(
        "sql", "--model", f"digit={MODEL}", "--output", folder / "called", "--quiet",
        f"SELECT id, digit(pixels) AS p FROM parquet.`{DIGITS}`")
    assert rows("called").equals(wanted), "a call gives something else than a prediction"
    # What a query reads is not deleted before it is read, and what is there is left alone.
    called = ["sql", "--output", folder / "called", f"SELECT id FROM parquet.`{folder / 'called'}`"]
    said = run(*called, "--mode", "overwrite", status=1)
    assert "would delete before it is read" in said, said
    assert "nothing written" in run(*called, "--mode", "ignore")
    assert rows("called").equals(wanted), "a query that was refused changed its input"
    said = run(
        "sql", "--model", f"digit={MODEL}", "--verbose", "--limit", "3",
        "SELECT count(*) AS sure FROM (SELECT digit(pixels) AS p FROM "
        f"parquet.`{DIGITS}`) WHERE array_max(p) > 0.5")
    sure = sum(max(p) > 0.5 for p in wanted["p"].to_pylist())
    assert "digit(pixels array<float>) -> array<float>" in said, said
    assert f"|{sure}" in said.replace(" ", ""), said


def main():
    parser = argparse.ArgumentParser()
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    program = parser.parse_args().needletail.resolve()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_")}
    environment |= {"NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix}

    with tempfile.TemporaryDirectory(prefix="needletail-catalog-") as scratch:
        folder = Path(scratch)
        with SparkServer(folder / "server") as server:
            check(program, environment, server.remote, folder)
    print("all passed")


if __name__ == "__main__":
    main()
