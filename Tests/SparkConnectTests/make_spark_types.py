"""Writes spark_types.json: columns of every type of Spark, as its server describes and sends them, with
PySpark's words for the type and its values. Run with the .venv of scripts/setup (PySpark 4.3):

    .venv/bin/python Tests/SparkConnectTests/make_spark_types.py
"""
import base64
import datetime
import decimal
import json
import os
import sys

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import Geography, Geometry, VariantVal

WKB = "X'0101000000000000000000F03F0000000000000040'"
COLUMNS = [
    "null", "true", "1Y", "-2S", "3", "-4L", "float('1.5')", "-0.25D", "1.50BD",
    "cast('-12345678901234567890.123456789012345678' as decimal(38,18))",
    "'ä'", "cast('abc' as char(5))", "cast('abc' as varchar(5))", "X'00FF'",
    "'x' collate UNICODE_CI", "array('x' collate UTF8_LCASE)",
    "date'2024-02-29'", "date'1600-01-01'",
    "time'12:34:56.123456'", "cast('12:34:56.1234' as time(3))", "cast('00:00:00' as time(0))",
    "timestamp'2024-01-02 03:04:05.123456'", "timestamp_ntz'1969-12-31 23:59:59.999999'",
    "cast('2024-01-02 03:04:05.123456789' as timestamp_ntz(9))",
    "cast('2024-01-02 03:04:05.1234567' as timestamp_ltz(7))",
    "interval '1' day", "interval '-1:02' hour to minute", "interval '1.5' second",
    "interval '1 2:03:04.5' day to second", "interval '2' month", "interval '-1' year",
    "interval '1-2' year to month", "make_interval(1,2,3,4,5,6,7.5)",
    f"st_geomfromwkb({WKB})", f"st_setsrid(st_geomfromwkb({WKB}), 3857)",
    f"st_geogfromwkb({WKB})",
    "parse_json('{\"a\": 1}')", "array(1, null)", "array()", "map('a', 1.5D)", "map(1, array('x'))",
    "named_struct('a', 1, 'b c', named_struct('x', null, 'y', 'z'))",
    f"array(named_struct('t', time'01:02:03', 'g', st_geomfromwkb({WKB})))",
    "map(time'01:02:03', interval '3' day)",
]


def text(value):
    """A value in the words of the test: raw numbers of times in the units of Spark's Arrow form."""
    day = datetime.timedelta(days=1)
    match value:
        case None: return "null"
        case bool(): return str(value).lower()
        case int() | float(): return str(value)
        case str(): return repr(value).replace("'", '"')
        case bytes() | bytearray(): return "0x" + value.hex()
        case decimal.Decimal(): return format(value, "f")
        case datetime.datetime():
            if value.tzinfo is None: value = value.replace(tzinfo=datetime.timezone.utc)
            return str((value - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // (day / 86_400_000_000))
        case datetime.date(): return str((value - datetime.date(1970, 1, 1)).days)
        case datetime.time():
            return str(((value.hour * 60 + value.minute) * 60 + value.second) * 10**9 + value.microsecond * 1000)
        case datetime.timedelta(): return str(value // (day / 86_400_000_000))
        case Geometry() | Geography(): return "{%d,%s}" % (value.getSrid(), text(value.getBytes()))
        case VariantVal(): return "{%s,%s}" % (text(value.value), text(value.metadata))
        case dict(): return "(" + ",".join(text(k) + ":" + text(v) for k, v in value.items()) + ")"
        case Row(): return "{" + ",".join(text(v) for v in value) + "}"
        case list() | tuple(): return "[" + ",".join(text(v) for v in value) + "]"
        case _: raise TypeError(type(value))


def main():
    spark = SparkSession.builder.remote("local[1]").getOrCreate()
    for name, value in {
        "spark.sql.timeType.enabled": "true", "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true", "spark.sql.timestampNanosTypes.enabled": "true",
    }.items():
        spark.conf.set(name, value)
    os.environ["TZ"] = "UTC"
    client, found = spark.client, []
    for column in COLUMNS:
        table = spark.sql(f"select {column} as c")
        request = client._analyze_plan_request_with_metadata()
        request.schema.plan.CopyFrom(table._plan.to_proto(client))
        schema = client._stub.AnalyzePlan(request, metadata=client._builder.metadata()).schema.schema
        request = client._execute_plan_request_with_metadata()
        request.plan.CopyFrom(table._plan.to_proto(client))
        streams = [
            response.arrow_batch.data
            for response in client._stub.ExecutePlan(request, metadata=client._builder.metadata())
            if response.HasField("arrow_batch")
        ]
        entry = {
            "column": column,
            "schema": base64.b64encode(schema.SerializeToString(deterministic=True)).decode(),
            "arrow": base64.b64encode(streams[0]).decode(),
        }
        try:
            entry["type"] = table.schema["c"].dataType.simpleString()
            entry["value"] = text(table.collect()[0]["c"])
        except Exception as error:  # What PySpark itself does not collect has no value here.
            print(column, type(error).__name__, str(error).split("\n")[0], file=sys.stderr)
        found.append(entry)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spark_types.json")
    with open(path, "w") as file:
        json.dump({"spark": spark.version, "columns": found}, file, indent=1, ensure_ascii=False)
        file.write("\n")


main()
