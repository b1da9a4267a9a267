"""Compares Needletail with PySpark's predict_batch_udf; scripts/benchmark runs it.

One local Spark Connect server, one Parquet table, one ONNX model. Every variant has one session
and one function for the whole run; the variants take turns, a round of each after another, each
round beginning one variant later, and the first round is discarded. Wall time is the client's,
from sending the plan to its end, with a sink that throws the rows away. CPU seconds are read from
/proc before and after a job: the JVM's own, and those of everything below it. Memory is sampled in
a round of its own after the measured ones, so that sampling costs them nothing.

    variant             engine      columnarInput.enabled
    needletail          Needletail  false, which Needletail sets by itself
    needletail-default  Needletail  Spark's default, so that the setting's gain can be told apart
    needletail-shim     Needletail  false; Spark's own Python passes the batches on
    needletail-scan     Needletail  false; the workers read the files, the others get Spark's rows
    pyspark-default     PySpark     Spark's default
    pyspark-row         PySpark     false
    needletail-served   Needletail  false; the model runs on a server beside the executor, whose CPU
                                    counts as a worker's (its memory does not)
    jvm-floor           Needletail  false; the worker returns constants and reads no pixel

The models: `trivial` returns the first ten pixels, `mlp` is a perceptron 784-512-256-10 in ONNX
Runtime with one thread per task, `constant` is the floor's.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from pathlib import Path

# PySpark warns of pandas 3 whenever one of its modules is imported.
warnings.simplefilter("ignore", FutureWarning)

import pyspark

import processes
from inputs import make_perceptron, make_table
from needletail_variant import NeedletailVariant
from pyspark_variant import PySparkVariant
from spark_server import SparkServer

ROOT = Path(__file__).resolve().parent.parent
VARIANTS = {
    "needletail": ("needletail", "off", ("trivial", "mlp")),
    "needletail-default": ("needletail", "default", ("trivial", "mlp")),
    "needletail-shim": ("needletail", "off", ("trivial", "mlp")),
    "needletail-scan": ("needletail", "scan", ("trivial", "mlp")),
    "pyspark-default": ("pyspark", "default", ("trivial", "mlp")),
    "pyspark-row": ("pyspark", "off", ("trivial", "mlp")),
    "needletail-served": ("needletail", "off", ("mlp",)),
    "jvm-floor": ("needletail", "off", ("constant",)),
}
# What the command line of a server beside an executor has.
SERVER_WORD = "--needletail-serve-node"
# A branch of processes that used less than this during a job belongs to another variant.
IDLE_CPU_SECONDS = 0.02


class Contestant:
    """One variant with one model, and what was measured of it."""

    def __init__(self, variant, model, loads_file):
        self.variant = variant
        self.model = model
        self.loads_file = loads_file
        self.job = None
        self.measurements = []
        self.peak = (0.0, 0.0)
        loads_file.touch()

    def measure(self, jvm, sample_memory):
        """Runs the job once; returns wall, JVM CPU and worker CPU seconds."""
        jvm_before, before = processes.usage(jvm)
        before["servers"] = processes.cpu_of(SERVER_WORD)
        if sample_memory:
            with processes.MemorySampler(jvm) as sampler:
                wall = self.job.run()
        else:
            wall = self.job.run()
        time.sleep(0.2)  # the workers' last frames; the same for every variant
        jvm_after, after = processes.usage(jvm)
        after["servers"] = processes.cpu_of(SERVER_WORD)
        used = {branch: after[branch] - before.get(branch, 0.0) for branch in after}
        # A branch that ended meanwhile was reaped: its whole time is in the JVM's children now.
        worker = sum(after.values()) - sum(before.values())
        if sample_memory:
            busy = [branch for branch, seconds in used.items() if seconds >= IDLE_CPU_SECONDS]
            self.peak = sampler.peak(busy)
        return wall, jvm_after - jvm_before, worker

    def loads(self):
        return len(self.loads_file.read_text().splitlines())

    def median(self, index):
        return statistics.median(each[index] for each in self.measurements)

    def result(self, rows):
        return {
            "variant": self.variant,
            "model": self.model,
            "wall_s": round(self.median(0), 3),
            "jvm_cpu_s": round(self.median(1), 3),
            "worker_cpu_s": round(self.median(2), 3),
            "worker_peak_mib": round(self.peak[0], 1),
            "model_loads": self.loads(),
            "rows": rows,
            "worker_peak_rss_mib": round(self.peak[1], 1),
            "rounds": [[round(each, 3) for each in measured] for measured in self.measurements],
        }


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark", description="Compares Needletail with PySpark on a local Spark."
    )
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default 3)")
    parser.add_argument("--rows", type=int, default=200_000, help="rows (default 200000)")
    parser.add_argument("--cores", type=int, default=2, help="Spark's task slots (default 2)")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="a part of: %(default)s")
    parser.add_argument("--models", default="trivial,mlp", help="a part of: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".build" / "benchmark", help="where the table is kept"
    )
    parser.add_argument("--needletail", type=Path, help="the executable NeedletailBenchmark")
    options = parser.parse_args()
    options.variants = options.variants.split(",")
    options.models = options.models.split(",")
    if unknown := set(options.variants) - set(VARIANTS):
        parser.error(f"no such variant: {', '.join(sorted(unknown))}")
    if unknown := set(options.models) - {"trivial", "mlp"}:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    if options.rounds < 1 or options.rows < 1:
        parser.error("--rounds and --rows must be at least 1")
    if any(VARIANTS[name][0] == "needletail" for name in options.variants):
        if options.needletail is None or not options.needletail.exists():
            parser.error("the variants of Needletail need --needletail PROGRAM")
        options.needletail = options.needletail.resolve()
    return options


def start(contestant, options, remote, table, perceptron, scratch):
    engine, columnar, _ = VARIANTS[contestant.variant]
    model = "served" if contestant.variant == "needletail-served" else contestant.model
    common = (remote, table, model, perceptron, columnar, contestant.loads_file)
    if engine == "pyspark":
        return PySparkVariant(*common)
    log = scratch / f"{contestant.variant}-{contestant.model}.log"
    mode = "shim" if contestant.variant == "needletail-shim" else "direct"
    return NeedletailVariant(options.needletail, *common, log, mode)


def measure(options, scratch):
    say(f"making the table ({options.rows} rows) and the model, if need be")
    table = make_table(options.data.resolve(), options.rows)
    perceptron = make_perceptron(options.data.resolve())
    contestants = [
        Contestant(variant, model, scratch / f"loads-{variant}-{model}.txt")
        for variant in options.variants
        for model in VARIANTS[variant][2]
        if model in options.models or model == "constant"
    ]
    with ExitStack() as stack:
        say(f"starting Spark {pyspark.__version__}, local[{options.cores}]")
        server = stack.enter_context(SparkServer(scratch / "server", options.cores))
        for contestant in contestants:
            contestant.job = start(
                contestant, options, server.remote, table, perceptron, scratch
            )
            stack.callback(contestant.job.close)
        for round_number in range(options.rounds + 2):
            shift = round_number % len(contestants)
            last = round_number == options.rounds + 1
            for contestant in contestants[shift:] + contestants[:shift]:
                measured = contestant.measure(server.pid, sample_memory=last)
                kind = "discarded" if round_number == 0 else "memory" if last else "measured"
                if kind == "measured":
                    contestant.measurements.append(measured)
                say(
                    f"round {round_number} ({kind}) {contestant.variant} {contestant.model}: "
                    "wall {:.2f} s, JVM {:.2f} s, workers {:.2f} s".format(*measured)
                )
    return [contestant.result(options.rows) for contestant in contestants]


def print_table(results):
    print(
        "\n| variant | model | wall s | JVM CPU s | worker CPU s | total CPU s | rows/s "
        "| worker peak MiB (PSS / RSS) | model loads |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for each in results:
        total = each["jvm_cpu_s"] + each["worker_cpu_s"]
        print(
            f"| {each['variant']} | {each['model']} | {each['wall_s']:.2f} "
            f"| {each['jvm_cpu_s']:.2f} | {each['worker_cpu_s']:.2f} | {total:.2f} "
            f"| {each['rows'] / each['wall_s']:,.0f} "
            f"| {each['worker_peak_mib']:.0f} / {each['worker_peak_rss_mib']:.0f} "
            f"| {each['model_loads']} |"
        )


def print_ratios(results):
    """Ours over theirs, with the part that is Spark's setting shown apart from the worker's."""
    found = {(each["variant"], each["model"]): each for each in results}

    def total(each):
        return each["jvm_cpu_s"] + each["worker_cpu_s"]

    def worker(each):
        return each["worker_cpu_s"]

    def peak(each):
        return each["worker_peak_mib"]

    def wall(each):
        return each["wall_s"]

    lines = []
    for model in ("trivial", "mlp"):
        ours = found.get(("needletail", model))
        ours_default = found.get(("needletail-default", model))
        served = found.get(("needletail-served", model))
        theirs = found.get(("pyspark-default", model))
        theirs_row = found.get(("pyspark-row", model))
        lines += [
            (model, "worker CPU: needletail / pyspark-default", worker, ours, theirs),
            (model, "worker CPU: needletail / pyspark-row", worker, ours, theirs_row),
            (model, "total CPU: needletail / pyspark-default", total, ours, theirs),
            (model, "the setting alone: pyspark-row / pyspark-default", total, theirs_row, theirs),
            (model, "the worker alone: needletail / pyspark-row", total, ours, theirs_row),
            (model, "the worker alone, columnar input on", total, ours_default, theirs),
            (model, "wall: needletail-served / needletail", wall, served, ours),
            (model, "total CPU: needletail-served / needletail", total, served, ours),
            (model, "worker peak: needletail / pyspark-default", peak, ours, theirs),
            (model, "worker peak: needletail / pyspark-row", peak, ours, theirs_row),
        ]
    lines = [line for line in lines if line[3] and line[4]]
    if lines:
        print("\n| model | ratio | value |\n|---|---|---|")
    for model, name, measure_of, above, below in lines:
        if measure_of(below):
            print(f"| {model} | {name} | {measure_of(above) / measure_of(below):.2f} |")


def main():
    options = arguments()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _: sys.exit(128 + number))
    scratch = Path(tempfile.mkdtemp(prefix="needletail-benchmark-"))
    load = os.getloadavg()[0]
    try:
        results = measure(options, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(
        f"Spark {pyspark.__version__} local[{options.cores}], Python {platform.python_version()}, "
        f"{options.rows} rows, {options.rounds} rounds, {os.cpu_count()} cores, "
        f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    print_table(results)
    print_ratios(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
