"""An object store on the loopback that is as slow as one far away: the part of S3 that reads.

    store.py FOLDER LATENCY_MS MEGABYTES_PER_SECOND

serves the files of FOLDER as those of the bucket `bench`: GET with ranges, HEAD, ListObjectsV2, whatever the
signature. Each request waits so long before its answer, and no connection gets more bytes in a second;
there may be any number of connections. Prints its port, and ends with its standard input.

One of our own, because moto holds objects in memory and copies them in Python: it would take the processors
that are measured. This one hands files to the kernel.
"""

import os
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "bench"
REGION = "us-east-1"
# What clients sign with; nobody looks at it.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
}
PIECE = 256 << 10


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_content=False)

    def do_GET(self):
        self.answer(with_content=True)

    def answer(self, with_content):
        time.sleep(self.server.latency)
        place = urlsplit(self.path)
        bucket, _, key = unquote(place.path).lstrip("/").partition("/")
        if bucket != BUCKET:
            self.fail(404, "NoSuchBucket", with_content)
        elif not key:
            self.list(parse_qs(place.query, keep_blank_values=True), with_content)
        else:
            path = self.server.folder / key
            if ".." not in Path(key).parts and not key.endswith("/") and path.is_file():
                self.send_object(path, with_content)
            else:
                self.fail(404, "NoSuchKey", with_content)

    def send_object(self, path, with_content):
        about = path.stat()
        start, end, status = 0, about.st_size, 200
        if wanted := self.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            if first:
                start, end = int(first), min(int(last) + 1 if last else end, end)
            else:
                start = max(0, end - int(last))
            if start >= end:
                return self.fail(416, "InvalidRange", with_content)
            status = 206
        self.send_response(status)
        self.send_header("Content-Length", end - start)
        self.send_header("Content-Type", "binary/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{about.st_mtime_ns:x}-{about.st_size:x}"')
        self.send_header("Last-Modified", formatdate(about.st_mtime, usegmt=True))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{about.st_size}")
        self.end_headers()
        if with_content:
            self.wfile.flush()
            self.send_slowly(path, start, end)

    def send_slowly(self, path, start, end):
        began, sent = time.monotonic(), 0
        with open(path, "rb") as file:
            while start + sent < end:
                sent += os.sendfile(
                    self.connection.fileno(), file.fileno(), start + sent,
                    min(PIECE, end - start - sent),
                )
                ahead = sent / self.server.bandwidth - (time.monotonic() - began)
                if ahead > 0:
                    time.sleep(ahead)

    def list(self, query, with_content):
        def one(name, default=""):
            return query.get(name, [default])[0]

        prefix, delimiter = one("prefix"), one("delimiter")
        most = int(one("max-keys", "1000"))
        behind = one("continuation-token") or one("start-after")
        contents, prefixes, last, is_cut = [], [], behind, False
        for key, about in self.server.objects():
            if not key.startswith(prefix):
                continue
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            name = prefix + head + delimiter if found else key
            if name <= behind or name in prefixes:
                continue
            if len(contents) + len(prefixes) >= most:
                is_cut = True
                break
            last = name
            if found:
                prefixes.append(name)
                continue
            modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(about.st_mtime))
            contents.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{modified}</LastModified>"
                f'<ETag>"{about.st_mtime_ns:x}-{about.st_size:x}"</ETag><Size>{about.st_size}</Size>'
                "<StorageClass>STANDARD</StorageClass></Contents>"
            )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in prefixes
        )
        token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if is_cut else ""
        self.send_text(
            200,
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
            f"<KeyCount>{len(contents) + len(prefixes)}</KeyCount>"
            f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{token}{''.join(contents)}{common}"
            "</ListBucketResult>",
            with_content,
        )

    def fail(self, status, code, with_content):
        text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self.send_text(status, text, with_content)

    def send_text(self, status, text, with_content):
        body = ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", len(body) if with_content else 0)
        self.end_headers()
        if with_content:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder, latency, bandwidth):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.latency, self.bandwidth = folder, latency, bandwidth

    def handle_error(self, request, client_address):
        # Clients hang up when they have what they need.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def objects(self):
        """The keys in their order, with what is known of each file."""
        files = [each for each in self.folder.rglob("*") if each.is_file()]
        keys = sorted((str(each.relative_to(self.folder)), each) for each in files)
        return [(key, each.stat()) for key, each in keys]


class Store:
    """The same as a process of its own, which ends with this one."""

    def __init__(self, folder, latency, bandwidth, log):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(latency), str(bandwidth)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "wb"), text=True,
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the store did not start:\n{Path(log).read_text()[-3000:]}")
        self.address = f"127.0.0.1:{int(line)}"
        # All variants are children of this process.
        os.environ |= CREDENTIALS
        known = os.environ.get("no_proxy")
        os.environ["no_proxy"] = f"{known},127.0.0.1" if known else "127.0.0.1"

    def place(self, folder):
        """What a job says of a table of Parquet files, a folder in this one."""
        name = f"{BUCKET}/{folder.name}"
        options = f"region={REGION}&scheme=http&endpoint_override={self.address}"
        return {
            "table": f"s3://{name}?{options}", "store": self.address,
            "files": [f"{name}/{each.name}" for each in sorted(folder.glob("*.parquet"))],
        }

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    folder, latency, bandwidth = sys.argv[1:]
    server = Server(Path(folder), float(latency) / 1000, float(bandwidth) * 1e6)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
