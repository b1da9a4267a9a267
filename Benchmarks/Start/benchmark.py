"""How long ten rows take from the prompt to the result, what travels for it, and what it leaves.

    scripts/benchmark start [--needletail PROGRAM] [--before PROGRAM] [--rounds N] [--runs N]

Each of the programs predicts ten rows of the digits of Examples/QuickStart and prints them:

- `first`, `second`: the first and a later session on a server that runs and sees none of the client's files, as one
  on another machine; each round has a server of its own for each program, whose first query was somebody else's.
- `installed`: the same where nothing travels, because the program is on the server (NEEDLETAIL_WORKER). What `second`
  takes more is what finding the program again costs.
- `here`: on a server that this machine's user has started and that runs.
- `local`: no server runs, the command starts a Spark and stops it.
- `pyspark`: PySpark starts the same Spark and predicts the same rows with ONNX Runtime's Python package and
  `predict_batch_udf`, without Spark Connect.

The programs take turns in each round. Bytes sent and unpacked are read off the server's folder and the cache of
programs there. With `--runs 200`, as many sessions of each program on one server say by how much its disk grows.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
DIGITS = ROOT / "Examples" / "QuickStart"
ROWS = 10
sys.path.insert(0, str(FOLDER.parent))
from spark_server import SparkServer  # noqa: E402

PYSPARK = """
import sys
import pyspark.sql.types as types
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession

table, model = sys.argv[1:]
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()

def load():
    import onnxruntime
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {session.get_inputs()[0].name: pixels})[0]

predict = predict_batch_udf(
    load, return_type=types.ArrayType(types.FloatType()), batch_size=1024, input_tensor_shapes=[[64]])
rows = spark.read.parquet(table).withColumn("probabilities", predict("pixels")).collect()
assert len(rows) == %d and abs(sum(rows[0].probabilities) - 1) < 1e-4
spark.stop()
""" % ROWS


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/benchmark start")
    parser.add_argument("--needletail", type=Path, required=True, help="the command")
    parser.add_argument("--before", type=Path, help="another build of it, to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=0, help="sessions on one server, for its disk")
    parser.add_argument("--output", type=Path, help="a file for the results as JSON")
    return parser.parse_args()


class Disk(SparkServer):
    """A server with a disk of its own, which sees none of its clients' files outside `self.folder`."""

    def __init__(self, folder):
        super().__init__(folder, memory="1g", disk="8g")

    def __enter__(self):
        # Executors of another machine would have a cache of programs of their own.
        os.environ["NEEDLETAIL_CACHE"] = str(self.folder / "disk")
        try:
            return super().__enter__()
        finally:
            del os.environ["NEEDLETAIL_CACHE"]

    @property
    def root(self):
        """The server's disk as this process can see it, in the server's own namespace."""
        return Path(f"/proc/{self.pid}/root") / str(self.folder / "disk").lstrip("/")

    def bytes_used(self):
        found = os.statvfs(self.root)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def archives(self):
        """The sizes of all archives of programs that Spark keeps, in bytes, by their names."""
        return {path.name: path.stat().st_size for path in self.root.rglob("needletail-*.tar.gz")}

    def unpacked(self):
        """The bytes of each program in the cache."""
        folders = [path for path in self.root.glob("needletail-*/programs/*") if path.is_dir()]
        return {
            folder.name: sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            for folder in folders
        }


