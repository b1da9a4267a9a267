"""Parquet files by pyarrow: every type, codec, encoding and page version of its writer."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq

from table import Table
from values import any_type, column, refused_type, simple_type

CODECS = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]


def random_table(random, rows, types):
    """Columns of the types, and somewhere among them what feeds the model."""
    columns = {}
    for name, kind in zip(random.names(len(types)), types):
        columns[name] = column(random, kind, rows)
    entries = list(columns.items())
    feature = pa.array(random.features(rows), random.choice([pa.float64(), pa.float64(), pa.float32()]))
    entries.insert(random.randint(0, len(entries)), ("x", feature))
    return pa.table(dict(entries))


def encodings(kind, common):
    """The encodings that a column of this type can have, beside a dictionary."""
    types = pa.types
    is_int96 = types.is_timestamp(kind) and common["use_deprecated_int96_timestamps"]
    if is_int96 or types.is_float16(kind):
        return ["PLAIN"]
    if types.is_boolean(kind):
        return ["PLAIN", "RLE"]
    if types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind):
        return ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
    if types.is_fixed_size_binary(kind):
        return ["PLAIN", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"]
    if types.is_decimal(kind):
        return ["PLAIN"]
    if types.is_floating(kind):
        return ["PLAIN", "BYTE_STREAM_SPLIT"]
    if types.is_integer(kind) or types.is_temporal(kind):
        return ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
    return ["PLAIN"]


def meaning(random):
    """The options that change types, which a table's twin must have too."""
    options = {
        "version": random.choice(["1.0", "2.4", "2.6"]),
        "store_schema": random.chance(0.5),
        "use_compliant_nested_type": random.chance(0.7),
        "store_decimal_as_integer": random.chance(0.5),
        "use_deprecated_int96_timestamps": random.chance(0.25),
        "allow_truncated_timestamps": True,
    }
    if random.chance(0.3):
        options["coerce_timestamps"] = random.choice(["ms", "us"])
    return options


def layout(random, table, common):
    """The options that change how the same values are written."""
    codec = random.choice(CODECS)
    options = {
        "compression": codec,
        "data_page_version": random.choice(["1.0", "2.0"]),
        "data_page_size": random.choice([1, 200, 1 << 20]),
        "dictionary_pagesize_limit": random.choice([10, 1 << 20]),
        "write_batch_size": random.choice([1, 7, 1024]),
        "write_statistics": random.chance(0.7),
        "write_page_index": random.chance(0.3),
        "write_page_checksum": random.chance(0.3),
        "use_dictionary": random.chance(0.5),
    }
    if random.chance(0.2):
        options["compression"] = {
            name: random.choice(CODECS[:-1]) for name in table.column_names if "." not in name
        }
    if not options["use_dictionary"] and random.chance(0.8):
        options["column_encoding"] = {
            field.name: random.choice(encodings(field.type, common))
            for field in table.schema
            if not pa.types.is_nested(field.type) and not pa.types.is_null(field.type)
            and not pa.types.is_dictionary(field.type) and "." not in field.name
        }
    return options


def write(random, table, path, options):
    """With row groups of any size, some of them empty."""
    # Within others, pyarrow does not slice views.
    has_views = any("view" in str(kind) for kind in table.schema.types if pa.types.is_nested(kind))
    if has_views or random.chance(0.5):
        size = 1 << 20 if has_views else random.choice([1, 5, 64, 1 << 20])
        pq.write_table(table, path, row_group_size=size, **options)
        return
    with pq.ParquetWriter(path, table.schema, **options) as writer:
        start = 0
        while start < table.num_rows:
            if random.chance(0.3):
                writer.write_table(table.slice(0, 0))
            count = random.choice([1, 10, 200])
            writer.write_table(table.slice(start, count))
            start += count
        if random.chance(0.3):
            writer.write_table(table.slice(0, 0))


def make(random, folder, name, types, rows=None):
    """One file of columns of these types, and its twin in a layout that everyone reads."""
    table = random_table(random, random.rows() if rows is None else rows, types)
    common = meaning(random)
    path, twin = folder / "table.parquet", folder / "twin" / "table.parquet"
    twin.parent.mkdir()
    write(random, table, path, common | layout(random, table, common))
    pq.write_table(table, twin, compression="snappy", **common)
    try:
        pq.ParquetFile(path).read()
    except pa.ArrowInvalid:
        # With very small pages pyarrow writes maps that it cannot read itself.
        shutil.copy(twin, path)
    except pa.ArrowNotImplementedError:
        # The file is as it should be, and more than its reader can do.
        pass
    return Table(name, path, twin=twin)


def flat(random, folder):
    types = [simple_type(random) for _ in range(random.randint(1, 8))]
    return make(random, folder, "flat", types)


def nested(random, folder):
    types = [any_type(random) for _ in range(random.randint(1, 4))]
    return make(random, folder, "nested", types)


def refused(random, folder):
    return make(random, folder, "refused", [refused_type(random), simple_type(random)], rows=3)


def legacy(random, folder):
    """Files that say they are of a Spark that had the Julian calendar."""
    rows = random.choice([1, 30])
    modern = random.chance(0.5)
    table = random_table(random, rows, [pa.date32(), pa.timestamp("us", "UTC"), pa.timestamp("us")])
    if modern:
        table = pa.table({
            name: pa.array([20_000] * rows, table[name].type) if name != "x" else table[name]
            for name in table.column_names
        })
    marks = random.choice([
        {"org.apache.spark.version": "2.4.8"},
        {"org.apache.spark.version": "3.5.0", "org.apache.spark.legacyDateTime": "",
         "org.apache.spark.legacyINT96": "", "org.apache.spark.timeZone": "Europe/Berlin"},
        {"org.apache.spark.version": "3.0.1"},
        {"org.apache.spark.version": "4.3.0"},
    ])
    table = table.replace_schema_metadata(marks)
    path = folder / "table.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=random.chance(0.5))
    return Table("legacy", path, is_left_to_spark=not modern)
