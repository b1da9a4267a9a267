"""Checks that the command answers bad input with a clear error and exit code, in good time, and
leaves nothing running.

    .venv/bin/python scripts/checks/bad_input.py [--needletail PROGRAM] [--only NAME]
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from spark_server import SparkServer, free_port  # noqa: E402

MODELS = ROOT / "Tests" / "Models"
DIGITS = ROOT / "Examples" / "QuickStart" / "digits.onnx"
TIME_LIMIT = 120
USAGE, FAILED = 64, 1


@dataclass
class Case:
    """A command that must fail with `status`, saying something that matches every one of `says`."""

    name: str
    words: list
    says: tuple
    status: int = FAILED
    environment: dict = field(default_factory=dict)


def write_tables(folder):
    def write(name, lists):
        ids = pa.array(range(len(lists)), pa.int64())
        pixels = pa.array(lists, pa.list_(pa.float32()))
        pq.write_table(pa.table({"id": ids, "pixels": pixels}), folder / f"{name}.parquet")
        return folder / f"{name}.parquet"

    row = [0.5] * 64
    return {
        "good": write("good", [row] * 20),
        "narrow": write("narrow", [[0.5] * 3] * 20),
        "null_row": write("null_row", [row] * 9 + [None] + [row] * 10),
        "null_element": write("null_element", [row] * 9 + [[None] * 64] + [row] * 10),
        "ragged": write("ragged", [row] * 9 + [row[:63]] + [row] * 10),
    }


def guarded_cases(scratch, server):
    """What a server that wants a token, and whose disk is small, refuses."""
    table = write_tables(scratch)["good"]
    for name, address, says in [
        ("wrong token", f"{server.address}/;token=wrong", ("(?i)token",)),
        ("no token", server.address, ("(?i)token",)),
        ("full disk for artifacts", server.remote, ("(?i)no space left|disk", "(?i)artifact")),
    ]:
        if name == "full disk for artifacts" and not server.disk:
            print(f"skipped  {name}: this machine has no user namespaces to limit a disk", flush=True)
            continue
        words = ["predict", str(DIGITS), "--input", str(table), "--quiet", "--remote", address]
        # To a server that sees this machine's files nothing would be sent.
        environment = {"TMPDIR": str(server.elsewhere)} if server.disk else {}
        yield Case(
            name, [*words, "--output", str(scratch / "out-guarded")], says, environment=environment
        )


def cases(scratch, remote):
    tables = write_tables(scratch)
    folder_without_java = scratch / "bin"
    folder_without_java.mkdir()

    def predict(model, table, *more, to=remote):
        words = ["predict", str(model), "--input", str(table), "--quiet"]
        words += ["--output", str(scratch / f"out-{uuid.uuid4().hex[:8]}"), *more]
        return words + (["--remote", to] if to else ["--engine", "spark"])

    usage = [
        ("no input", ["predict", str(DIGITS)], ("--input|--output",)),
        ("unknown option", predict(DIGITS, tables["good"], "--nonsense"), ("nonsense",)),
        ("unknown mode", predict(DIGITS, tables["good"], "--mode", "sideways"), ("sideways",)),
        ("batch size 0", predict(DIGITS, tables["good"], "--batch-size", "0"), ("batch",)),
        ("map without column", predict(DIGITS, tables["good"], "--map", "pixels"), ("pixels",)),
        ("unknown command", ["predictt"], ("predictt",)),
    ]
    for name, words, says in usage:
        yield Case(name, words, says, USAGE)

    missing = scratch / "missing.onnx"
    yield Case("no model file", predict(missing, tables["good"]), ("missing.onnx",), USAGE)
    yield Case("inspect without a file", ["inspect", str(missing)], ("missing.onnx",), USAGE)
    for name in ("truncated", "garbage", "empty"):
        model = MODELS / f"{name}.onnx"
        yield Case(f"{name} model", predict(model, tables["good"]), (f"{name}.onnx",))
        yield Case(f"inspect a {name} model", ["inspect", str(model)], (f"{name}.onnx",))
    yield Case(
        "no such table", predict(DIGITS, scratch / "nowhere.parquet"), ("nowhere.parquet",)
    )
    yield Case(
        "wrong column", predict(DIGITS, tables["good"], "--map", "pixels=nope"), ("nope", "pixels"),
        USAGE,
    )
    yield Case(
        "wrong input", predict(DIGITS, tables["good"], "--map", "nope=pixels"), ("nope", "pixels"),
        USAGE,
    )
    yield Case("no column of that name", predict(MODELS / "float16.onnx", tables["good"]), ("x",))
    yield Case("wrong shape", predict(DIGITS, tables["narrow"]), ("pixels", "64", r"\b3\b"))
    yield Case("null row", predict(DIGITS, tables["null_row"]), ("pixels", "(?i)null", r"\b9\b"))
    yield Case("null element", predict(DIGITS, tables["null_element"]), ("pixels", "(?i)null"))
    yield Case("ragged row", predict(DIGITS, tables["ragged"]), ("pixels", "63", "64"))
    yield Case(
        "fails while it runs",
        predict(MODELS / "fails_reshape.onnx", tables["narrow"], "--map", "x=pixels"),
        ("(?i)reshape",),
    )
    yield Case(
        "gives another number of rows",
        predict(MODELS / "wrong_row_count.onnx", tables["narrow"], "--map", "x=pixels"),
        ("(?i)row", r"\b1\b"),
    )
    existing = overwritten(predict(DIGITS, tables["good"]), scratch)
    yield Case("the output exists", existing, ("out-existing", "--mode overwrite"), USAGE)
    ignored = [*existing, "--map", "pixels=nope", "--mode", "ignore"]
    yield Case("the output exists and is left", ignored, (), 0)
    port = free_port()
    yield Case(
        "unreachable server",
        predict(DIGITS, tables["good"], to=f"sc://127.0.0.1:{port}"),
        (f"127.0.0.1:{port}",),
    )
    yield Case(
        "malformed address", predict(DIGITS, tables["good"], to="http://127.0.0.1"), ("sc://",)
    )
    yield Case(
        "no Java",
        predict(DIGITS, tables["good"], to=None),
        ("(?i)java",),
        environment={"PATH": str(folder_without_java), "JAVA_HOME": ""},
    )


def overwritten(words, scratch):
    """The same command with an output that is there already."""
    target = scratch / "out-existing"
    target.mkdir()
    pq.write_table(pa.table({"x": np.arange(3)}), target / "part-0.parquet")
    words[words.index("--output") + 1] = str(target)
    return words


def left_running(marker):
    """The processes that inherited `marker` from the command."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if marker.encode() in (entry / "environ").read_bytes():
                words = (entry / "cmdline").read_bytes().split(b"\0")
                found.append(f"{entry.name} {words[0].decode(errors='replace')}")
        except OSError:
            continue
    return found


