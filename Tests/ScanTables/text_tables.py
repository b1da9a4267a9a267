"""CSV and JSON lines of many kinds, among them some that Spark reads in its own way."""

import bz2
import gzip
import json
import shutil

from table import ZONES, Table
from values import TEXTS

# Texts of one kind each, of which Spark infers a column's type.
KINDS = [
    ["0", "1", "-5", "+7", "2147483647", "007"],
    ["2147483648", "-9223372036854775808", "3"],
    ["9223372036854775808", "99999999999999999999999999999999999999", "1"],
    ["123456789012345678901234567890123456789", "5"],
    ["0.5", "-1.25", "1e3", "1E-5", ".5", "5.", "+0.1", "1e400"],
    ["NaN", "Inf", "-Inf", "1.5", "Infinity", "nan"],
    ["1d", "1f", "1L", "0x10", "1_0"],
    ["true", "false", "TRUE", "False"],
    ["2020-01-31", "1500-02-28", "0001-01-01", "2020-02-30"],
    ["2020-1-5", "2020-01", "2020"],
    ["2020-01-01 12:30:00", "2020-01-01T12:30:00.123456", "1999-12-31 23:59:59.9"],
    ["2020-01-01T12:30:00Z", "2020-01-01 12:30:00+05:30", "2020-06-01T00:00:00 Europe/Berlin"],
    ["2021-03-28 02:30:00", "2021-10-31 02:30:00", "1800-01-01 00:00:00", "1890-05-05 05:05:05"],
    ["2020-01-01", "2020-01-01 01:02:03"],
    ["12:30:00", "1:2"],
    ["1,234", "$5", "5%", "1 2"],
]


# Lines that are no objects, or none that JSON has.
NO_ROWS = [
    "{", "no", '{"x": }', "[1]", '{"x":1', "5", '"a"', "null", "[]", '[{"x":1.5},{"b":2}]',
]


