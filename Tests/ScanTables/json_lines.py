"""What JSON lines say to Python, to hold rows against where Spark does not read them itself."""

import bz2
import gzip
import json
from decimal import Decimal

from rows import values

OPEN = {".gz": gzip.open, ".bz2": bz2.open}


def loads(text):
    """A value with its numbers as they stand there."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def lines(path):
    """The values of all lines of a file or a folder."""
    files = [path] if path.is_file() else sorted(
        file for file in path.rglob("*") if file.is_file() and file.name[0] not in "._")
    said = []
    for file in files:
        with OPEN.get(file.suffix, open)(file, "rt", encoding="utf-8-sig") as text:
            said += [loads(line) for line in text if line.strip()]
    return said


def difference(found, path):
    """What differs between the rows that were found and the lines; None if nothing does. A partition's
    column, which is in no line, is not looked at."""
    said = lines(path)
    if len(found.rows) != len(said):
        return f"{len(found.rows)} rows, not {len(said)}"
    for field in found.schema["fields"]:
        name = field["name"]
        if not any(name in line for line in said):
            continue
        column = [value for table in found.tables for value in values(table[name])]
        for value, line in zip(column, said):
            if not is_same(value, line.get(name), field["type"]):
                return f"{name!r} is {value!r}, not {line.get(name)!r}"
    return None


def is_same(value, said, kind):
    """`value`: as `values` gives it. `kind`: its type in Spark's schema."""
    if value is None or said is None:
        return value is said
    if kind == "string":
        # What has no type of its own is the text that stands there.
        return value == said or not isinstance(said, str) and loads(value) == said
    if kind == "double":
        return isinstance(said, Decimal) and value == float(said)
    if kind == "boolean":
        return value is said
    if isinstance(kind, str):
        return isinstance(said, Decimal) and Decimal(value) == said
    if kind["type"] == "array":
        return isinstance(said, list) and len(value) == len(said) and all(
            is_same(inner, other, kind["elementType"]) for inner, other in zip(value, said))
    names = [field["name"] for field in kind["fields"]]
    return isinstance(said, dict) and said.keys() <= set(names) and all(
        is_same(inner, said.get(field["name"]), field["type"])
        for inner, field in zip(value, kind["fields"]))
