"""Checks that pyarrow reads what ArrowIPC writes as the same values.

    NEEDLETAIL_BIN=.build/debug .venv/bin/python scripts/checks/arrow_interop.py

The test InteropTests writes every recorded stream anew: as stream and file, compressed, from slices and
from single values. pyarrow must read each to the schema and values of the recording, and find it valid
wherever it finds the recording valid. Exits with 77 where the tests are not built.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "Tests" / "Goldens"


def read(path, is_file=False):
    import pyarrow as pa

    with pa.OSFile(str(path)) as source:
        if is_file:
            reader = pa.ipc.open_file(source)
            return reader.schema, [reader.get_batch(i) for i in range(reader.num_record_batches)]
        reader = pa.ipc.open_stream(source)
        return reader.schema, list(reader)


def is_valid(batches):
    import pyarrow as pa

    try:
        for batch in batches:
            batch.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def difference(written, form, golden):
    """What is wrong with the file at `written`, or None."""
    schema, batches = read(golden)
    if form == "sliced":
        batches = [batch.slice(1) for batch in batches]
    found_schema, found = read(written, form.endswith("file"))
    if not found_schema.equals(schema, check_metadata=True):
        return f"the schema is\n{found_schema}\nnot\n{schema}"
    if len(found) != len(batches):
        return f"{len(found)} batches, not {len(batches)}"
    for number, (batch, wanted) in enumerate(zip(found, batches)):
        if batch.num_rows != wanted.num_rows:
            return f"batch {number} has {batch.num_rows} rows, not {wanted.num_rows}"
        # Python has no arrays of some interval types, but whole batches compare.
        if batch.equals(wanted):
            continue
        for name, column, other in zip(schema.names, batch.columns, wanted.columns):
            # NaN is not equal to itself, its text is.
            if not column.equals(other) and str(values(column)) != str(values(other)):
                return f"batch {number}, column {name}: {values(column)} is not {values(other)}"
    if is_valid(batches) and not is_valid(found):
        return "not valid"
    return None


def values(column):
    """The values of a column; raw numbers where Python's types cannot hold them."""
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):
        return column.to_string(window=1 << 20)


def main():
    try:
        import pyarrow
    except ImportError:
        print("skipped: pyarrow is not installed")
        return 77
    folder = Path(os.environ.get("NEEDLETAIL_BIN") or ROOT / ".build" / "debug").resolve()
    bundles = sorted(folder.glob("*PackageTests.xctest"))
    if not bundles:
        print(f"skipped: no tests in {folder}; run `swift build --build-tests`")
        return 77
    with tempfile.TemporaryDirectory() as out:
        run = subprocess.run(
            [bundles[0], "--testing-library", "swift-testing", "--filter", "InteropTests"],
            env={**os.environ, "NEEDLETAIL_INTEROP_FOLDER": out},
            capture_output=True, text=True, timeout=300, cwd=ROOT)
        pairs = Path(out) / "pairs.tsv"
        if run.returncode != 0 or not pairs.exists():
            print(run.stdout, run.stderr, sep="\n")
            print("the files were not written")
            return 1
        failures = 0
        lines = pairs.read_text().splitlines()
        for line in lines:
            name, golden = line.split("\t")
            try:
                wrong = difference(Path(out) / name, name.split(".")[1], GOLDENS / golden)
            except pyarrow.ArrowException as error:
                wrong = f"pyarrow cannot read it: {error}"
            if wrong:
                failures += 1
                print(f"{golden} as {name.split('.')[1]}: {wrong}")
    print(f"{len(lines)} files written by ArrowIPC, {failures} read otherwise by pyarrow")
    return 1 if failures or not lines else 0


sys.exit(main())
