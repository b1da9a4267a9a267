"""Object stores in memory, on the loopback: what the three kinds have in common.

They speak as much of S3, Google Cloud Storage and Azure Blob Storage as Arrow's clients ask for to list,
read (also ranges), write, copy and delete. They stand in for the real ones only there: whoever signs a
request is believed, buckets are there at once, and nothing is slow or fails. What is not known is answered
with 501 and noted in `unknown`.
"""

import hashlib
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Thing:
    """An object."""

    data: bytes
    modified: float = field(default_factory=time.time)
    type: str = "application/octet-stream"
    notes: dict = field(default_factory=dict)

    @cached_property
    def tag(self):
        return hashlib.md5(self.data).hexdigest()


class Store(ThreadingHTTPServer):
    """One store with its buckets, each a dictionary of objects by their keys."""

    daemon_threads = True
    # Tasks of a query ask all at once.
    request_queue_size = 128

    def __init__(self, handler, buckets, denied=()):
        super().__init__(("127.0.0.1", 0), handler)
        self.buckets = {name: {} for name in [*buckets, *denied]}
        # Nobody may do anything there.
        self.denied = set(denied)
        self.uploads, self.leases = {}, {}
        self.unknown = []
        # What requests were signed with.
        self.signatures = set()
        self.lock = threading.Lock()
        self.address = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        # Clients hang up when they have what they need.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def listed(self, bucket, prefix, delimiter, behind, most, has_marks=False):
        """Objects and common prefixes behind a name, and the last name if there are more. `has_marks`:
        also the objects that have the name of a common prefix."""
        with self.lock:
            objects = sorted(self.buckets[bucket].items())
        found, prefixes, last = [], [], None
        for key, thing in objects:
            if not key.startswith(prefix):
                continue
            head, is_within, rest = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            name = prefix + head + delimiter if is_within else key
            if name <= behind or is_within and name in prefixes:
                continue
            if len(found) + len(prefixes) >= most:
                return found, prefixes, last
            last = name
            if is_within:
                prefixes.append(name)
            if not is_within or has_marks and not rest:
                found.append((key, thing))
        return found, prefixes, None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_any(self):
        place = urlsplit(self.path)
        self.place = place.path
        self.query = {
            name: values[0] for name, values in parse_qs(place.query, keep_blank_values=True).items()
        }
        self.body = self.read_body()
        self.server.signatures.add(self.headers.get("Authorization", ""))
        self.answer()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_any

    def read_body(self):
        is_chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        size = int(self.headers.get("Content-Length") or 0)
        data = self.read_chunks() if is_chunked else self.rfile.read(size)
        if "x-amz-decoded-content-length" not in self.headers:
            return data
        # Amazon's own chunks within the body, with checksums behind them.
        whole = b""
        while data:
            head, _, data = data.partition(b"\r\n")
            size = int(head.partition(b";")[0] or b"0", 16)
            if not size:
                break
            whole, data = whole + data[:size], data[size + 2 :]
        return whole

    def read_chunks(self):
        whole = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return whole

    def split(self, path):
        """The bucket and the key."""
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        return bucket, key

    def reply(self, status, body=b"", kind="application/xml", **headers):
        body = body.encode() if isinstance(body, str) else body
        if self.command == "HEAD":
            body, kind = b"", Thing.type
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers and status != 204:
            self.send_header("Content-Length", len(body))
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def reply_object(self, thing, **headers):
        """The object, or the range that is asked for."""
        data, status = thing.data, 200
        wanted = self.headers.get("x-ms-range") or self.headers.get("Range")
        if wanted and self.command == "GET":
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(data) - int(last))
            end = min(int(last) + 1, len(data)) if first and last else len(data)
            if start >= len(data):
                return self.fail(416, "InvalidRange")
            headers["Content_Range"] = f"bytes {start}-{end - 1}/{len(data)}"
            data, status = data[start:end], 206
        headers["Last_Modified"] = self.date_time_string(thing.modified)
        headers["Accept_Ranges"] = "bytes"
        headers["Content_Length"] = len(data)
        self.reply(status, data, thing.type, **headers)

    def do_not_know(self):
        self.server.unknown.append(f"{self.command} {self.path}")
        self.fail(501, "NotImplemented")
