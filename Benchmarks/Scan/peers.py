"""What a user without Needletail and Spark would write in Python, and the floor under all of it.

    peers.py NAME THREADS               obeys lines of JSON on standard input
    peers.py NAME THREADS JOB OUTPUT    runs one job, given as JSON, and ends

A job is {"table", "columns", "is_list", "width", "outputs", "batch", "model", "input"}; with "store", the address of
one, the table is there and "files" are its keys; "kind" is that of the rows, see work.py. Each of the words `prepare`
(with a job), `run` (with an output) and `rest` is answered by a line; `run` by its wall seconds. All
variants share one session of ONNX Runtime, one thread a call, and call it on as many threads as they were
given.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from work import DecodedImages, TransformersTexts, column_of, open_session, work_of


def files_of(job):
    if "store" in job:
        return job["files"]
    table = Path(job["table"])
    return sorted(table.glob("*.parquet")) if table.is_dir() else [table]


def arrow_store(address):
    """The store as pyarrow has it; its keys are paths."""
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(endpoint_override=address, scheme="http", region=os.environ["AWS_REGION"])


class Peer:
    def __init__(self, threads):
        self.threads = threads

    def prepare(self, job):
        self.job = job
        self.files = files_of(job)

    def on_threads(self, function, output):
        """Calls `function` with each file and where its rows go."""
        output.mkdir()
        targets = [output / Path(file).name for file in self.files]
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(function, self.files, targets))

    def rest(self):
        pass


class Floor(Peer):
    """pyarrow decodes, ONNX Runtime computes, pyarrow writes; batch by batch, one file a thread. From a
    store, pyarrow fetches what it needs of a file at once (pre_buffer)."""

    def prepare(self, job):
        super().prepare(job)
        self.work = work_of(job)
        self.store = arrow_store(job["store"]) if "store" in job else None

    def run(self, output):
        self.on_threads(self.convert, output)

    def convert(self, source, target):
        import pyarrow as pa
        import pyarrow.parquet as pq

        job = self.job
        if self.store:
            file = pq.ParquetFile(self.store.open_input_file(source), pre_buffer=True)
        else:
            file = pq.ParquetFile(source, memory_map=True)
        schema = pa.schema([file.schema_arrow.field("id"), *self.work.fields])
        names = ["id", *job["columns"]]
        with pq.ParquetWriter(target, schema, compression="snappy") as writer:
            for batch in file.iter_batches(job["batch"], columns=names, use_threads=False):
                inputs = [batch.column(name) for name in job["columns"]]
                columns = [batch.column("id"), *self.work.predict(inputs)]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


class Transformers(Floor):
    def prepare(self, job):
        super().prepare(job)
        self.work = TransformersTexts(job)


class Polars(Peer):
    """Polars reads and writes whole files, one a thread."""

    def __init__(self, threads):
        super().__init__(threads)
        os.environ["POLARS_MAX_THREADS"] = str(threads)

    def prepare(self, job):
        super().prepare(job)
        self.session = open_session(job["model"])

    def predict(self, values):
        return self.session.run(None, {self.job["input"]: values})[0]

    def run(self, output):
        self.on_threads(self.convert, output)

    def convert(self, source, target):
        import polars as pl

        job, step = self.job, self.job["batch"]
        columns, options = ["id", *job["columns"]], None
        if "store" in job:
            source = f"s3://{source}"
            options = {"endpoint_url": f"http://{job['store']}", "allow_http": "true"}
        frame = pl.read_parquet(source, columns=columns, storage_options=options)
        if job["is_list"]:
            values = frame[job["columns"][0]].explode().to_numpy().reshape(-1, job["width"])
        else:
            values = frame.select(job["columns"]).to_numpy(order="c")
        parts = [self.predict(values[start : start + step]) for start in range(0, len(values), step)]
        predictions = pl.from_arrow(column_of(job, np.concatenate(parts)))
        frame.select("id").with_columns(preds=predictions).write_parquet(target, compression="snappy")


class Daft(Peer):
    """Daft reads, calls a method with batches, and writes. It opens the model within the job, since it
    wants functions that can be sent; how many threads or processes call them is its own choice."""

    def __init__(self, threads):
        super().__init__(threads)
        os.environ |= {
            "DAFT_PROGRESS_BAR": "0", "DO_NOT_TRACK": "1", "DAFT_ANALYTICS_ENABLED": "0",
        }

    def run(self, output):
        import daft
        import pyarrow as pa

        job, number = self.job, daft.DataType.float32()
        if job.get("kind") == "texts":
            made = daft.DataType.struct({"label": daft.DataType.string(), "score": number})
        else:
            made = number if job["outputs"] == 1 else daft.DataType.list(number)

        @daft.cls
        class Model:
            def __init__(self, job):
                self.work = DecodedImages(job) if job.get("kind") == "images" else work_of(job)

            @daft.method.batch(return_dtype=made, batch_size=job["batch"])
            def predict(self, *columns):
                answers = self.work.predict([each.to_arrow() for each in columns])
                if len(answers) == 1:
                    return answers[0]
                return pa.StructArray.from_arrays(answers, [name for name, _ in self.work.fields])

        table = self.read()
        columns = [daft.col(name) for name in job["columns"]]
        if job.get("kind") == "images":
            columns = [self.resized(column) for column in columns]
        predictions = Model(job).predict(*columns).alias("preds")
        table.select(daft.col("id"), predictions).write_parquet(str(output), compression="snappy")

    def resized(self, column):
        """Images by Daft's own decoder and filter."""
        from daft import DataType
        from daft.functions import decode_image, resize

        side = self.job["side"]
        image = resize(decode_image(column, mode="RGB"), side, side)
        return image.cast(DataType.image("RGB", side, side))

    def read(self):
        import daft
        from daft.io import IOConfig, S3Config

        if "store" not in self.job:
            return daft.read_parquet([str(file) for file in self.files])
        config = S3Config(
            endpoint_url=f"http://{self.job['store']}", region_name=os.environ["AWS_REGION"],
            key_id=os.environ["AWS_ACCESS_KEY_ID"],
            access_key=os.environ["AWS_SECRET_ACCESS_KEY"], use_ssl=False,
        )
        files = [f"s3://{file}" for file in self.files]
        return daft.read_parquet(files, io_config=IOConfig(s3=config))