def packed(random, folder, name, text):
    """The text in a file, compressed or not."""
    data = text if isinstance(text, bytes) else text.encode()
    kind = random.choice(["", "", "", ".gz", ".bz2"])
    path = folder / (name + kind)
    path.write_bytes({"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[kind](data))
    return path


def placed(random, folder, name, text):
    """The text in a file, or in a partition whose column then feeds the model: whatever the lines are,
    there is a number for each row. Returns the table's path and that column's name, if there is one."""
    if not random.chance(0.3):
        return packed(random, folder, name, text), None
    inner = folder / "in" / "feature=2.5"
    inner.mkdir(parents=True)
    packed(random, inner, name, text)
    return inner.parent, "feature"


def csv(random, folder):
    rows = random.choice([0, 1, 5, 40])
    options, separator, quote, escape = {}, ",", '"', "\\"
    if random.chance(0.3):
        separator = random.choice([";", "|", "\t"])
        options["sep"] = separator
    if random.chance(0.15):
        quote = "'"
        options["quote"] = quote
    if random.chance(0.2):
        escape = '"'
        options["escape"] = escape
    null = ""
    if random.chance(0.25):
        null = random.choice(["NULL", "-", "NaN", "0"])
        options["nullValue"] = null
    is_multi_line = random.chance(0.25)
    if is_multi_line:
        options["multiLine"] = "true"
    for name in ("ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace"):
        if random.chance(0.15):
            options[name] = "true"
    if random.chance(0.1):
        options["preferDate"] = "false"
    if random.chance(0.1):
        options["emptyValue"] = "EMPTY"
    has_header = random.chance(0.85)
    if not has_header:
        options["header"] = "false"

    def cell(text):
        must = any(mark in text for mark in (separator, quote, "\n"))
        if not must and not random.chance(0.15):
            return text
        inner = text.replace("\\", "\\\\") if escape == "\\" else text
        return quote + inner.replace(quote, escape + quote) + quote

    count = random.randint(1, 5)
    columns = []
    for _ in range(count):
        pool = random.choice(KINDS) if random.chance(0.75) else TEXTS
        if not is_multi_line:
            pool = [text for text in pool if "\n" not in text]
        if random.chance(0.15):
            pool = pool + random.choice(KINDS)
        pool = random.sample(pool, random.randint(1, len(pool)))
        columns.append([null if random.chance(0.15) else random.choice(pool) for _ in range(rows)])
    names = [name for name in random.names(count)]
    if random.chance(0.15):
        names[0] = random.choice(["", names[-1], "X", "null"])
    lines = []
    if has_header:
        lines.append(separator.join(map(cell, ["x", *names])))
    for row in range(rows):
        cells = [random.choice(["0.5", "-1.25", "3.0"])] + [cell(column[row]) for column in columns]
        if random.chance(0.04):
            cells = cells[:-1] if random.chance(0.5) else [*cells, "more"]
        lines.append(separator.join(cells))
        if random.chance(0.03):
            lines.append(random.choice(["", "   "]) if not is_multi_line else "")
    if random.chance(0.1):
        options["mode"] = random.choice(["DROPMALFORMED", "FAILFAST"])
    if random.chance(0.1):
        options["comment"] = "#"
        lines.insert(random.randint(0, len(lines)), "# a comment")
    end = random.choice(["\n", "\n", "\r\n"])
    text = end.join(lines) + (end if random.chance(0.8) else "")
    if random.chance(0.1):
        text = "\ufeff" + text
    path, feature = placed(random, folder, "table.csv", text)
    feature = feature or ("x" if has_header else "_c0")
    return Table("csv", path, "csv", options, random.choice(ZONES), feature=feature)


def json_value(random, depth=2):
    kind = random.randint(0, 13 if depth else 9)
    if kind <= 1:
        return random.choice([0, 1, -3, 2**31, 2**63, 10**25, 10**39])
    if kind <= 3:
        return random.choice([0.5, -1e300, 1e-7, 3.0, 123456789.123456789])
    if kind == 4:
        return random.chance(0.5)
    if kind == 5:
        return None
    if kind <= 9:
        return random.choice(TEXTS + sum(KINDS, []))
    if kind <= 11:
        return [json_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return {name: json_value(random, depth - 1) for name in random.names(random.randint(0, 3))}


def json_lines(random, folder):
    rows = random.choice([1, 5, 40])
    names = random.names(random.randint(1, 4))
    # The values of a column are mostly alike.
    makers = {}
    for name in names:
        shape = json_value(random)
        makers[name] = [shape, *(alike(random, shape) for _ in range(4))]
        if random.chance(0.2):
            makers[name].append(json_value(random))
    lines, options = [], {}
    for _ in range(rows):
        row = {"x": random.choice([0.5, -1.25, 3.0])}
        for name in names:
            if random.chance(0.85):
                row[name] = random.choice(makers[name])
        items = list(row.items())
        random.shuffle(items)
        lines.append(json.dumps(dict(items), ensure_ascii=random.chance(0.5)))
        if random.chance(0.05):
            lines.append("")
    for name in ("primitivesAsString", "prefersDecimal", "dropFieldIfAllNull", "inferTimestamp"):
        if random.chance(0.1):
            options[name] = "true"
    if random.chance(0.2):
        options["mode"] = random.choice(["DROPMALFORMED", "FAILFAST", "PERMISSIVE"])
        lines.insert(random.randint(0, len(lines)), random.choice(NO_ROWS))
    if random.chance(0.15):
        options["multiLine"] = "true"
        text = "[" + ",\n".join(line for line in lines if line) + "]"
    else:
        text = "\n".join(lines) + "\n"
    path, feature = placed(random, folder, "table.json", text)
    # These options are Spark's alone.
    only_spark = not options.keys().isdisjoint({"dropFieldIfAllNull", "inferTimestamp", "multiLine"})
    return Table(
        "json", path, "json", options, random.choice(ZONES), feature=feature or "x",
        is_left_to_spark=only_spark)


def alike(random, shape):
    """Another value of about the same type."""
    if isinstance(shape, bool) or shape is None:
        return random.choice([True, False, None])
    if isinstance(shape, int):
        return random.choice([5, -1, 2**40, None, shape])
    if isinstance(shape, float):
        return random.choice([0.25, 1.0, 7, None])
    if isinstance(shape, str):
        return random.choice(TEXTS + [shape])
    if isinstance(shape, list):
        return [alike(random, item) for item in shape] + [alike(random, item) for item in shape[:1]]
    return {name: alike(random, item) for name, item in shape.items() if random.chance(0.8)}


def text_folder(random, folder):
    """Several files of one format, one of which may have other columns."""
    root = folder / "table"
    root.mkdir()
    maker = random.choice([csv, json_lines])
    first = maker(random, root)
    for number in range(random.randint(1, 2)):
        if "multiLine" in first.options and not first.path.is_dir():
            # Which file's names Spark takes then depends on the file system's order.
            shutil.copy(first.path, root / f"{number}-{first.path.name}")
            continue
        more = folder / f"more{number}"
        more.mkdir()
        other = maker(random, more)
        if other.path.is_dir() or first.path.is_dir():
            continue
        # Read with the first one's options, it may be another table.
        if other.options.get("header") == first.options.get("header"):
            other.path.rename(root / f"{number}-{other.path.name}")
    first.name = f"{first.name}-folder"
    if not first.path.is_dir():
        first.path = root
    return first
