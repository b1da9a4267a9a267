"""The Python side: PySpark's predict_batch_udf with ONNX Runtime's Python package."""

import time

from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, FloatType

COLUMNAR_INPUT = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"
BATCH = 1024


# The functions below are nested so that they travel by value: Spark's workers cannot import this
# module.
def trivial_maker(loads_file):
    def make_predict_fn():
        with open(loads_file, "a") as file:
            file.write("loaded\n")

        def predict(pixels):
            return pixels[:, :10]

        return predict

    return make_predict_fn


def perceptron_maker(loads_file, model):
    def make_predict_fn():
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        with open(loads_file, "a") as file:
            file.write("loaded\n")

        def predict(pixels):
            return session.run(None, {"data": pixels})[0]

        return predict

    return make_predict_fn


class PySparkVariant:
    """One session with one function, which runs one job at a time."""

    def __init__(self, remote, table, model, model_path, columnar, loads_file):
        self.spark = SparkSession.builder.remote(remote).create()
        if columnar == "off":
            self.spark.conf.set(COLUMNAR_INPUT, "false")
        make = (
            trivial_maker(str(loads_file))
            if model == "trivial"
            else perceptron_maker(str(loads_file), str(model_path))
        )
        self.function = predict_batch_udf(
            make,
            return_type=ArrayType(FloatType()),
            batch_size=BATCH,
            input_tensor_shapes=[[784]],
        )
        self.table = self.spark.read.parquet(str(table))

    def run(self):
        """Runs the job once; returns its wall seconds."""
        began = time.perf_counter()
        predictions = self.table.select(self.function("data").alias("preds"))
        predictions.write.format("noop").mode("overwrite").save()
        return time.perf_counter() - began

    def close(self):
        self.spark.stop()