def perform(program, case):
    """Runs one case; returns its seconds and what is wrong, None when nothing is."""
    marker = f"NEEDLETAIL_CHECK={uuid.uuid4()}"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SPARK_")
    }
    environment |= {"NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix}
    environment |= dict([marker.split("=")]) | case.environment
    began = time.monotonic()
    try:
        done = subprocess.run(
            [str(program), *case.words],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return time.monotonic() - began, f"it hung for {TIME_LIMIT} s"
    seconds = time.monotonic() - began
    said = done.stderr
    if done.returncode != case.status:
        return seconds, f"it exited {done.returncode}, not {case.status}: {said[-1500:]}"
    for pattern in case.says:
        if not re.search(pattern, said):
            return seconds, f"it does not say {pattern!r}: {said[-1500:]}"
    if re.search(r"Fatal error|Stack dump|\tat org\.apache\.spark", said):
        return seconds, f"it shows its insides: {said[-1500:]}"
    time.sleep(0.2)
    if running := left_running(marker):
        return seconds, f"it left running: {', '.join(running)}"
    return seconds, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", action="append", help="the name of a case; may be repeated")
    options = parser.parse_args()
    if not options.needletail.exists():
        raise SystemExit(f"there is no {options.needletail}; build the product needletail first")
    program = options.needletail.resolve()
    scratch = Path(tempfile.mkdtemp(prefix="needletail-bad-input-"))
    passed = failed = 0
    try:
        disk = "8m" if SparkServer.can_limit_disk() else None
        guarded = SparkServer(scratch / "guarded", memory="1g", token="right", disk=disk)
        for server, find in [
            (SparkServer(scratch / "server"), lambda server: cases(scratch, server.remote)),
            (guarded, lambda server: guarded_cases(scratch, server)),
        ]:
            # Two at a time, as they mostly wait.
            with server, ThreadPoolExecutor(2) as pool:
                chosen = [
                    case for case in find(server) if not options.only or case.name in options.only
                ]
                outcomes = pool.map(lambda case: perform(program, case), chosen)
                for case, (seconds, wrong) in zip(chosen, outcomes):
                    word = "FAILED" if wrong else "ok"
                    print(f"{word}  {case.name}  ({seconds:.1f} s)", flush=True)
                    if wrong:
                        print(f"        {wrong}", flush=True)
                        failed += 1
                    else:
                        passed += 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"refusals: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
