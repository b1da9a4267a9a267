"""Checks that a job on Spark which is killed goes on where it was: each row once, as if nothing had been.

    .venv/bin/python scripts/checks/resume_on_spark.py [--needletail PROGRAM] [--kills N] [--seed N]

The command starts a Spark of its own, is killed (`kill -9`) at random moments after its first part, and given
again until it is done, `--kills` times in all. Then its output is compared with what the command writes without
Spark. Each kill costs a start of the environment's Spark (pyspark).
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
QUICK_START = ROOT / "Examples" / "QuickStart"
ROWS, PARTS = 3594, 12
TIME_LIMIT = 300


def table(path):
    """The digits twice, with numbers of their own; every hundredth row cannot be predicted."""
    digits = pq.read_table(QUICK_START / "digits.parquet").select(["pixels"])
    digits = pa.concat_tables([digits, digits]).slice(0, ROWS)
    pixels = digits["pixels"].to_pylist()
    for row in range(7, ROWS, 100):
        pixels[row] = None
    kind = digits.schema.field("pixels").type
    pq.write_table(pa.table({"id": range(ROWS), "pixels": pa.array(pixels, kind)}), path)


def rows(folder):
    found = pa.concat_tables([pq.read_table(part) for part in sorted(folder.glob("part-*"))])
    return found.sort_by("id")


def parts(folder):
    return len(list(folder.glob("part-*"))) if folder.exists() else 0


def fail(text):
    sys.exit(f"FAILED  {text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--kills", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    random = np.random.RandomState(options.seed)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_")}
    environment |= {"NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix}

    with tempfile.TemporaryDirectory(prefix="needletail-resume-") as name:
        scratch = Path(name)
        source, whole, target = (scratch / n for n in ("in.parquet", "whole", "resumed"))
        table(source)
        words = [
            options.needletail.resolve(), "predict", QUICK_START / "digits.onnx", "--input", source,
            "--keep", "id", "--quiet", "--on-error", "column",
        ]

        def start(*more):
            return subprocess.Popen(
                list(map(str, [*words, *more])), env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def finish(process):
            _, said = process.communicate(timeout=TIME_LIMIT)
            if process.returncode:
                fail(f"exit status {process.returncode}: {said[-2000:]}")

        finish(start("--output", whole, "--engine", "local"))
        wanted = rows(whole)

        job = [
            "--output", target, "--engine", "spark", "--resume", "id",
            "--part-rows", str(ROWS // PARTS),
        ]
        kept = []
        while len(kept) < options.kills:
            before = parts(target)
            process = start(*job)
            # After some of the parts that are left, at any moment of the next one.
            wished = before + random.randint(1, 4)
            end = time.monotonic() + TIME_LIMIT
            while process.poll() is None and parts(target) < wished and time.monotonic() < end:
                time.sleep(0.005)
            try:
                process.wait(random.rand() * 0.4)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kept.append(parts(target))
                continue
            finish(process)
            # It was done before it could be killed: the next one begins anew.
            job = [word if word != target else target.with_name(f"{target.name}-") for word in job]
            target = target.with_name(f"{target.name}-")
        finish(start(*job))

        got = rows(target)
        ids = got["id"].to_pylist()
        if ids != list(range(ROWS)):
            fail(f"{len(ids)} rows, {len(set(ids))} different ones, expected {ROWS}")
        if got["error"].to_pylist() != wanted["error"].to_pylist():
            fail("other rows failed than without a kill")
        for row, (one, other) in enumerate(
                zip(got["probabilities"].to_pylist(), wanted["probabilities"].to_pylist())):
            if (one is None) != (other is None) or one and not np.allclose(one, other, atol=1e-6):
                fail(f"row {row}: {one} for {other}")
        if not any(kept):
            fail("no killed job kept anything")
        print(f"ok  a job on Spark goes on after {len(kept)} kills, which left {kept} files")


if __name__ == "__main__":
    main()
