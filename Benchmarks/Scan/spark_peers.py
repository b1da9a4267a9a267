"""PySpark's predict_batch_udf over the tables of scripts/benchmark scan."""

import time

from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql.functions import PandasUDFType, pandas_udf
from pyspark.sql.types import ArrayType, FloatType

from pyspark_variant import COLUMNAR_INPUT, perceptron_maker
from work import DEVIATION, MEAN

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


def images_maker(model, side, mean, deviation):
    """The pandas function that decodes JPEGs by PIL and runs a network over them, a batch of Arrow at a
    time. Nested, so that it travels by value: Spark's workers cannot import this module."""

    def classify(parts):
        import io

        import numpy
        import onnxruntime
        import pandas
        from PIL import Image

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        means, deviations = (
            numpy.array(each, numpy.float32).reshape(1, 3, 1, 1) for each in (mean, deviation)
        )

        def pixels(file):
            image = Image.open(io.BytesIO(file)).convert("RGB")
            image = image.resize((side, side), Image.Resampling.BILINEAR)
            return numpy.asarray(image).transpose(2, 0, 1)

        for files in parts:
            values = numpy.stack([pixels(file) for file in files]).astype(numpy.float32)
            values = (values / numpy.float32(255) - means) / deviations
            yield pandas.Series(list(session.run(None, {"data": values})[0]))

    return classify


class PySparkImages:
    """A pandas function over JPEGs; batches of Arrow are as large as the network's."""

    def __init__(self, remote):
        self.spark = SparkSession.builder.remote(remote).create()

    def prepare(self, job):
        self.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(job["batch"]))
        body = images_maker(job["model"], job["side"], MEAN, DEVIATION)
        kind = PandasUDFType.SCALAR_ITER
        function = pandas_udf(body, returnType=ArrayType(FloatType()), functionType=kind)
        table = self.spark.read.parquet(job["table"])
        self.result = table.select("id", function("content").alias("preds"))

    def run(self, output):
        began = time.perf_counter()
        self.result.write.parquet(str(output))
        return time.perf_counter() - began


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
