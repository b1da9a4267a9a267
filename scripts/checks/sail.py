#!/usr/bin/env python3
"""What the command finds of Sail, another engine that speaks Spark Connect, and what works there.

    .venv-writers/bin/python scripts/checks/sail.py [--needletail PROGRAM]

Starts the server of the package pysail twice: as it is, where it does not tell a version of Spark, and beside a module
that tells one. Exits 77 where Sail is missing.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Beside other checks this one would find their names before packages of the same.
sys.path.pop(0)
ROOT = Path(__file__).resolve().parents[2]
QUICK_START = ROOT / "Examples" / "QuickStart"
SAIL = Path(sys.executable).parent / "sail"
TIME_LIMIT = 60


@contextlib.contextmanager
def server(folder, modules):
    """The address of a server whose Python has what is in `modules` besides."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(folder / "sail.log", "w") as log:
        process = subprocess.Popen(
            [SAIL, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)], cwd=folder,
            env=os.environ | {"PYTHONPATH": str(modules)}, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log)
    try:
        end = time.monotonic() + TIME_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                said = (folder / "sail.log").read_text()
                assert process.poll() is None and time.monotonic() < end, f"no server: {said[-2000:]}"
                time.sleep(0.1)
        yield f"sc://localhost:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(program, remote, *words, status=0):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    if (ROOT / ".venv").is_dir():
        environment["VIRTUAL_ENV"] = str(ROOT / ".venv")
    done = subprocess.run(
        [program, *map(str, words), "--remote", remote], env=environment, cwd=QUICK_START,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def examined(program, remote, key):
    """The check that fails, which is to be the one called `key`; those before it find nothing wrong."""
    report = json.loads(run(program, remote, "doctor", "--json", status=1))
    statuses = {check["key"]: check["status"] for check in report["checks"]}
    before = list(statuses).index(key)
    assert all(status == "ok" for status in list(statuses.values())[:before]), statuses
    assert statuses[key] == "fail", statuses
    return next(check for check in report["checks"] if check["key"] == key)


def check(program, folder):
    modules = folder / "modules"
    modules.mkdir()
    with server(folder, modules) as remote:
        found = examined(program, remote, "grpc")
        assert "does not tell its version of Spark" in found["finding"], found
        assert found["remedy"].startswith("The server is Sail"), found
    print("ok  a Sail that tells no version of Spark is found to be one", flush=True)

    module = modules / "pyspark"
    module.mkdir()
    (module / "__init__.py").write_text('__version__ = "4.1.3"\n')
    with server(folder, modules) as remote:
        found = examined(program, remote, "version")
        engine = "the server is not Spark but another engine that speaks Spark Connect"
        assert found["finding"].startswith(engine), found
        assert "tables and SQL work there, functions and predictions do not" in found["finding"], found
        assert "Name a Spark 4.0 to 4.3" in found["remedy"], found
        print("ok  a Sail that calls itself Spark 4.1.3 is told from one", flush=True)
        said = run(
            program, remote, "sql",
            f"SELECT count(*) AS n, sum(id) AS s FROM parquet.`{QUICK_START / 'digits.parquet'}`")
        assert "|1797|1613706|" in said.replace(" ", ""), said
        print("ok  SQL works there", flush=True)
        delta_tables(program, remote, folder / "delta")
        said = run(
            program, remote, "predict", "digits.onnx", "--input", QUICK_START / "digits.parquet",
            "--output", "-", status=1)
        assert "is not Spark but another engine" in said, said
        assert "which does not start programs as its workers" in said, said
        print("ok  predictions are refused with the reason", flush=True)


def delta_tables(program, remote, table):
    """Writes a Delta table, adds to it, deletes and replaces, and compares with what the log says."""
    delta = ["--output", table, "--output-format", "delta"]
    run(program, remote, "sql", "SELECT id, id * 2 AS b FROM range(10)", *delta)
    run(program, remote, "sql", "SELECT id + 10 AS id, id AS b FROM range(3)", *delta,
        "--mode", "append")
    run(program, remote, "sql", f"DELETE FROM delta.`{table}` WHERE id < 3")
    said = run(program, remote, "sql", f"SELECT count(*) AS n, sum(id) AS s FROM delta.`{table}`")
    assert "|10|75|" in said.replace(" ", ""), said
    # Read as plain files, the deleted rows would be there.
    files = sorted(table.glob("*.parquet"))
    assert sum(rows(file) for file in files) > 10
    assert sum(rows(table / name) for name in live_files(table)) == 10
    for words in [
        ["preview", table], ["sql", f"SELECT * FROM parquet.`{table}`"],
        ["sql", "SELECT 1 AS id", "--output", table, "--mode", "append"],
        ["sql", "SELECT 1 AS id", "--output", table, "--mode", "overwrite"],
    ]:
        said = run(program, remote, *words, status=64)
        assert f"'{table}' is a Delta table (it has _delta_log)" in said, said
    run(program, remote, "sql", "SELECT id + 100 AS id, id AS b FROM range(4)", *delta,
        "--mode", "overwrite")
    said = run(program, remote, "preview", table, "--input-format", "delta")
    assert "|103|3|" in said.replace(" ", "") and "|12|" not in said.replace(" ", ""), said
    assert sum(rows(table / name) for name in live_files(table)) == 4
    print("ok  Delta tables are read and written there, and not as plain files", flush=True)


def rows(file):
    import duckdb
    return duckdb.sql(f"SELECT count(*) FROM read_parquet('{file}')").fetchall()[0][0]


def live_files(table):
    """The data files that a Delta table's log says are its rows."""
    files = set()
    for entry in sorted((table / "_delta_log").glob("*.json")):
        for line in entry.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files.add(action["add"]["path"])
            if "remove" in action:
                files.discard(action["remove"]["path"])
    return files


def main():
    parser = argparse.ArgumentParser(prog="scripts/checks/sail.py")
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built)
    program = parser.parse_args().needletail.resolve()
    if not SAIL.is_file():
        print("not run: there is no Sail in this Python environment")
        return 77
    with tempfile.TemporaryDirectory(prefix="needletail-sail-") as folder:
        check(program, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
