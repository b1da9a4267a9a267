"""Tables of several Parquet files: partitions in folders' names, columns that files lack, other files."""

import pyarrow as pa
import pyarrow.parquet as pq

from parquet_tables import random_table
from table import ZONES, Table
from values import column, simple_type

NULL = "__HIVE_DEFAULT_PARTITION__"
# Values of partition columns as folders have them; a column's come from one or two of the lists.
PARTITIONS = [
    ["0", "1", "-7", "2147483647", "+5", "007"],
    ["2147483648", "-9223372036854775808", "12"],
    ["99999999999999999999", "12345678901234567890123456789012345678", "1e3", "1E+2"],
    ["0.5", "-1.25", "1e-3", "NaN", ".5", "5."],
    ["2020-02-29", "1500-01-01", "0001-01-01", "9999-12-31"],
    ["2020-01-01 12%3A30%3A00", "1999-12-31 23%3A59%3A59.5", "2021-03-28 02%3A30%3A00"],
    ["true", "false", "TRUE"],
    ["a", "grün", "日本", "a b", "A"],
    ["x%2Fy", "50%25", "a%3Db", "%C3%BC", "tab%09", "%", "100%zz"],
    ["12%3A30%3A00", "23%3A59%3A59"],
    ["1L", "1d", "1f", "0x10", "Infinity", "1_000", "2020-1-1", "2020"],
]
COLUMNS = ["k", "Day", "größe", "a.b", "with space", "p%41", "value"]


def partitioned(random, folder):
    levels = random.choice([1, 1, 2, 3])
    names = random.sample(COLUMNS, levels)
    lists = []
    for _ in range(levels):
        pool = list(random.choice(PARTITIONS))
        if random.chance(0.2):
            pool += random.choice(PARTITIONS)
        chosen = random.sample(pool, min(len(pool), random.randint(1, 3)))
        lists.append(chosen + ([NULL] if random.chance(0.35) else []))
    types = [simple_type(random) for _ in range(2)]
    # Files of one table have the same columns here; `k` in them too gives way to the partition's.
    base = random_table(random, 5, types)
    root = folder / "table"
    for _ in range(random.randint(1, 6)):
        inner = root
        for name, values in zip(names, lists):
            inner = inner / f"{name}={random.choice(values)}"
        inner.mkdir(parents=True, exist_ok=True)
        part = inner / f"part-{random.randint(0, 3)}.parquet"
        pq.write_table(base.slice(0, random.randint(0, 5)), part)
    if random.chance(0.3):
        (root / "_SUCCESS").touch()
        (root / ".hidden").write_text("no table")
    options = {}
    if random.chance(0.15):
        options["partitionColumnTypeInference"] = "true"
    return Table("partitioned", root, zone=random.choice(ZONES), options=options)


def missing_columns(random, folder):
    """Files of which each lacks some columns; without mergeSchema the first one tells which there are."""
    root = folder / "table"
    root.mkdir()
    names = random.names(4)
    types = [simple_type(random) for _ in names]
    for number in range(random.randint(2, 4)):
        rows = random.choice([0, 1, 20])
        columns = {"x": pa.array(random.features(rows), pa.float64())}
        chosen = [index for index in range(4) if random.chance(0.7)]
        random.shuffle(chosen)
        for index in chosen:
            name = names[index].upper() if random.chance(0.1) else names[index]
            columns[name] = column(random, types[index], rows)
        pq.write_table(pa.table(columns), root / f"{number}.parquet")
    return Table("missing-columns", root, options={"mergeSchema": str(random.chance(0.6)).lower()})


def widened(random, folder):
    """Files whose columns have other types than the first one's: some wider, some that do not fit."""
    root = folder / "table"
    root.mkdir()
    kinds = [
        pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.float32(),
        pa.float64(), pa.decimal128(9, 2), pa.decimal128(18, 2), pa.decimal128(30, 4), pa.date32(),
        pa.string(), pa.binary(), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ms"),
    ]
    chosen = random.sample(kinds, 2)
    if random.chance(0.5):
        start = random.choice([0, 6, 8])
        chosen = kinds[start : start + 2][::-1]
    for number, kind in enumerate(chosen):
        features = pa.array(random.features(4), pa.float64())
        values = column(random, kind, 4) if number == 0 or random.chance(0.7) else None
        if values is None and pa.types.is_integer(kind):
            values = pa.array([1, None, 2, 3], kind)
        values = column(random, kind, 4) if values is None else values
        pq.write_table(pa.table({"x": features, "value": values}), root / f"{number}.parquet")
    return Table("widened", root)


def folders(random, folder):
    """Patterns, hidden files, folders that are no partitions, and files without a byte."""
    root = folder / "table"
    (root / "inner").mkdir(parents=True)
    base = random_table(random, 6, [simple_type(random) for _ in range(2)])
    for name in ("a.parquet", "b.parquet", "_c.parquet", ".d.parquet", "e1.parquet", "e[2].parquet"):
        pq.write_table(base.slice(0, random.randint(0, 6)), root / name)
    pq.write_table(base, root / "inner" / "f.parquet")
    if random.chance(0.5):
        (root / "0.parquet").touch()
    kind = random.choice(["", "*.parquet", "{a,b}.parquet", "[ab].par*", "e?.parquet", "*/*.parquet"])
    options = {"recursiveFileLookup": "true"} if random.chance(0.4) else {}
    return Table("folders", root / kind if kind else root, options=options)
