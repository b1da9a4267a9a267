"""A Python function on the server of the first argument: another session's worker is Python still."""

import sys
import warnings

warnings.simplefilter("ignore")

from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql.functions import udf  # noqa: E402

spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
same = udf(lambda x: x, "long")
for _ in range(3):
    table = spark.range(0, 1000, 1, 2).select(same("id").alias("v"))
    (row,) = table.groupBy().sum("v").collect()
    assert row[0] == 499500, row
print("python", row[0])
spark.stop()
