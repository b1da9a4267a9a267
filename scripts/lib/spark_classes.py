"""Writes Spark's classes, as Java has them after loading, to FILE: a Spark that maps them starts in half the
time (-XX:SharedArchiveFile=FILE; Java that is another, or has other jars, goes on without).

    .venv/bin/python scripts/lib/spark_classes.py FILE
"""

import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))
from spark_server import SparkServer  # noqa: E402


def use(remote, folder):
    """A bit of what tests do, for the classes that it takes."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(remote).create()
    table = spark.range(0, 20, numPartitions=2).selectExpr(
        "id", "id / 8 as x", "concat('a', id) as text", "array(id / 2) as list")
    for kind in ("parquet", "json"):
        table.write.format(kind).save(f"{folder}/{kind}")
        spark.read.format(kind).load(f"{folder}/{kind}").orderBy("id").collect()
    table.drop("list").write.option("header", "true").csv(f"{folder}/csv")
    options = {"header": "true", "inferSchema": "true"}
    spark.read.options(**options).csv(f"{folder}/csv").groupBy("text").count().collect()
    table.select("id").mapInArrow(lambda batches: batches, "id long").collect()
    spark.stop()


def main():
    target = Path(sys.argv[1]).resolve()
    # Java writes them when it ends, and so does the small one that makes up Spark's command line.
    given = os.environ.get("JDK_JAVA_OPTIONS", "")
    os.environ["JDK_JAVA_OPTIONS"] = f"{given} -XX:ArchiveClassesAtExit={target} -Xlog:disable"
    with tempfile.TemporaryDirectory(prefix="needletail-classes-") as folder:
        # Java takes its time here, beside a compiler that has the processors.
        with SparkServer(Path(folder) / "server", patience=600) as server:
            use(server.remote, folder)
            server.process.terminate()
            ended = time.time()
            server.process.wait(300)
    if not target.exists() or target.stat().st_mtime < ended:
        target.unlink(missing_ok=True)
        raise SystemExit("Java did not write the classes of Spark")


if __name__ == "__main__":
    main()
