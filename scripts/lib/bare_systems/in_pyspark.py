"""Predicts the digits in a session of PySpark; in_pyspark.py connect|classic."""

import sys

from needletail import predicting
from pyspark.sql import SparkSession

kind = sys.argv[1]
builder = SparkSession.builder
builder = builder.remote("local[2]") if kind == "connect" else builder.master("local[2]")
spark = builder.getOrCreate()
digits = spark.read.parquet("digits.parquet")
predicting(digits, "digits.onnx").select("id", "probabilities").write.parquet(f"{kind}.parquet")
spark.stop()
