"""Checks that tables in object stores are read and written as those of this machine are.

    .venv/bin/python scripts/checks/stores.py [--needletail PROGRAM] [--only NAME]...

`needletail predict --engine local` reads a table in a folder, by a pattern and from one file, and writes a
folder and a file, replaces and extends them, in stores that run beside it and speak as Amazon S3, Google
Cloud Storage and Azure Blob Storage (without a hierarchical namespace) do: Tests/ObjectStores. What it reads
there must be what it reads here, and nothing else may be left in the store. Credentials come from the
environment where the client takes them over a plain connection, which Azure's does not. Of HDFS it is
checked what is said where Hadoop's library is missing. Exits 77 where the plug-in for files is missing.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests" / "ObjectStores"))

from azure import ACCOUNT, Azure  # noqa: E402
from gcs import GCS, TOKEN  # noqa: E402
from objects import Store, Thing  # noqa: E402
from s3 import S3  # noqa: E402

MODEL = ROOT / "Tests" / "Models" / "scalar_input.onnx"
TIME_LIMIT = 120
BUCKET, DENIED = "shop", "locked"
S3_KEY = "key-of-the-environment"


@dataclass
class Kind:
    """`place`: the location of a path in a bucket of a store with this address. `signature`: what
    requests must have been signed with."""

    name: str
    handler: type
    place: Callable
    signature: str = ""
    is_brief: bool = False


def s3(scheme):
    options = "region=us-east-1&scheme=http&endpoint_override"
    return lambda address, bucket, path: f"{scheme}://{bucket}/{path}?{options}={address}"


def google(user):
    return lambda address, bucket, path: (
        f"gs://{user}{bucket}/{path}?scheme=http&endpoint_override={address}")


PLAIN = "enable_tls=false&credential_kind=anonymous"


def azure(address, bucket, path):
    """As Arrow names an emulator's account."""
    return f"abfs://{ACCOUNT}@{address}/{bucket}/{path}?{PLAIN}"


def hadoop(address, bucket, path):
    """As Spark and Hadoop name Azure."""
    host = f"{ACCOUNT}.dfs.core.windows.net"
    authorities = f"blob_storage_authority={address}&dfs_storage_authority={address}"
    return f"abfss://{bucket}@{host}/{path}?{PLAIN}&{authorities}"


KINDS = [
    Kind("s3", S3, s3("s3"), f"Credential={S3_KEY}/"), Kind("s3a", S3, s3("s3a"), is_brief=True),
    Kind("gs", GCS, google("anonymous@")),
    Kind("gs with credentials", GCS, google(""), f"Bearer {TOKEN}", is_brief=True),
    Kind("abfs", Azure, azure), Kind("abfss", Azure, hadoop, is_brief=True),
]


