"""Tables by DuckDB and Polars, in an environment of their own (requirements.txt).

    .venv-writers/bin/python Tests/ScanTables/foreign_tables.py FOLDER SEED COUNT

Prints one line of JSON for each table: its name, path, format, and options.
"""

import json
import sys
from pathlib import Path

import duckdb
import polars as pl

from table import Random

DUCK = [
    "(i % 120)::tinyint", "(i % 150 * 200)::smallint", "i::int", "i * 9000000000", "(i % 250)::utinyint",
    "i::usmallint", "i::uinteger", "i::ubigint", "i::float / 3", "i / 7.0::double",
    "(i * 1.5)::decimal(9, 2)", "i::decimal(18, 4)", "i::decimal(38, 6)", "i % 2 = 0",
    "if(i % 3 = 0, null, 'grün' || i)", "('b' || i)::blob", "date '1500-01-01' + (i % 3000 * 900)::int",
    "timestamp '1700-01-01 00:00:00.5' + to_days((i % 3000 * 900)::int)",
    "(timestamp '2000-01-01 12:00:00' + to_days(i::int))::timestamp_ms",
    "(timestamp '2000-01-01 12:00:00' + to_days(i::int))::timestamp_s",
    "(timestamp '2000-01-01 12:00:00' + to_days(i::int))::timestamptz",
    "[i, null, i + 1]", "[[i], null, []]", "{'a': i, 'b.c': 's' || i}", "map {'k': i, 'l': null}",
    "[{'a': [i]}]", "if(i % 2 = 0, 'red', 'blue')::enum('red', 'blue')", "i::hugeint",
]
DUCK_REFUSED = ["time '12:00:00'", "uuid()", "interval '1' day", "'2020-01-01'::timestamp_ns"]
POLARS = {
    "i8": pl.col("i").cast(pl.Int8), "u8": pl.col("i").cast(pl.UInt8), "u16": pl.col("i").cast(pl.UInt16),
    "u32": pl.col("i").cast(pl.UInt32), "u64": pl.col("i").cast(pl.UInt64), "i64": pl.col("i") * 2**40,
    "f32": pl.col("i").cast(pl.Float32) / 3, "flag": pl.col("i") % 2 == 0,
    "text": pl.when(pl.col("i") % 3 == 0).then(None).otherwise(pl.format("grün{}", "i")),
    "category": pl.format("c{}", pl.col("i") % 3).cast(pl.Categorical),
    "bytes": pl.format("b{}", "i").cast(pl.Binary),
    "date": (pl.col("i").cast(pl.Int32) * 900 - 170_000).cast(pl.Date),
    "ms": (pl.col("i") * 86_400_001).cast(pl.Datetime("ms")),
    "us": (pl.col("i") * -86_400_000_001).cast(pl.Datetime("us")),
    "zoned": (pl.col("i") * 86_400_000_001).cast(pl.Datetime("us", "Europe/Berlin")),
    "decimal": pl.col("i").cast(pl.Decimal(38, 4)), "list": pl.concat_list("i", "i"),
    "array": pl.concat_list("i", "i").cast(pl.Array(pl.Int64, 2)),
    "struct": pl.struct(pl.col("i"), pl.format("s{}", "i").alias("s")), "nothing": pl.lit(None),
    "lists": pl.concat_list(pl.struct("i"), pl.struct("i")),
    "duration": (pl.col("i") * 1000).cast(pl.Duration("us")),
}
POLARS_REFUSED = {
    "ns": (pl.col("i") * 1000).cast(pl.Datetime("ns")), "time": (pl.col("i") * 1000).cast(pl.Time),
}


def by_duckdb(random, folder):
    rows = random.choice([0, 1, 30, 5000])
    chosen = random.sample(DUCK, random.randint(1, 7))
    if random.chance(0.08):
        chosen.append(random.choice(DUCK_REFUSED))
    columns = ", ".join(f'{sql} as "c{number}"' for number, sql in enumerate(chosen))
    query = f"select i / 8.0::double as x, {columns}, i % 3 as p from range({rows}) t(i)"
    path = folder / "table.parquet"
    codec = random.choice(["snappy", "zstd", "gzip", "lz4_raw", "uncompressed"])
    options = ["format parquet", f"codec '{codec}'"]
    options.append(f"row_group_size {random.choice([2048, 122880])}")
    options.append(f"parquet_version {random.choice(['v1', 'v2'])}")
    if random.chance(0.25) and rows:
        options.append("partition_by (p)")
        path = folder / "table"
    elif random.chance(0.2):
        plain = [sql for sql in chosen if not any(mark in sql for mark in "[{") and "blob" not in sql]
        columns = "".join(f', {sql} as "c{number}"' for number, sql in enumerate(plain))
        query = f"select i / 8.0::double + 0.125 as x{columns} from range({rows}) t(i)"
        kind = random.choice(["csv", "json"])
        path = folder / f"table.{kind}"
        duckdb.sql(f"copy ({query}) to '{path}' (format {kind})")
        return f"duckdb-{kind}", path, kind
    duckdb.sql(f"copy ({query}) to '{path}' ({', '.join(options)})")
    return "duckdb", path, "parquet"


def by_polars(random, folder):
    rows = random.choice([0, 1, 30, 5000])
    table = pl.DataFrame({"i": pl.Series(range(rows), dtype=pl.Int64) % 120})
    chosen = dict(random.sample(sorted(POLARS.items()), random.randint(1, 7)))
    if random.chance(0.08):
        chosen |= [random.choice(sorted(POLARS_REFUSED.items()))]
    frame = table.select(x=pl.col("i").cast(pl.Float64) / 8 + 0.125, **chosen)
    if random.chance(0.15) and rows:
        nested = {"list", "array", "lists", "struct", "bytes", "duration", "time"}
        kind = random.choice(["csv", "json"])
        path = folder / f"table.{kind}"
        plain = frame.drop([name for name in frame.columns if name in nested])
        plain.write_csv(path) if kind == "csv" else plain.write_ndjson(path)
        return f"polars-{kind}", path, kind
    path = folder / "table.parquet"
    frame.write_parquet(
        path, compression=random.choice(["zstd", "snappy", "gzip", "lz4", "uncompressed"]),
        row_group_size=random.choice([100, None]), data_page_size=random.choice([300, None]),
        statistics=random.choice([True, False, "full"]))
    return "polars", path, "parquet"


def main():
    root, seed, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for number in range(count):
        folder = root / f"foreign-{number}"
        folder.mkdir(parents=True)
        random = Random(f"{seed}/foreign/{number}")
        name, path, kind = (by_duckdb if number % 2 else by_polars)(random, folder)
        print(json.dumps({"name": name, "path": str(path), "format": kind}), flush=True)


if __name__ == "__main__":
    main()
