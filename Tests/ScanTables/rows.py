"""Rows and types of Parquet files, in forms that can be compared whatever wrote them."""

import json
from decimal import Context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

EXACT = Context(prec=100)
NUMBERS = {"byte", "short", "integer", "long", "float", "double"}
SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"


def values(array):
    """Python's values: instants as microseconds, dates as days, maps as pairs, numbers as text where
    integers and decimals may stand for each other."""
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in values(chunk)]
    kind, types = array.type, pa.types
    if isinstance(array, pa.ExtensionArray):
        return values(array.storage)
    if types.is_dictionary(kind):
        return values(array.dictionary_decode())
    if types.is_struct(kind):
        children = [values(array.field(index)) for index in range(kind.num_fields)]
        rows = zip(*children) if children else [()] * len(array)
        return [row if there else None for row, there in zip(rows, valid(array))]
    if types.is_map(kind):
        pairs = list(zip(values(array.keys), values(array.items)))
        return sliced(array, pairs)
    if types.is_fixed_size_list(kind):
        items, size = values(array.values), kind.list_size
        start = array.offset
        return [
            items[(start + row) * size : (start + row + 1) * size] if there else None
            for row, there in enumerate(valid(array))
        ]
    if types.is_list(kind) or types.is_large_list(kind):
        return sliced(array, values(array.values))
    if types.is_timestamp(kind):
        # Those of the tables are whole microseconds.
        each = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}[kind.unit]
        ticks = array.view(pa.int64()).to_pylist()
        return [None if tick is None else tick * each // 1000 for tick in ticks]
    if types.is_date64(kind):
        return [
            None if tick is None else tick // 86_400_000 for tick in array.view(pa.int64()).to_pylist()
        ]
    if types.is_date32(kind):
        return array.view(pa.int32()).to_pylist()
    if types.is_duration(kind):
        return values(array.view(pa.int64()))
    if types.is_integer(kind) or types.is_decimal(kind):
        return [None if value is None else number(value) for value in array.to_pylist()]
    return array.to_pylist()


def number(value):
    if isinstance(value, int):
        return value
    whole = value.to_integral_value()
    return int(value) if value == whole else str(value.normalize(EXACT))


def valid(array):
    return array.is_valid().to_pylist()


def sliced(array, items):
    offsets = array.offsets.to_pylist()
    return [
        items[offsets[row] : offsets[row + 1]] if there else None
        for row, there in enumerate(valid(array))
    ]


def rows(table, names):
    """One text for each row."""
    columns = [
        values(table[name]) if name in table.column_names else [None] * table.num_rows
        for name in names
    ]
    return [repr(row) for row in zip(*columns)]


class Written:
    """What was written to a file or folder of Parquet: Spark's schema, and the rows."""

    def __init__(self, path):
        self.tables = [read(file) for file in files(path)]
        self.schema = json.loads(pq.read_schema(files(path)[0]).metadata[SCHEMA])
        for field in self.schema["fields"]:
            # Which model computes it: the command and programs without Spark note it, programs on Spark do not.
            field["metadata"].pop("needletail", None)
        self.names = [field["name"] for field in self.schema["fields"]]
        self.rows = [row for table in self.tables for row in rows(table, self.names)]

    def column(self, name):
        return next(field for field in self.schema["fields"] if field["name"] == name)

    def has_numbers(self, name):
        """Whether there is a column of numbers, and no nulls, of this name."""
        if any(table[name].null_count for table in self.tables if name in table.column_names):
            return False
        kinds = [field["type"] for field in self.schema["fields"] if field["name"] == name]
        return bool(kinds) and str(kinds[0]).split("(")[0] in NUMBERS


def files(path):
    path = Path(path)
    return [path] if path.is_file() else sorted(path.glob("*.parquet"))


def read(file):
    """One file, without partitions that its path may tell."""
    return pq.ParquetFile(file, coerce_int96_timestamp_unit="us").read()