class Check:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch
        self.passed, self.failed = 0, 0
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.upper().endswith("_PROXY")
            and not name.startswith(("SPARK_", "HADOOP_", "JAVA_", "AWS_", "AZURE_", "GOOGLE_", "ARROW_"))
        } | {
            "NEEDLETAIL_PYTHON": sys.executable, "VIRTUAL_ENV": sys.prefix, "PATH": "/nowhere",
            "AWS_ACCESS_KEY_ID": S3_KEY, "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def told(self, title, wrong):
        print(f"{'FAILED' if wrong else 'ok'}  {title}", flush=True)
        if wrong:
            print(f"        {str(wrong)[:1500]}", flush=True)
            self.failed += 1
        else:
            self.passed += 1

    def refused(self, title, source, *texts):
        """What is said must have these texts in it."""
        said = self.predict(source, self.scratch / "never.parquet") or "it is done"
        missing = [text for text in texts if text not in said]
        self.told(title, missing and f"not said: {missing}, but {said}")

    def predict(self, source, target, *more):
        """What was said against it; None if it is done."""
        words = [self.program, "predict", MODEL, "--input", source, "--output", target, "--quiet"]
        words += ["--engine", "local", "--threads", "2", *more]
        try:
            done = subprocess.run(
                list(map(str, words)), env=self.environment, cwd=ROOT, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return f"it ran for more than {TIME_LIMIT} s"
        return f"it exited {done.returncode}: {done.stderr}" if done.returncode else None


def tables(folder):
    """A table with partitions, whose file names are such as URIs escape; it is read here, too."""
    numbers = np.random.default_rng(1)
    for year in (2024, 2025):
        for part in range(2):
            inner = folder / f"year={year}" / "kind=a b"
            inner.mkdir(parents=True, exist_ok=True)
            count = 40 + part
            table = pa.table({
                "id": np.arange(count) + 1000 * year + 100 * part, "x": numbers.normal(size=count),
                # More than one part of an upload, and several ranges of a read.
                "blob": [numbers.bytes(60_000) for _ in range(count)],
            })
            pq.write_table(table, inner / f"part-{part}%20+.parquet", row_group_size=16)
    return folder


def rows(tables_):
    """Rows of what was written, in the order of `id`."""
    return pa.concat_tables(tables_).sort_by("id")


def of_store(objects, prefix):
    """The Parquet files below a name in a bucket, and the other names."""
    names = [name for name in sorted(objects) if name.startswith(prefix)]
    files = [name for name in names if name.endswith(".parquet")]
    read = [pq.read_table(io.BytesIO(objects[name].data)) for name in files]
    # Clients mark folders by objects of their names.
    return read, [name for name in names if name not in files and not name.endswith("/")]


def difference(found, wanted):
    if not found:
        return "there are no files"
    found = rows(found)
    if found.schema.names != wanted.schema.names:
        return f"the columns are {found.schema.names}, not {wanted.schema.names}"
    if found.equals(wanted):
        return None
    return f"{found.num_rows} rows with other values than the {wanted.num_rows} wanted ones"


def check_kind(check, kind, folder, wanted):
    store = Store(kind.handler, [BUCKET], [DENIED])
    objects = store.buckets[BUCKET]
    for file in sorted(folder.rglob("*.parquet")):
        objects[f"in/table/{file.relative_to(folder)}"] = Thing(file.read_bytes())
    before = set(objects)

    def place(path, bucket=BUCKET):
        return kind.place(store.address, bucket, path)

    def here(title, source, filtered=wanted):
        target = check.scratch / "here.parquet"
        wrong = check.predict(place(source), target)
        check.told(f"{kind.name}: {title}", wrong or difference([pq.read_table(target)], filtered))
        target.unlink(missing_ok=True)

    def there(title, target, *more, times=1):
        """Writes the table there, so often in all."""
        wrong = check.predict(place("in/table"), place(target), *more)
        read, others = of_store(objects, target)
        wrong = wrong or difference(read, rows([wanted] * times))
        if not wrong and [name.rpartition("/")[2] for name in others] not in ([], ["_SUCCESS"]):
            wrong = f"there are also {others}"
        left = [
            name for name in set(objects) - before
            if not name.startswith(target) and not name.endswith("/")
        ]
        check.told(f"{kind.name}: {title}", wrong or left and f"it leaves {left}")
        for name in left:
            del objects[name]

    here("a folder", "in/table")
    there("to a folder", "out")
    if not kind.is_brief:
        here("a pattern over folders", "in/table/year=*/kind=*/part-*.parquet", without(wanted))
        file = "in/table/year=2024/kind=a b/part-1%20+.parquet"
        only = [value // 1000 == 2024 and value % 1000 >= 100 for value in wanted["id"].to_pylist()]
        here("a file", file, without(wanted).filter(pa.array(only)))
        there("in place of a folder", "out", "--mode", "overwrite")
        there("added to a folder", "out", "--mode", "append", times=2)
        said = check.predict(place("in/table"), place("out")) or "it is done"
        check.told(f"{kind.name}: over what is there", None if "there already" in said else said)
        for name in [name for name in objects if name not in before]:
            del objects[name]
        there("to a file", "one.parquet")
        there("in place of a file", "one.parquet", "--mode", "overwrite")
        name = kind.name
        check.refused(f"{name}: nothing there", place("none.parquet"), "none.parquet", "NOT_FOUND")
        check.refused(f"{name}: no bucket", place("x.parquet", "nowhere"), "nowhere", "NOT_FOUND")
        check.refused(f"{name}: no right to", place("x.parquet", DENIED), DENIED, "DENIED")
    if kind.signature:
        is_signed = any(kind.signature in each for each in store.signatures)
        check.told(
            f"{kind.name}: credentials of the environment",
            None if is_signed else f"requests were signed with {store.signatures}")
    check.told(
        f"{kind.name}: the store knew all requests", store.unknown and str(sorted(set(store.unknown))))
    store.shutdown()
    store.server_close()
    return store


def without(table):
    """The table without the columns of its partitions, which a pattern or a file's name does not give."""
    return table.drop_columns([name for name in ("year", "kind") if name in table.column_names])


def credentials(check, address):
    """A file of Google's, whose tokens come from the store itself."""
    path = check.scratch / "credentials.json"
    path.write_text(json.dumps({
        "type": "authorized_user", "client_id": "id", "client_secret": "secret",
        "refresh_token": "refresh", "token_uri": f"http://{address}/token",
    }))
    check.environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", action="append", help="the name of a store; may be repeated")
    options = parser.parse_args()
    if not options.needletail.exists():
        raise SystemExit(f"there is no {options.needletail}; build the product needletail first")
    scratch = Path(tempfile.mkdtemp(prefix="needletail-stores-"))
    check = Check(options.needletail.resolve(), scratch)
    try:
        folder = tables(scratch / "table")
        wrong = check.predict(folder, scratch / "wanted.parquet")
        if wrong and "plug-in for files" in wrong:
            print(f"skipped: {wrong}")
            sys.exit(77)
        if wrong:
            raise SystemExit(f"the table on this machine fails: {wrong}")
        wanted = rows([pq.read_table(scratch / "wanted.parquet")])
        tokens = Store(GCS, [])
        credentials(check, tokens.address)
        for kind in KINDS:
            if not options.only or kind.name in options.only:
                check_kind(check, kind, folder, wanted)
        if not options.only or "none" in options.only:
            # Nobody is asked over the network.
            check.refused(
                "hdfs: without Hadoop's library", "hdfs://127.0.0.1:1/x.parquet", "libhdfs",
                "JAVA_HOME", "HADOOP_HOME", "CLASSPATH", "hdfs://127.0.0.1:1/x.parquet")
            check.refused(
                "abfss: without credentials",
                "abfss://c@needletail.dfs.core.windows.net/x.parquet?credential_kind=environment",
                "DENIED", "AZURE_CLIENT_ID", "az login")
            check.environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(scratch / "none.json")
            check.refused(
                "gs: without credentials", "gs://needletail/x.parquet", "DENIED",
                "GOOGLE_APPLICATION_CREDENTIALS", "none.json")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"stores: {check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
