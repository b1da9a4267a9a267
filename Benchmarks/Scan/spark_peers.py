"""PySpark's predict_batch_udf over the tables of scripts/benchmark scan."""

import time

from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, FloatType

from pyspark_variant import COLUMNAR_INPUT, perceptron_maker

# What a user can set to make it faster: rows that take no detour over Spark's columns, and batches of
# Arrow as large as the model's, so that none is cut.
TUNED = {
    COLUMNAR_INPUT: "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "{batch}",
}


def columns_maker(model, width):
    """A model whose input is made of several columns of numbers, with one output a row."""

    def make_predict_fn():
        import inspect

        import numpy
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

        def predict(*columns):
            values = numpy.stack(columns, axis=1)
            return session.run(None, {"data": values})[0].reshape(-1)

        # PySpark counts the parameters: there must be one for each column.
        kind = inspect.Parameter.POSITIONAL_ONLY
        predict.__signature__ = inspect.Signature(
            [inspect.Parameter(f"column{index}", kind) for index in range(width)]
        )
        return predict

    return make_predict_fn


class PySparkScan:
    """One session, which runs one job at a time. It ends with its server: to stop it when an interrupt
    has ended the server first would take minutes of retries."""

    def __init__(self, remote, is_tuned):
        self.spark = SparkSession.builder.remote(remote).create()
        self.is_tuned = is_tuned

    def prepare(self, job):
        if self.is_tuned:
            for name, value in TUNED.items():
                self.spark.conf.set(name, value.format(**job))
        if job["is_list"]:
            make = perceptron_maker("/dev/null", job["model"])
        else:
            make = columns_maker(job["model"], job["width"])
        function = predict_batch_udf(
            make,
            return_type=FloatType() if job["outputs"] == 1 else ArrayType(FloatType()),
            batch_size=job["batch"],
            input_tensor_shapes=[[job["width"]]] if job["is_list"] else None,
        )
        table = self.spark.read.parquet(job["table"])
        self.result = table.select("id", function(*job["columns"]).alias("preds"))

    def run(self, output):
        began = time.perf_counter()
        self.result.write.parquet(str(output))
        return time.perf_counter() - began
