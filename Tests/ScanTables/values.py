"""Random Arrow types and values, with those at the edges more often than chance would have them."""

from decimal import Decimal

import pyarrow as pa

DAY = 86_400
# Seconds from 1970 to the years 1 and 10,000, and to the days on which calendars and clocks changed.
FIRST, LAST = -62_135_596_800, 253_402_300_799
TURNS = [0, -12_219_292_800, -2_208_988_800, 951_782_400, 1_616_893_200, 1_635_642_000, -1]
TEXTS = [
    "", "a", "grün", "赤", "🙂👍🏽", "line\nbreak", "\"quoted\"", "NULL", "null", " blanks ", "tab\t",
    "comma,comma", "\\", "'", "0", "-1", "true", "1970-01-01", "\u0000", "e\u0301", "x" * 300,
]
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def simple_type(random):
    """A type without others in it that Spark reads from Parquet."""
    precision = random.randint(1, 38)
    small, middle = random.randint(1, 9), random.randint(1, 18)
    return random.choice([
        pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(),
        pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float32(), pa.float64(),
        pa.string(), pa.string(), pa.large_string(), pa.string_view(),
        pa.binary(), pa.large_binary(), pa.binary(random.randint(1, 20)),
        pa.date32(), pa.date32(), pa.date64(),
        pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("us"),
        pa.timestamp("ms", "UTC"), pa.timestamp("us", "UTC"), pa.timestamp("us", "Europe/Berlin"),
        pa.decimal128(precision, random.randint(0, precision)),
        pa.decimal128(precision, random.randint(0, precision)),
        pa.decimal256(precision, random.randint(0, precision)),
        pa.decimal32(small, random.randint(0, small)),
        pa.decimal64(middle, random.randint(0, middle)),
        pa.duration("us"), pa.dictionary(pa.int32(), pa.string()), pa.null(),
    ])


def refused_type(random):
    """A type that Spark does not read, or that only some versions of it do."""
    return random.choice([
        pa.timestamp("ns"), pa.timestamp("ns", "UTC"), pa.time32("ms"), pa.time64("us"),
        pa.time64("ns"), pa.float16(), pa.decimal256(50, 3), pa.list_(pa.timestamp("ns")),
        pa.struct([("inner", pa.time64("us"))]),
    ])


def any_type(random, depth=2):
    """A type that may have others in it."""
    if depth == 0 or random.chance(0.65):
        return simple_type(random)
    inner = any_type(random, depth - 1)
    kind = random.choice(["list", "list", "large", "fixed", "struct", "struct", "map"])
    if kind == "list":
        return pa.list_(inner)
    if kind == "large":
        return pa.large_list(inner)
    if kind == "fixed":
        return pa.list_(inner, random.randint(1, 4))
    if kind == "map":
        key = random.choice([pa.string(), pa.int32(), pa.int64(), pa.date32(), pa.decimal128(12, 2)])
        return pa.map_(key, inner)
    names = random.names(random.randint(1, 4))
    return pa.struct([pa.field(name, any_type(random, depth - 1)) for name in names])


def integer(random, lowest, highest):
    edges = [value for value in (0, 1, -1, lowest, highest, 42) if lowest <= value <= highest]
    return random.choice(edges) if random.chance(0.3) else random.randint(lowest, highest)


def seconds(random):
    """An instant, or a time without a zone."""
    if random.chance(0.4):
        return random.choice(TURNS) + random.choice([0, 1, -1, 3600, -DAY, DAY])
    if random.chance(0.5):
        return random.randint(FIRST, LAST)
    return random.randint(0, 2_000_000_000)


def decimal(random, precision, scale):
    digits = precision if random.chance(0.3) else random.randint(1, precision)
    unscaled = integer(random, -(10**digits) + 1, 10**digits - 1)
    sign, text = int(unscaled < 0), str(abs(unscaled))
    return Decimal((sign, tuple(map(int, text)), -scale))


def text(random):
    if random.chance(0.5):
        return random.choice(TEXTS)
    return "".join(random.choice("abcxyzäß→日😀 01") for _ in range(random.randint(0, 12)))


def number(random):
    if random.chance(0.25):
        return random.choice([
            0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e-300, 1.5, 16777217.0, 0.1,
        ])
    return random.gauss(0, 1) * 10 ** random.randint(-6, 6)


def value(random, kind, nulls):
    """A value as pyarrow takes it for a column of type `kind`."""
    types = pa.types
    if types.is_null(kind) or nulls and random.chance(nulls):
        return None
    if types.is_boolean(kind):
        return random.chance(0.5)
    if types.is_integer(kind):
        bits = kind.bit_width
        if types.is_unsigned_integer(kind):
            return integer(random, 0, 2**bits - 1)
        return integer(random, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if types.is_floating(kind):
        return number(random)
    if types.is_decimal(kind):
        return decimal(random, kind.precision, kind.scale)
    if types.is_date(kind):
        days = seconds(random) // DAY
        return days if types.is_date32(kind) else days * DAY * 1000
    if types.is_timestamp(kind):
        unit = UNITS[kind.unit]
        moment = seconds(random)
        if kind.unit == "ns":
            return moment % 4_000_000_000 * unit + random.randrange(10**6) * 1000
        return moment * unit + random.choice([0, random.randrange(unit)])
    if types.is_time(kind):
        return random.randrange(DAY * UNITS[kind.unit])
    if types.is_duration(kind):
        return integer(random, -(2**62), 2**62)
    if types.is_fixed_size_binary(kind):
        return random.randbytes(kind.byte_width)
    if types.is_binary(kind) or types.is_large_binary(kind):
        return random.randbytes(random.choice([0, 1, 5, 40]))
    if types.is_struct(kind):
        return {field.name: value(random, field.type, nulls) for field in kind}
    if types.is_map(kind):
        pairs = {value(random, kind.key_type, 0): 0 for _ in range(random.choice([0, 1, 3]))}
        return [(key, value(random, kind.item_type, nulls)) for key in pairs]
    if types.is_fixed_size_list(kind):
        return [value(random, kind.value_type, nulls) for _ in range(kind.list_size)]
    if types.is_list(kind) or types.is_large_list(kind):
        count = random.choice([0, 1, 2, 5])
        return [value(random, kind.value_type, nulls) for _ in range(count)]
    return text(random)


def column(random, kind, rows):
    nulls = random.choice([0, 0.1, 0.5, 1])
    values = [value(random, kind, nulls) for _ in range(rows)]
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode()
    return pa.array(values, kind)
