"""Makes the tables that FileTables' tests read, with pyarrow: what its own writer does not write.

    python Tests/FileTablesTests/Files/make_tables.py
"""

import datetime
import pathlib
import random as random_module

import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(__file__).parent / "Tables"
folder.mkdir(exist_ok=True)
times = [datetime.datetime(1582, 10, 15), None, datetime.datetime(2026, 2, 3, 4, 5, 6, 789)]

# Timestamps as old Sparks wrote them, also within a struct and a list.
pq.write_table(
    pa.table(
        {
            "time": pa.array(times, pa.timestamp("us")),
            "nested": pa.array(
                [{"n": index, "times": [time]} for index, time in enumerate(times)],
                pa.struct([("n", pa.int32()), ("times", pa.list_(pa.timestamp("us")))]),
            ),
        }
    ),
    folder / "int96.parquet",
    use_deprecated_int96_timestamps=True,
)

# What Arrow notes beside Parquet's types, which Spark does not look at.
noted = pa.table(
    {
        "dictionary": pa.array(["b", None, "a", "b"]).dictionary_encode(),
        "large": pa.array(["x", "y", None, "z"], pa.large_string()),
        "zoned": pa.array([0, 1, 2, None], pa.timestamp("us", "Asia/Tokyo")),
        "fixed": pa.array([[1, 2], [3, 4], None, [5, 6]], pa.list_(pa.float32(), 2)),
    }
)
pq.write_table(noted, folder / "noted.parquet")

# Pages of the second version, and encodings of their own.
pq.write_table(
    pa.table(
        {
            "number": pa.array(range(1000), pa.int64()),
            "text": [f"text {index}" for index in range(1000)],
            "real": pa.array([index / 4 for index in range(1000)], pa.float32()),
        }
    ),
    folder / "encodings.parquet",
    data_page_version="2.0",
    use_dictionary=False,
    compression="zstd",
    column_encoding={
        "number": "DELTA_BINARY_PACKED",
        "text": "DELTA_BYTE_ARRAY",
        "real": "BYTE_STREAM_SPLIT",
    },
    row_group_size=400,
)

views = pa.table(
    {
        "view": pa.array(["short", "longer than twelve bytes", None], pa.string_view()),
        "views": pa.array([["p", None], None, []], pa.list_(pa.string_view())),
        "dictionary": pa.array(["b", None, "a"]).dictionary_encode(),
        "within": pa.array([["q", "r"], [], ["q"]]).cast(
            pa.list_(pa.dictionary(pa.int8(), pa.string()))
        ),
    }
)
for name, compression in [("views", None), ("compressed", "zstd")]:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(folder / f"{name}.arrow", views.schema, options=options) as writer:
        writer.write_table(views)
        writer.write_table(views)
    with pa.ipc.new_stream(folder / f"{name}.arrows", views.schema, options=options) as writer:
        writer.write_table(views)

# Lists of numbers in pages of every kind: levels in long runs and packed ones, codes and plain numbers.
random = random_module.Random(20250108)


def lists(kind, distinct, lengths, row_nulls=0.0, element_nulls=0.0):
    numbers = [random.randint(-(10**6), 10**6) for _ in range(distinct)]

    def element():
        return None if random.random() < element_nulls else random.choice(numbers)

    def row():
        length = random.choice(lengths)
        return None if random.random() < row_nulls else [element() for _ in range(length)]

    element_field = pa.field("element", kind, nullable=element_nulls > 0)
    return pa.array([row() for _ in range(60)], pa.list_(element_field))


arrays = {
    "even": lists(pa.float32(), 5, [64]),
    "wide": lists(pa.float64(), 300, [130]),
    "ragged": lists(pa.int32(), 40, range(12), row_nulls=0.2, element_nulls=0.2),
    "sparse": lists(pa.int64(), 3, [0, 0, 1], row_nulls=0.5, element_nulls=0.5),
    "nothing": pa.array([None] * 60, pa.list_(pa.float32())),
    "one": lists(pa.float32(), 1, [1]),
}
fields = [pa.field(name, array.type, array.null_count > 0) for name, array in arrays.items()]
numbers = pa.table(list(arrays.values()), pa.schema(fields))
with pa.ipc.new_file(folder / "lists.arrow", numbers.schema) as writer:
    writer.write_table(numbers)
for name, options in {
    "codes": {},
    "plain": {"use_dictionary": False, "compression": "zstd"},
    "second": {"data_page_version": "2.0", "row_group_size": 25},
    # The dictionary is full soon, and rows go over the ends of pages.
    "mixed": {"dictionary_pagesize_limit": 200, "data_page_size": 100, "write_batch_size": 7},
}.items():
    pq.write_table(numbers, folder / f"lists-{name}.parquet", **options)