class Contest:
    def __init__(self, given, folder):
        self.given, self.folder = given, folder
        self.programs = {"needletail": given.needletail.resolve()}
        if given.before:
            self.programs = {"before": given.before.resolve(), **self.programs}
        self.walls, self.sent, self.unpacked = {}, {}, {}
        # A file that the server sees as well.
        self.table = folder / "ten.parquet"
        import pyarrow.parquet as pq

        pq.write_table(pq.read_table(DIGITS / "digits.parquet").slice(0, ROWS), self.table)

    def predict(self, name, *options, **variables):
        """Seconds of one command, which must print its ten rows."""
        environment = {**os.environ, "TMPDIR": str(self.folder), **variables}
        environment.pop("SPARK_REMOTE", None)
        command = [
            self.programs[name], "predict", DIGITS / "digits.onnx", "--input", self.table, "--output", "-",
            "--keep", "id", "--engine", "spark", *options]
        began = time.monotonic()
        done = subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if done.returncode or sum(line.count("[") for line in done.stdout.splitlines()) < ROWS:
            raise SystemExit(f"{name} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
        return seconds

    def pyspark(self):
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-c", PYSPARK, self.table, DIGITS / "digits.onnx"], check=True,
            capture_output=True, cwd=self.folder, env={**os.environ, "PYSPARK_PYTHON": sys.executable})
        return time.monotonic() - began

    def note(self, case, name, seconds):
        self.walls.setdefault(case, {}).setdefault(name, []).append(seconds)
        print(f"  {case:10} {name:11} {seconds:6.2f} s", flush=True)

    def warm(self, server):
        """The first query of a server loads most of Spark's classes, whoever asks it."""
        script = (
            "import sys; from pyspark.sql import SparkSession; "
            "s = SparkSession.builder.remote(sys.argv[1]).create(); "
            "s.read.parquet(sys.argv[2]).selectExpr('id + 1').collect(); s.stop()")
        subprocess.run(
            [sys.executable, "-c", script, server.remote, self.table], check=True, capture_output=True)

    def round(self, number):
        print(f"round {number + 1}", flush=True)
        for name in self.programs:
            with Disk(self.folder / f"server-{name}-{number}") as server:
                # It sees the table, which does not lie on its disk.
                self.warm(server)
                # What the client keeps lies where this server sees nothing.
                at_server = {"TMPDIR": str(server.elsewhere)}
                remote = ("--remote", server.remote)
                self.note("first", name, self.predict(name, *remote, **at_server))
                self.sent[name] = sum(server.archives().values())
                self.unpacked[name] = sum(server.unpacked().values())
                for _ in range(2):
                    self.note("second", name, self.predict(name, *remote, **at_server))
                    place = next(iter(server.root.glob("needletail-*/programs/*.*/bin")), None)
                    assert place, "the server keeps no program"
                    seen = str(place).split("/root", 1)[1]
                    seconds = self.predict(
                        name, *remote, **at_server, NEEDLETAIL_WORKER=f"{seen}/needletail")
                    self.note("installed", name, seconds)
        with SparkServer(self.folder / f"server-here-{number}", memory="1g") as server:
            self.warm(server)
            for name in self.programs:
                self.predict(name, "--remote", server.remote)
                for _ in range(2):
                    self.note("here", name, self.predict(name, "--remote", server.remote))
        for name in self.programs:
            self.note("local", name, self.predict(name, NEEDLETAIL_MASTER="local[2]"))
        self.note("local", "pyspark", self.pyspark())

    def disk(self, name):
        """By how many bytes a server's disk grows by sessions that have ended: after one, and after all."""
        with Disk(self.folder / f"server-disk-{name}") as server:
            self.warm(server)
            before = server.bytes_used()
            grown = []
            for number in range(self.given.runs):
                self.predict(name, "--remote", server.remote, TMPDIR=str(server.elsewhere))
                if number in (0, 9, self.given.runs - 1):
                    time.sleep(2)
                    grown.append((number + 1, server.bytes_used() - before))
                    print(f"  {name}: after {number + 1} runs {grown[-1][1] / 1e6:.1f} MB", flush=True)
            return grown

    def report(self):
        print("\nmedian seconds (least to most), ten rows from the prompt to the result")
        for case, programs in self.walls.items():
            for name, walls in programs.items():
                print(
                    f"| {case} | {name} | {statistics.median(walls):.2f} "
                    f"({min(walls):.2f} to {max(walls):.2f}) |")
        for name in self.programs:
            second, installed = self.walls["second"][name], self.walls["installed"][name]
            pairs = [a - b for a, b in zip(second, installed)]
            print(f"{name}: sent {self.sent[name] / 1e6:.1f} MB, unpacked {self.unpacked[name] / 1e6:.1f} MB, "
                  f"transport of a later session {statistics.median(pairs):.2f} s")


def main():
    given = arguments()
    if not SparkServer.can_limit_disk():
        raise SystemExit("benchmark start: a server with a disk of its own takes user namespaces")
    folder = Path(tempfile.mkdtemp(prefix="needletail-start-"))
    try:
        contest = Contest(given, folder)
        for number in range(given.rounds):
            contest.round(number)
        if given.rounds:
            contest.report()
        grown = {name: contest.disk(name) for name in contest.programs} if given.runs else {}
        if given.output:
            given.output.write_text(json.dumps({"walls": contest.walls, "sent": contest.sent,
                                                "unpacked": contest.unpacked, "grown": grown}, indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
