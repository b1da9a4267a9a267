"""Checks with pyarrow the C data and C stream interfaces of ArrowIPC, in both directions.

    NEEDLETAIL_BIN=.build/debug .venv/bin/python scripts/checks/arrow_c_data.py

pyarrow exports arrays, batches and streams of every type, with nulls, cut, nested and recorded ones; the
library ArrowExchange takes them over and gives them back, and pyarrow must read the same and find it valid.
At the end all memory of pyarrow's must have been given back: what is released too often ends the process.
Exits with 77 where the library is not built.
"""

import ctypes
import datetime
import decimal
import gc
import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "Tests" / "Goldens" / "arrow"
ARRAYS = 600
SEED = 2025


class Schema(ctypes.Structure):
    """struct ArrowSchema."""


class Array(ctypes.Structure):
    """struct ArrowArray."""


class Stream(ctypes.Structure):
    """struct ArrowArrayStream."""


POINTER, LONG = ctypes.c_void_p, ctypes.c_int64
Schema._fields_ = [
    ("format", POINTER), ("name", POINTER), ("metadata", POINTER), ("flags", LONG),
    ("n_children", LONG), ("children", POINTER), ("dictionary", POINTER), ("release", POINTER),
    ("private_data", POINTER)]
Array._fields_ = [
    ("length", LONG), ("null_count", LONG), ("offset", LONG), ("n_buffers", LONG),
    ("n_children", LONG), ("buffers", POINTER), ("children", POINTER), ("dictionary", POINTER),
    ("release", POINTER), ("private_data", POINTER)]
Stream._fields_ = [
    ("get_schema", POINTER), ("get_next", POINTER), ("get_last_error", POINTER),
    ("release", POINTER), ("private_data", POINTER)]


