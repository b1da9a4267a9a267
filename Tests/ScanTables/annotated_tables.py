"""Parquet files whose bytes mean what pyarrow cannot write: a footer of pyarrow's with other notes."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from rows import EXACT
from table import Table
from values import integer, text

# Thrift's compact protocol: what stands behind a column's name in the footer.
PLAIN, STRING = b"\x00", b"\x25\x00\x4c\x1c\x00\x00\x00"


def meanings(precision, scale):
    """A column's notes by their name: the old kind's number, and the new kind's field."""
    digits = bytes([0x15, scale * 2, 0x15, precision * 2])
    return {
        "DECIMAL": b"\x25\x0a" + digits + b"\x2c\x5c" + digits + b"\x00\x00\x00",
        "ENUM": b"\x25\x08\x4c\x4c\x00\x00\x00",
        "JSON": b"\x25\x26\x4c\xcc\x00\x00\x00",
        "BSON": b"\x25\x28\x4c\xdc\x00\x00\x00",
        "INTERVAL": b"\x25\x2a\x00",
        "UUID": b"\x6c\xec\x00\x00\x00",
        "UTF8": b"\x25\x00\x00",
    }


def annotate(path, notes):
    """Gives columns, which are of plain bytes or text, other meanings."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    body, footer = data[: -8 - length], data[-8 - length : -8]
    for name, meaning in notes.items():
        # The first place where the name stands is the schema.
        marked = bytes([0x18, len(name)]) + name.encode()
        for before in (STRING, PLAIN):
            if marked + before in footer:
                footer = footer.replace(marked + before, marked + meaning, 1)
                break
        else:
            raise ValueError(f"the footer has no column {name}")
    path.write_bytes(body + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def annotated(random, folder):
    rows = random.choice([1, 7, 40])
    precision = random.randint(1, 38)
    scale = random.randint(0, precision)
    name = random.choice(["DECIMAL", "DECIMAL", "ENUM", "JSON", "BSON", "INTERVAL", "UUID", "UTF8"])
    decimals = None
    if name == "DECIMAL":
        numbers = [
            integer(random, -(10**precision) + 1, 10**precision - 1) if random.chance(0.9) else None
            for _ in range(rows)
        ]
        values = pa.array([
            None if number is None
            else number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
            for number in numbers
        ], pa.binary())
        decimals = pa.array([
            None if number is None else Decimal(number).scaleb(-scale, EXACT) for number in numbers
        ], pa.decimal128(precision, scale))
    elif name in ("INTERVAL", "UUID"):
        width = {"INTERVAL": 12, "UUID": 16}[name]
        values = pa.array([random.randbytes(width) for _ in range(rows)], pa.binary(width))
    else:
        values = pa.array([text(random).encode() for _ in range(rows)], pa.binary())
    table = pa.table({"x": pa.array(random.features(rows), pa.float64()), "noted": values})
    path = folder / "table.parquet"
    # Without dictionaries and statistics there is nothing else that the meaning would change.
    pq.write_table(
        table, path, store_schema=False, write_statistics=False, use_dictionary=random.chance(0.5),
        data_page_version=random.choice(["1.0", "2.0"]))
    annotate(path, {"noted": meanings(precision, scale)[name]})
    twin = None
    if decimals is not None:
        twin = folder / "twin" / "table.parquet"
        twin.parent.mkdir()
        pq.write_table(table.set_column(1, "noted", decimals), twin)
    return Table(f"annotated {name}", path, twin=twin)
