"""Compares the native engine over files with what else predicts a table; scripts/benchmark scan runs it.

A table of Parquet files, an ONNX model, and a sink: the `id` and the predictions, as Parquet. The same
batches for all, and one thread for each call of ONNX Runtime. All variants take turns, a round of each
after another, each round beginning one variant later; the first round is discarded, and in it the outputs
are compared with each other. A last round samples the memory. CPU seconds are those of all processes that
work for a job: Spark's JVM, workers, clients.

    embedded          needletail predict --engine local --threads N
    scan              needletail predict --engine spark --scan native, on a server that is already warm
    spark             needletail predict --engine spark: through Spark's rows
    pyspark-default   PySpark's predict_batch_udf with ONNX Runtime, in a session that is already warm
    pyspark-tuned     the same with columnarInput.enabled=false and batches of the model's size
    daft, ray         Daft; Ray Data with N actors, Ray being there already
    polars            Polars and ONNX Runtime on N threads
    floor             pyarrow and ONNX Runtime on N threads: decode, model and encode, nothing else

The wall seconds of the commands are those of their processes, with their start, and beside Spark with the
sending of the program; their job's seconds are what they say themselves. All others are warm, in a process
that has done the job before, so that the comparison with `embedded` favours them. `--threads` are the
cores that a process without Spark is bound to, and the slots of Spark's local master.

The tables: `main`, 200,000 rows of array<float>[784] (models: `trivial`, which returns ten of them, and a
perceptron 784-512-256-10); `narrow`, 10,000,000 rows of 8 floats; `wide`, 500,000 rows of 200 floats of
which 5 are read (both with a linear model); `digits`, the 1,797 rows of Examples/QuickStart, where every
variant is a process from the shell's prompt to the finished file; `store`, 60,000 rows as those of `main` in a
store that answers as S3 does, each request after --latency and each connection with --bandwidth (store.py):
8 files of 4 row groups; `texts`, 4,000 texts and the sentiment model of Examples/SentimentTorch (`transformers` is
its tokenizer and ONNX Runtime in the order of the rows; the floor and Daft have the tokenizers library, and texts of
like length go together); `images`, 10,000 JPEGs of 320x240, resized to 224x224 and normalized as torchvision does,
and a small residual network. `embedded` is a program of Swift there (Sources), the floor and `pyspark-pandas` decode
by PIL, Daft by itself. In `store`, `embedded-no-prefetch` is `embedded` without fetching ahead.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

import pyspark  # noqa: E402

from contestants import (  # noqa: E402
    Command, Failed, Launcher, Once, Peer, PySpark, command_environment, images_words,
)
from images import SIDE  # noqa: E402
from outputs import ABSOLUTE, difference, read_output  # noqa: E402
from report import print_limits, print_ratios, print_table  # noqa: E402
from spark_server import SparkServer  # noqa: E402
from store import Store  # noqa: E402
from tables import TABLES, make_model, make_table  # noqa: E402

# The first of those that run is what the others' outputs are compared with.
NO_PREFETCH = "embedded-no-prefetch"
PANDAS = "pyspark-pandas"
VARIANTS = (
    "floor", "embedded", NO_PREFETCH, "transformers", "daft", "ray", "polars", "scan", "spark", "pyspark-default",
    "pyspark-tuned", PANDAS,
)
OF_NUMBERS = [each for each in VARIANTS if each not in (NO_PREFETCH, "transformers", PANDAS)]
LOCAL = {"embedded", NO_PREFETCH}
ON_SPARK = {"scan", "spark", "pyspark-default", "pyspark-tuned", PANDAS}
FROM_THE_PROMPT = ("floor", "embedded", "daft", "polars", "spark")
DIGITS = "digits"
STORE = "store"
# Spark reads no store without a library of Hadoop's.
FROM_A_STORE = ("floor", "embedded", NO_PREFETCH, "daft", "ray", "polars")
# The network gets no more texts at once than the pipelines give it.
TEXTS = {"input": "text", "at_once": 32}
OF_TEXTS = ("floor", "embedded", "transformers", "daft")
OF_IMAGES = ("floor", "embedded", "daft", PANDAS)
# How far logits may be from the floor's: Daft's decoder and filter round otherwise, by up to 3 of 255, which
# moves them by some 0.03; from image to image they differ by 0.2 to 0.4 (standard deviations of the classes).
IMAGES = {"side": SIDE, "tolerances": {"daft": 0.1, "embedded": 1e-3, PANDAS: 1e-3}}
PACKAGES = {
    "daft": "daft", "ray": "ray", "polars": "polars", "transformers": "tokenizers, transformers",
}


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark scan",
        description="Compares the engine over files with Spark, PySpark, Daft, Ray Data and Polars.",
    )
    every = [*TABLES, DIGITS]
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default 3)")
    parser.add_argument("--rows", type=int, help="rows of every table (default: each its own)")
    parser.add_argument("--tables", default="main,digits", help=f"a part of: {','.join(every)}")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="a part of: %(default)s")
    parser.add_argument(
        "--models", help="of the tables main and store: trivial,perceptron (default: both)"
    )
    parser.add_argument(
        "--latency", type=float, default=30, help="of the store, ms a request (default 30)"
    )
    parser.add_argument(
        "--bandwidth", type=float, default=40, help="of the store, MB/s a connection (default 40)"
    )
    parser.add_argument("--threads", default="1,2", help="threads or slots (default 1,2)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".build" / "benchmark", help="where tables are kept"
    )
    parser.add_argument("--needletail", type=Path, help="the command (default: built in release)")
    parser.add_argument("--images", type=Path, help="the executable ScanImages, for the table images")
    parser.add_argument("--peers", type=Path, help="the Python that has Daft, Ray and Polars")
    options = parser.parse_args()
    options.variants = options.variants.split(",")
    options.tables = options.tables.split(",")
    options.models = options.models.split(",") if options.models else None
    for given, known, what in (
        (options.variants, VARIANTS, "variant"),
        (options.tables, every, "table"),
        (options.models or [], TABLES["main"].models, "model"),
    ):
        if unknown := set(given) - set(known):
            parser.error(f"no such {what}: {', '.join(sorted(unknown))}")
    try:
        options.threads = [int(each) for each in options.threads.split(",")]
    except ValueError:
        parser.error(f"--threads is '{options.threads}', it must be numbers such as 1,2")
    if min(options.threads) < 1 or options.rounds < 1 or (options.rows or 1) < 1:
        parser.error("--threads, --rounds and --rows must be at least 1")
    if options.latency < 0 or options.bandwidth <= 0:
        parser.error("--latency must be 0 or more, --bandwidth more than 0")
    options.data = options.data.resolve()
    if options.images:
        options.images = options.images.resolve()
        if not options.images.exists():
            parser.error(f"--images: there is no {options.images}")
    options.commands = {}
    if {*LOCAL, "scan", "spark"} & set(options.variants):
        if options.needletail is None or not options.needletail.exists():
            parser.error("embedded, scan and spark need --needletail PROGRAM")
        options.needletail = options.needletail.resolve()
        options.commands = commands(options.needletail)
    options.variants = [
        each for each in VARIANTS if each in options.variants and is_there(each, options)
    ]
    return options


def commands(program):
    """The options of the command for each of its variants, as far as this one has them."""
    words = [program, "predict", "--help"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    spark = ["--engine", "spark"] if "--engine" in told else []
    if "--scan" not in told:
        found = {"spark": spark}
    else:
        found = {"spark": [*spark, "--scan", "spark"], "scan": [*spark, "--scan", "native"]}
    if "--engine" in told:
        found["embedded"] = ["--engine", "local"]
        if knows_prefetch(program):
            found[NO_PREFETCH] = ["--engine", "local", "--input-option", "prefetch=false"]
    return found


def knows_prefetch(program):
    """Whether it refuses a word that the option does not have; what does not know it ignores it."""
    digits = ROOT / "Examples" / "QuickStart"
    words = [program, "predict", digits / "digits.onnx", "--input", digits / "digits.parquet"]
    words += ["--map", "pixels=pixels", "--output", "-", "--limit", "1", "--engine", "local"]
    words += ["--input-option", "prefetch=perhaps"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env=command_environment()
    )
    return done.returncode != 0 and "option prefetch" in done.stderr


def is_there(variant, options):
    why = None
    if variant in {*LOCAL, "scan", "spark"} and variant not in options.commands:
        why = f"{options.needletail} has no option for it"
    if variant in PACKAGES:
        python = options.peers or sys.executable
        words = [python, "-c", f"import {PACKAGES[variant]}"]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            why = f"{python} cannot import {PACKAGES[variant]}"
    if why:
        say(f"left out: {variant}, because {why}")
    return why is None


class Entry:
    """One variant with one model and so many threads, and what was measured of it."""

    def __init__(self, table, variant, model, threads, runner, job):
        self.table, self.variant, self.model, self.threads = table, variant, model, threads
        self.runner, self.job = runner, job
        self.rounds = []
        self.peak = None
        self.failure = None

    @property
    def name(self):
        return f"{self.variant} {self.model} {self.threads}"

    def median(self, key):
        return statistics.median(each[key] for each in self.rounds)

    def result(self, rows):
        return {
            "table": self.table, "variant": self.variant, "model": self.model,
            "threads": self.threads, "rows": rows, "failure": self.failure,
            **({} if self.failure else {
                **{key: round(self.median(key), 3) for key in ("wall_s", "job_s", "cpu_s")},
                "pss_mib": round(self.peak["pss_mib"], 1),
                "rss_mib": round(max(each["rss_mib"] for each in [*self.rounds, self.peak]), 1),
                "rounds": self.rounds,
            }),
        }


def take_turns(entries, rounds, scratch, rows):
    """Measures the entries; those that fail, or whose output differs, say so and are left out."""
    references = {}
    for number in range(rounds + 2):
        shift = number % len(entries)
        is_last = number == rounds + 1
        for entry in entries[shift:] + entries[:shift]:
            if entry.failure:
                continue
            # A single file where the variant is from the prompt to the finished file.
            output = scratch / ("out.parquet" if entry.table == DIGITS else "out")
            try:
                measured = entry.runner.measure(entry.job, output, is_last)
                found = read_output(output)
                if len(found[0]) != rows:
                    raise Failed(f"{len(found[0])} rows were written instead of {rows}")
                if number == 0:
                    name, wanted = references.setdefault(entry.model, (entry.name, found))
                    tolerance = entry.job.get("tolerances", {}).get(entry.variant, ABSOLUTE)
                    if wrong := difference(found, wanted, tolerance):
                        raise Failed(f"its output is not that of {name}: {wrong}")
            except Exception as error:  # the others go on, whatever it is
                entry.failure = str(error) or repr(error)
                say(f"FAILED {entry.table} {entry.name}: {entry.failure}")
                continue
            finally:
                shutil.rmtree(output, ignore_errors=True)
                output.unlink(missing_ok=True)
            if is_last:
                entry.peak = measured
            elif number:
                entry.rounds.append(measured)
            kind = "discarded" if number == 0 else "memory" if is_last else "measured"
            say(
                f"round {number} ({kind}) {entry.table} {entry.name}: wall {measured['wall_s']:.2f} s, "
                f"job {measured['job_s']:.2f} s, CPU {measured['cpu_s']:.2f} s"
            )
    return [entry.result(rows) for entry in entries]


def job_of(table, folder, model_file, model):
    return {
        "table": str(folder), "columns": list(table.columns), "is_list": table.is_list,
        "width": table.width, "outputs": 1 if model == "linear" else 10, "batch": table.batch,
        "model": str(model_file), "input": "data", "kind": table.kind,
        **{"texts": TEXTS, "images": IMAGES}.get(table.kind, {}),
    }


def measure_table(table, options, scratch):
    rows = options.rows or table.rows
    say(f"making the table {table.name} ({rows} rows) and its models, if need be")
    is_in_store = table.name == STORE
    known = {"store": FROM_A_STORE, "texts": OF_TEXTS, "images": OF_IMAGES}
    variants = [each for each in options.variants if each in known.get(table.name, OF_NUMBERS)]
    has_images = table.kind == "images"
    if has_images and "embedded" in variants and not options.images:
        say("left out: embedded with images, because --images names no program")
        variants.remove("embedded")
    if not variants:
        return []
    peers = options.peers or sys.executable
    folder = make_table(
        options.data / "store" if is_in_store else options.data, table, rows, peers
    )
    models = [each for each in table.models if not options.models or each in options.models]
    jobs = {
        model: job_of(table, folder, make_model(options.data, model, table.width), model)
        for model in models or table.models
    }
    entries = []
    with ExitStack() as stack:
        launcher = Launcher()
        stack.callback(launcher.close)
        if is_in_store:
            store = Store(
                folder.parent, options.latency, options.bandwidth, scratch / "store.log"
            )
            stack.callback(store.close)
            for job in jobs.values():
                job |= store.place(folder)
        for threads in options.threads:
            server = None
            if ON_SPARK & set(variants):
                say(f"starting Spark {pyspark.__version__}, local[{threads}]")
                python = peers if has_images else sys.executable
                server = stack.enter_context(
                    SparkServer(scratch / f"server-{threads}", threads, python=python)
                )
            for variant in variants:
                log = scratch / f"{variant}-{threads}.log"
                if has_images and variant == "embedded":
                    runner = Command(
                        options.images, launcher, log, ["--threads", threads], threads,
                        words_of=images_words,
                    )
                elif variant in options.commands:
                    words = options.commands[variant]
                    bound = None
                    if variant in LOCAL:
                        words, bound = [*words, "--threads", threads], threads
                    runner = Command(
                        options.needletail, launcher, log, words, bound,
                        server if variant in ON_SPARK else None,
                    )
                elif variant in ON_SPARK:
                    runner = PySpark(server, variant == "pyspark-tuned", has_images)
                else:
                    python = python_of(variant, options, table.kind)
                    runner = Peer(variant, python, threads, log)
                stack.callback(runner.close)
                entries += [
                    Entry(table.name, variant, model, threads, runner, job)
                    for model, job in jobs.items()
                ]
        return take_turns(entries, options.rounds, scratch, rows)


def python_of(variant, options, kind="numbers"):
    """The floor has the newest pyarrow, which Daft does not take; but what it needs for others than
    numbers is where Daft is."""
    is_peers = variant in PACKAGES or kind != "numbers"
    return options.peers if is_peers and options.peers else sys.executable


def measure_digits(options, scratch):
    folder = ROOT / "Examples" / "QuickStart"
    job = {
        "table": str(folder / "digits.parquet"), "columns": ["pixels"], "is_list": True, "width": 64,
        "outputs": 10, "batch": 64, "model": str(folder / "digits.onnx"), "input": "pixels",
    }
    entries = []
    with ExitStack() as stack:
        launcher = Launcher()
        stack.callback(launcher.close)
        for variant in options.variants:
            if variant not in FROM_THE_PROMPT:
                continue
            log = scratch / f"{variant}-{DIGITS}.log"
            if variant in options.commands:
                runner = Command(options.needletail, launcher, log, options.commands[variant])
            else:
                runner = Once(variant, python_of(variant, options), launcher, log)
            entries.append(Entry(DIGITS, variant, DIGITS, os.cpu_count(), runner, job))
        return take_turns(entries, options.rounds, scratch, 1797) if entries else []


def main():
    options = arguments()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _: sys.exit(128 + number))
    options.data.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="scan-", dir=options.data))
    load = os.getloadavg()[0]
    results = []
    try:
        for name in options.tables:
            results += (
                measure_digits(options, scratch) if name == DIGITS
                else measure_table(TABLES[name], options, scratch)
            )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(
        f"Spark {pyspark.__version__}, Python {platform.python_version()}, {options.rounds} rounds, "
        f"{os.cpu_count()} cores, load {load:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    print_table(results)
    print_ratios(results)
    print_limits(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if any(each["failure"] for each in results) else 0)


if __name__ == "__main__":
    main()