class Exchange:
    """The library, which takes over what pyarrow exports and gives the same back."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        pointer, size = ctypes.c_void_p, ctypes.c_ssize_t
        for name, parameters in [
            ("needletail_exchange", [pointer] * 4),
            ("needletail_exchange_batch", [pointer] * 2 + [size] * 2 + [pointer] * 2),
            ("needletail_exchange_stream", [pointer] * 2),
        ]:
            function = getattr(self.library, name)
            function.argtypes = [*parameters, ctypes.c_char_p, size]
            function.restype = ctypes.c_int32

    def call(self, name, *values):
        message = ctypes.create_string_buffer(4096)
        words = [value if isinstance(value, int) else ctypes.addressof(value) for value in values]
        if getattr(self.library, name)(*words, message, len(message)):
            raise ValueError(message.value.decode())

    def array(self, array, damage=None):
        import pyarrow as pa

        given, schema, found, found_schema = Array(), Schema(), Array(), Schema()
        array._export_to_c(ctypes.addressof(given), ctypes.addressof(schema))
        if damage:
            damage(given, schema)
        try:
            self.call("needletail_exchange", given, schema, found, found_schema)
        finally:
            if given.release or schema.release:
                raise AssertionError("what was taken over is not marked as released")
        return pa.Array._import_from_c(ctypes.addressof(found), ctypes.addressof(found_schema))

    def batch(self, batch, first=0, last=None):
        import pyarrow as pa

        given, schema, found, found_schema = Array(), Schema(), Array(), Schema()
        batch._export_to_c(ctypes.addressof(given), ctypes.addressof(schema))
        last = batch.num_rows if last is None else last
        self.call("needletail_exchange_batch", given, schema, first, last, found, found_schema)
        return pa.RecordBatch._import_from_c(
            ctypes.addressof(found), ctypes.addressof(found_schema))

    def stream(self, reader):
        import pyarrow as pa

        given, found = Stream(), Stream()
        reader._export_to_c(ctypes.addressof(given))
        self.call("needletail_exchange_stream", given, found)
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(found))


def scalars():
    """A type and a maker of its values, for each type without children."""
    import numpy as np
    import pyarrow as pa

    def integer(bits, signed=True):
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return lambda r: r.choice([low, high, 0, 1, r.randint(low, high)])

    def text(r):
        return "".join(r.choice("aä€😀 z") for _ in range(r.choice([0, 1, 5, 12, 13, 40])))

    def number(digits, scale):
        return lambda r: decimal.Decimal(r.randint(-10 ** digits + 1, 10 ** digits - 1)).scaleb(-scale)

    yield pa.null(), lambda r: None
    yield pa.bool_(), lambda r: r.random() < 0.5
    for bits in (8, 16, 32, 64):
        yield getattr(pa, f"int{bits}")(), integer(bits)
        yield getattr(pa, f"uint{bits}")(), integer(bits, False)
    yield pa.float16(), lambda r: np.float16(r.choice([0.0, -1.5, 65504.0, r.random()]))
    yield pa.float32(), lambda r: float(np.float32(r.gauss(0, 1e3)))
    yield pa.float64(), lambda r: r.gauss(0, 1e9)
    decimal.getcontext().prec = 100
    for make, digits, scale in [
        (pa.decimal32, 9, 2), (pa.decimal64, 18, 0), (pa.decimal128, 38, 10),
        (pa.decimal128, 5, -3), (pa.decimal256, 76, 38),
    ]:
        yield make(digits, scale), number(digits, scale)
    yield pa.date32(), lambda r: datetime.date(1970, 1, 1) + datetime.timedelta(r.randint(-9999, 9999))
    yield pa.date64(), lambda r: datetime.date(1970, 1, 1) + datetime.timedelta(r.randint(-9999, 9999))
    for unit, per_day in (("s", 86_400), ("ms", 86_400_000)):
        yield pa.time32(unit), lambda r, n=per_day: r.randrange(n)
    for unit, per_day in (("us", 86_400_000_000), ("ns", 86_400_000_000_000)):
        yield pa.time64(unit), lambda r, n=per_day: r.randrange(n)
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Zurich", "+05:30"):
            yield pa.timestamp(unit, zone), integer(48)
        yield pa.duration(unit), integer(48)
    yield pa.month_day_nano_interval(), lambda r: pa.MonthDayNano(
        [r.randint(-99, 99), r.randint(-99, 99), r.randint(-10 ** 15, 10 ** 15)])
    for kind in (pa.string, pa.large_string, pa.string_view):
        yield kind(), text
    for kind in (pa.binary, pa.large_binary, pa.binary_view):
        yield kind(), lambda r: text(r).encode()
    for width in (0, 1, 7):
        yield pa.binary(width), lambda r, n=width: r.randbytes(n)


def nested(inner, make, r):
    """A type around another one, and a maker of its values."""
    import pyarrow as pa

    def value():
        return None if r.random() < 0.2 else make(r)

    nullable = pa.field("item", inner, nullable=r.random() < 0.8 or pa.types.is_null(inner))
    maker = value if nullable.nullable else lambda: make(r)
    kind = r.randrange(6)
    if kind == 0:
        return pa.list_(nullable), lambda r: [maker() for _ in range(r.randrange(4))]
    if kind == 1:
        return pa.large_list(nullable), lambda r: [maker() for _ in range(r.randrange(4))]
    if kind == 2:
        width = r.randrange(4)
        return pa.list_(nullable, width), lambda r: [maker() for _ in range(width)]
    if kind == 3:
        fields = [nullable.with_name("a"), pa.field("b", pa.int16()), pa.field("", pa.string())]
        return pa.struct(fields), lambda r: {"a": maker(), "b": r.randrange(99), "": "x"}
    if kind == 4:
        return pa.map_(pa.string(), nullable.with_name("value"), keys_sorted=r.random() < 0.5), (
            lambda r: [(f"k{key}", maker()) for key in range(r.randrange(3))])
    return pa.struct([]), lambda r: {}


def encoded(array, r):
    """The array as codes into a dictionary, of a random width."""
    import pyarrow as pa

    # Values of a dictionary may be null too.
    values = array.slice(len(array) // 5, 100)
    if len(values) == 0:
        return None
    index = r.choice([pa.int8(), pa.uint8(), pa.int16(), pa.int32(), pa.uint64(), pa.int64()])
    codes = pa.array(
        [None if r.random() < 0.2 else r.randrange(len(values)) for _ in range(len(array))], index)
    return pa.DictionaryArray.from_arrays(codes, values, ordered=r.random() < 0.5)


def generated(count):
    """Arrays of all types: plain, nested, coded, cut, without values."""
    import pyarrow as pa

    r = random.Random(SEED)
    plain = list(scalars())
    for number in range(count):
        kind, make = plain[number % len(plain)]
        for _ in range(r.choice([0, 0, 1, 1, 2, 3]) if number >= len(plain) else 0):
            kind, make = nested(kind, make, r)
        nulls = r.choice([0, 0.2, 1])
        rows = [None if r.random() < nulls else make(r) for _ in range(r.choice([0, 1, 9, 70, 300]))]
        array = pa.array(rows, kind)
        yield array
        if r.random() < 0.3 and (coded := encoded(array, r)) is not None:
            array = coded
            yield array
        start = r.randrange(len(array) + 1)
        cut = array.slice(start, r.randrange(len(array) - start + 1))
        yield cut
        if r.random() < 0.3:
            yield pa.StructArray.from_arrays([cut, pa.nulls(len(cut))], ["cut", "n"]).slice(len(cut) // 2)


def unaligned():
    """Arrays in buffers that begin anywhere, their nulls not counted."""
    import pyarrow as pa

    for shift in range(1, 8):
        for array in [pa.array([1, None, 3], pa.int64()), pa.array(["a", None, "bcd"])]:
            buffers = [
                buffer and pa.py_buffer(b"\0" * shift + buffer.to_pybytes()).slice(shift)
                for buffer in array.buffers()]
            yield pa.Array.from_buffers(array.type, 3, buffers, null_count=-1)


def same(found, wanted):
    """What is wrong with an array or batch, or None."""
    import pyarrow as pa

    if isinstance(wanted, pa.RecordBatch):
        if not found.schema.equals(wanted.schema, check_metadata=True):
            return f"the schema is\n{found.schema}\nnot\n{wanted.schema}"
    elif found.type != wanted.type:
        return f"the type is {found.type}, not {wanted.type}"
    if len(found) != len(wanted):
        return f"{len(found)} rows, not {len(wanted)}"
    # NaN is not equal to itself, its text is.
    if not found.equals(wanted) and str(shown(found)) != str(shown(wanted)):
        return f"{shown(found)} is not {shown(wanted)}"
    try:
        wanted.validate(full=True)
    except pa.ArrowInvalid:
        return None
    found.validate(full=True)
    return None


def shown(values):
    """The values; raw numbers where Python's types cannot hold them."""
    try:
        return values.to_pylist()
    except (ValueError, OverflowError, NotImplementedError):
        columns = getattr(values, "columns", [values])
        return [column.to_string(window=1 << 20) for column in columns]