class RayPredictor:
    def __init__(self, job):
        self.job, self.work = job, work_of(job)

    def __call__(self, batch):
        import pyarrow as pa

        arrays = [batch.column(name).combine_chunks() for name in self.job["columns"]]
        predictions = self.work.predict(arrays)[0]
        return pa.table({"id": batch.column("id"), "preds": predictions})


class RayData(Peer):
    """Ray Data with as many actors as threads. Ray is told of twice as many processors as it is bound
    to, so that readers and writers find a place beside the actors; it is started before the clock and
    stopped behind it."""

    folder = None

    def prepare(self, job):
        import ray

        os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        self.job = job
        # In /tmp, because the names of Ray's sockets must be short.
        self.folder = tempfile.mkdtemp(prefix="scan-ray-", dir="/tmp")
        ray.init(
            num_cpus=2 * self.threads, include_dashboard=False, log_to_driver=False,
            logging_level="error", _temp_dir=self.folder,
        )
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False

    def run(self, output):
        import ray

        job = self.job
        paths, store = job["table"], None
        if "store" in job:
            paths, store = job["files"], arrow_store(job["store"])
        table = ray.data.read_parquet(
            paths, columns=["id", *job["columns"]], file_extensions=["parquet"], filesystem=store
        )
        table.map_batches(
            RayPredictor, fn_constructor_args=(job,), batch_size=job["batch"],
            batch_format="pyarrow", compute=ray.data.ActorPoolStrategy(size=self.threads),
        ).write_parquet(str(output))

    def rest(self):
        if self.folder:
            import ray

            ray.shutdown()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


PEERS = {
    "floor": Floor, "transformers": Transformers, "polars": Polars, "daft": Daft, "ray": RayData,
}


def main():
    name, threads, *once = sys.argv[1:]
    # Libraries print to standard output, which is the answers' alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # The processes that libraries start find work.py too.
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent)
    # Libraries that make a thread for each core make as many as they were given.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    peer = PEERS[name](int(threads))
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        if once:
            peer.prepare(json.loads(once[0]))
            peer.run(Path(once[1]))
        else:
            answer_lines(peer, answers)
    finally:
        peer.rest()


def answer_lines(peer, answers):
    for line in sys.stdin:
        try:
            answer = {"seconds": obey(peer, *json.loads(line))}
        except Exception:  # the other models may go well
            answer = {"failure": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


def obey(peer, word, value=None):
    if word == "prepare":
        return peer.prepare(value)
    if word == "rest":
        return peer.rest()
    began = time.perf_counter()
    peer.run(Path(value))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
