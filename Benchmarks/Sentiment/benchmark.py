"""Compares the sentiment pipeline with transformers and PyTorch under PySpark's predict_batch_udf.

`scripts/benchmark sentiment` runs it: one local Spark Connect server, one Parquet table of sentences
(those of Examples/SentimentTorch, repeated), one model (a DistilBERT, also that example's). The two
sides take turns, and the first round is discarded. CPU seconds are those of all processes below the
JVM; memory is the peak of their proportional sizes, sampled in a round of its own.

Both get the texts of 256 rows at once and run the network on at most 32 of them, on one thread per
task. Wanted: at least 1.5 times fewer CPU seconds, and at most half of the memory.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import pyspark  # noqa: E402
from pyspark.ml.functions import predict_batch_udf  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql.types import FloatType, StringType, StructField, StructType  # noqa: E402

from benchmark import Contestant, say  # noqa: E402
from needletail_variant import NeedletailVariant  # noqa: E402
from spark_server import SparkServer  # noqa: E402

EXAMPLE = ROOT / "Examples" / "SentimentTorch"
BATCH, TEXTS_AT_ONCE, FILES = 256, 32, 8
CPU_TIMES, MEMORY_PART = 1.5, 0.5


# Nested, so that it travels by value: Spark's workers cannot import this module.
def maker(model, loads_file, texts_at_once):
    def make_predict_fn():
        import numpy
        import torch
        from transformers import pipeline

        torch.set_num_threads(1)
        classifier = pipeline("sentiment-analysis", model=model, device="cpu")
        with open(loads_file, "a") as file:
            file.write("loaded\n")

        def predict(texts):
            answers = classifier(texts.tolist(), batch_size=texts_at_once, truncation=True)
            return {
                "label": numpy.array([each["label"] for each in answers]),
                "score": numpy.array([each["score"] for each in answers], numpy.float32),
            }

        return predict

    return make_predict_fn


class PySparkSentiment:
    def __init__(self, remote, table, loads_file):
        self.spark = SparkSession.builder.remote(remote).create()
        self.function = predict_batch_udf(
            maker(str(EXAMPLE / "model"), str(loads_file), TEXTS_AT_ONCE),
            return_type=StructType(
                [StructField("label", StringType()), StructField("score", FloatType())]
            ),
            batch_size=BATCH,
        )
        self.table = self.spark.read.parquet(str(table))

    def run(self):
        began = time.perf_counter()
        predictions = self.table.select(self.function("input").alias("preds"))
        predictions.write.format("noop").mode("overwrite").save()
        return time.perf_counter() - began

    def close(self):
        self.spark.stop()


def make_table(folder, rows):
    texts = pq.read_table(EXAMPLE / "data" / "sentiment.parquet")["input"].to_pylist()
    folder.mkdir()
    for index in range(FILES):
        part = [texts[row % len(texts)] for row in range(index, rows, FILES)]
        pq.write_table(pa.table({"input": part}), folder / f"part-{index}.parquet")
    return folder


def measure(options, scratch):
    table = make_table(scratch / "table", options.rows)
    with ExitStack() as stack:
        say(f"starting Spark {pyspark.__version__}, local[{options.cores}]")
        server = stack.enter_context(
            SparkServer(scratch / "server", options.cores, python=options.python)
        )
        contestants = [
            Contestant(name, "sentiment", scratch / f"loads-{name}.txt")
            for name in ("needletail", "pyspark")
        ]
        ours, theirs = contestants
        ours.job = NeedletailVariant(
            options.needletail, server.remote, table, "sentiment", EXAMPLE / "model", "off",
            ours.loads_file, scratch / "needletail.log",
        )
        stack.callback(ours.job.close)
        theirs.job = PySparkSentiment(server.remote, table, theirs.loads_file)
        stack.callback(theirs.job.close)
        for number in range(options.rounds + 2):
            last = number == options.rounds + 1
            for contestant in contestants if number % 2 == 0 else contestants[::-1]:
                measured = contestant.measure(server.pid, sample_memory=last)
                kind = "discarded" if number == 0 else "memory" if last else "measured"
                if kind == "measured":
                    contestant.measurements.append(measured)
                say(
                    f"round {number} ({kind}) {contestant.variant}: "
                    "wall {:.2f} s, JVM {:.2f} s, workers {:.2f} s".format(*measured)
                )
    return [contestant.result(options.rows) for contestant in contestants]


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark sentiment", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default 3)")
    parser.add_argument("--rows", type=int, default=10_240, help="rows (default 10240)")
    parser.add_argument("--cores", type=int, default=2, help="Spark's task slots (default 2)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--needletail", type=Path, required=True, help="NeedletailBenchmark")
    parser.add_argument("--python", default=sys.executable, help="the Python that has transformers")
    options = parser.parse_args()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _: sys.exit(128 + number))
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    options.needletail = options.needletail.resolve()
    scratch = Path(tempfile.mkdtemp(prefix="needletail-sentiment-"))
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
    print("\n| side | wall s | JVM CPU s | worker CPU s | rows/s | worker peak MiB (PSS / RSS) |")
    print("|---|---|---|---|---|---|")
    for each in results:
        print(
            f"| {each['variant']} | {each['wall_s']:.2f} | {each['jvm_cpu_s']:.2f} "
            f"| {each['worker_cpu_s']:.2f} | {each['rows'] / each['wall_s']:,.0f} "
            f"| {each['worker_peak_mib']:.0f} / {each['worker_peak_rss_mib']:.0f} |"
        )
    ours, theirs = results
    times = theirs["worker_cpu_s"] / ours["worker_cpu_s"]
    part = ours["worker_peak_mib"] / theirs["worker_peak_mib"]
    print(
        f"\nCPU seconds of the workers: {times:.1f} times fewer (wanted {CPU_TIMES}); "
        f"memory: {part:.2f} of PySpark's (wanted at most {MEMORY_PART})"
    )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if times < CPU_TIMES or part > MEMORY_PART else 0)


if __name__ == "__main__":
    main()