def recorded():
    """The batches of the recorded streams that ArrowIPC reads."""
    import pyarrow as pa

    refused = ("union", "run_end_encoded", "list_view", "bigendian")
    for path in sorted(GOLDENS.glob("**/*.stream")):
        if not any(word in str(path) for word in refused):
            with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
                yield path, reader.schema, list(reader)


def refusals(exchange):
    """Damage, and types that are not handled, must give an error."""
    import pyarrow as pa

    def put(**fields):
        def damage(array, schema):
            for name, value in fields.items():
                setattr(array, name, value)
        return damage

    def word(text):
        def damage(array, schema):
            schema.format = ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p)
        return damage

    numbers, pair = pa.array([1, None, 3]), pa.array([{"a": 1}, {"a": 2}])
    # pyarrow checks offsets when a list is made, so they are spoilt afterwards.
    offsets = bytearray([0] * 4 + [2, 0, 0, 0])
    lists = pa.ListArray.from_buffers(
        pa.list_(pa.int64()), 1, [None, pa.py_buffer(offsets)], children=[pa.array([1, 2])])
    offsets[4] = 9
    for name, array, damage, says in [
        ("length", numbers, put(length=-1), "-1 rows"),
        ("nulls", numbers, put(null_count=9), "9 of them null"),
        ("buffers", numbers, put(n_buffers=1), "1 buffers"),
        ("no buffers", numbers, put(buffers=None), "NULL"),
        ("fields", pair, put(length=5), "its struct has 5"),
        ("lists", lists, None, "9 elements"),
        ("format", numbers, word(b"l8"), "l8"),
        ("width", numbers, word(b"w:-3"), "w:-3"),
        ("a union", pa.UnionArray.from_dense(
            pa.array([0], pa.int8()), pa.array([0], pa.int32()), [numbers]), None, "union"),
        ("a list view", pa.array([[1]], pa.list_view(pa.int64())), None, "list view"),
    ]:
        try:
            exchange.array(array, damage)
            yield f"{name}: nothing is refused"
        except ValueError as error:
            if says not in str(error):
                yield f"{name}: the error does not say {says!r}: {error}"


def check(exchange):
    """Exchanges everything; gives the number of exchanges, and what is wrong."""
    import pyarrow as pa

    faults, done = [], 0

    def attempt(what, exchanged, wanted):
        nonlocal done
        done += 1
        try:
            wrong = same(exchanged(), wanted)
        except (ValueError, pa.ArrowException) as error:
            wrong = str(error)
        if wrong:
            faults.append(f"{what}: {wrong[:2000]}")

    arrays = [*generated(ARRAYS), *unaligned()]
    for array in arrays:
        attempt(array.type, lambda: exchange.array(array), array)
        # Twice: what the library has made, which it then takes over itself.
        attempt(f"{array.type} twice", lambda: exchange.array(exchange.array(array)), array)
        batch = pa.record_batch([array], schema=pa.schema(
            [pa.field("ä", array.type, metadata={"k": "v", "": "ö"})], {"table": "t"}))
        first = len(batch) // 3
        attempt(
            f"batch of {array.type}", lambda: exchange.batch(batch.slice(first // 2), first),
            batch.slice(first // 2).slice(first))
    for path, schema, batches in recorded():
        name = path.relative_to(GOLDENS)
        for batch in batches:
            attempt(name, lambda: exchange.batch(batch), batch)
            attempt(f"{name} cut", lambda: exchange.batch(batch.slice(1), 0), batch.slice(1))
        reader = exchange.stream(pa.RecordBatchReader.from_batches(schema, batches))
        found = list(reader)
        if len(found) != len(batches):
            faults.append(f"{name}: a stream of {len(found)} batches, not {len(batches)}")
        for copy, batch in zip(found, batches):
            attempt(f"{name} as a stream", lambda: copy, batch)

    def breaking():
        yield pa.record_batch({"x": [1]})
        raise RuntimeError("the disk is on fire")

    schema = pa.schema([("x", pa.int64())])
    reader = exchange.stream(pa.RecordBatchReader.from_batches(schema, breaking()))
    reader.read_next_batch()
    try:
        reader.read_next_batch()
        faults.append("a stream's failure is lost")
    except (OSError, pa.ArrowException) as error:
        if "the disk is on fire" not in str(error):
            faults.append(f"a stream's failure lacks its text: {error}")
    # Ended early.
    reader = exchange.stream(pa.RecordBatchReader.from_batches(schema, breaking()))
    reader.close()
    return done, faults + list(refusals(exchange))


def main():
    try:
        import pyarrow as pa
    except ImportError:
        print("skipped: pyarrow is not installed")
        return 77
    folder = Path(os.environ.get("NEEDLETAIL_BIN") or ROOT / ".build" / "debug").resolve()
    library = folder / "libArrowExchange.so"
    if not library.exists():
        print(f"skipped: there is no {library}; run `swift build --product ArrowExchange`")
        return 77
    exchange = Exchange(library)
    gc.collect()
    before = pa.total_allocated_bytes()
    done, faults = check(exchange)
    gc.collect()
    left = pa.total_allocated_bytes() - before
    if left:
        faults.append(f"{left} bytes of pyarrow's memory were not given back")
    for fault in faults:
        print(fault)
    print(f"{done} arrays and batches exchanged with pyarrow {pa.__version__}, {len(faults)} faults")
    return 1 if faults or not done else 0


if __name__ == "__main__":
    sys.exit(main())
