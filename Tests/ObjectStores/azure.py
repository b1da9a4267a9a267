"""Azure Blob Storage without a hierarchical namespace, as far as Arrow's client asks.

Addresses are those of emulators, with the account as the first part of the path.
"""

import re
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from objects import Handler, Thing

ACCOUNT = "account"
# What the client does not do without.
CONTAINER = {
    "x_ms_has_immutability_policy": "false", "x_ms_has_legal_hold": "false",
    "x_ms_immutable_storage_with_versioning_enabled": "false", "x_ms_lease_state": "available",
    "x_ms_lease_status": "unlocked", "x_ms_default_encryption_scope": "$account-encryption-key",
    "x_ms_deny_encryption_scope_override": "false",
}


class Azure(Handler):
    def answer(self):
        account, path = self.split(self.place)
        if account != ACCOUNT:
            return self.fail(404, "ResourceNotFound")
        bucket, _, key = path.partition("/")
        if "action" in self.query:
            return self.fail(409, "HierarchicalNamespaceNotEnabled")
        if bucket not in self.server.buckets:
            return self.fail(404, "ContainerNotFound")
        if bucket in self.server.denied:
            return self.fail(403, "AuthorizationFailure")
        if not key:
            if self.query.get("comp") == "list":
                return self.list(bucket)
            if self.query.get("comp") == "batch" and self.command == "POST":
                return self.answer_batch()
            if self.command in ("GET", "HEAD"):
                return self.reply(200, ETag='"1"', Last_Modified=self.date_time_string(), **CONTAINER)
            return self.do_not_know()
        return self.answer_blob(self.server.buckets[bucket], bucket, key)

    def answer_blob(self, blobs, bucket, key):
        part = self.query.get("comp")
        if part == "lease":
            return self.lease(bucket, key, key in blobs)
        if self.command == "PUT":
            if part == "block":
                self.server.uploads.setdefault((bucket, key), {})[self.query["blockid"]] = self.body
                return self.reply(201, x_ms_request_server_encrypted="true")
            if part == "blocklist":
                parts = self.server.uploads.pop((bucket, key), {})
                known = blobs[key].notes.get("blocks", {}) if key in blobs else {}
                chosen = {
                    each.text: parts.get(each.text, known.get(each.text, b""))
                    for each in ElementTree.fromstring(self.body)
                }
                return self.store(
                    blobs, key, Thing(b"".join(chosen.values()), notes={"blocks": chosen}))
            if source := self.headers.get("x-ms-copy-source"):
                name = self.split("/" + source.partition("://")[2].partition("/")[2])[1]
                container, _, blob = name.partition("/")
                thing = self.server.buckets.get(container, {}).get(blob.partition("?")[0])
                if thing is None:
                    return self.fail(404, "BlobNotFound")
                return self.store(
                    blobs, key, Thing(thing.data, notes={"copy": source}), status=202,
                    x_ms_copy_id="1", x_ms_copy_status="success")
            if part is None:
                return self.store(blobs, key, Thing(self.body))
            return self.do_not_know()
        if part == "blocklist" and self.command == "GET":
            blocks = blobs[key].notes.get("blocks", {}) if key in blobs else {}
            listed = "".join(
                f"<Block><Name>{name}</Name><Size>{len(data)}</Size></Block>"
                for name, data in blocks.items())
            return self.send("BlockList", f"<CommittedBlocks>{listed}</CommittedBlocks>")
        if key not in blobs:
            return self.fail(404, "BlobNotFound")
        if self.command == "DELETE":
            if self.server.leases.get((bucket, key)) != self.headers.get("x-ms-lease-id"):
                return self.fail(412, "LeaseIdMissing")
            del blobs[key]
            self.server.leases.pop((bucket, key), None)
            return self.reply(202, x_ms_delete_type_permanent="true")
        if self.command in ("GET", "HEAD") and part is None:
            thing = blobs[key]
            copied = {}
            if source := thing.notes.get("copy"):
                size = len(thing.data)
                copied = {
                    "x_ms_copy_id": "1", "x_ms_copy_source": source, "x_ms_copy_status": "success",
                    "x_ms_copy_progress": f"{size}/{size}",
                    "x_ms_copy_completion_time": self.date_time_string(thing.modified),
                }
            return self.reply_object(
                thing, ETag=f'"{thing.tag}"', x_ms_blob_type="BlockBlob",
                x_ms_creation_time=self.date_time_string(thing.modified), x_ms_lease_state="available",
                x_ms_lease_status="unlocked", x_ms_server_encrypted="true", **copied)
        return self.do_not_know()

    def lease(self, bucket, key, is_there):
        """While it lasts, only its holder may delete the blob."""
        leases, action = self.server.leases, self.headers.get("x-ms-lease-action")
        if not is_there:
            return self.fail(404, "BlobNotFound")
        if action == "acquire":
            number = leases.setdefault((bucket, key), self.headers.get("x-ms-proposed-lease-id") or "1")
        else:
            number = leases.get((bucket, key), "1")
        if action in ("release", "break"):
            leases.pop((bucket, key), None)
        self.reply(
            {"acquire": 201, "break": 202}.get(action, 200), ETag='"1"', x_ms_lease_id=number,
            x_ms_lease_time="0", Last_Modified=self.date_time_string())

    def answer_batch(self):
        """Requests to delete blobs, in one."""
        answers = []
        for number, place in enumerate(re.findall(rb"^DELETE (\S+) HTTP", self.body, re.MULTILINE)):
            bucket, key = self.split(urlsplit(place.decode()).path.removeprefix(f"/{ACCOUNT}"))
            there = self.server.buckets.get(bucket, {}).pop(key, None) is not None
            status = "202 Accepted" if there else "404 Not Found\r\nx-ms-error-code: BlobNotFound"
            answers.append(
                f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
                f"HTTP/1.1 {status}\r\nx-ms-request-id: 1\r\nx-ms-version: 2024-08-04\r\n"
                "x-ms-delete-type-permanent: true\r\n\r\n")
        self.reply(202, "".join(answers) + "--batch--", "multipart/mixed; boundary=batch")

    def store(self, blobs, key, thing, status=201, **headers):
        blobs[key] = thing
        self.reply(
            status, ETag=f'"{thing.tag}"', Last_Modified=self.date_time_string(thing.modified),
            x_ms_request_server_encrypted="true", **headers)

    def list(self, bucket):
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter", "")
        found, prefixes, last = self.server.listed(
            bucket, prefix, delimiter, self.query.get("marker", ""),
            int(self.query.get("maxresults", "5000")))
        blobs = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties>"
            f"<Creation-Time>{self.date_time_string(thing.modified)}</Creation-Time>"
            f"<Last-Modified>{self.date_time_string(thing.modified)}</Last-Modified>"
            f'<Etag>"{thing.tag}"</Etag><Content-Length>{len(thing.data)}</Content-Length>'
            f"<Content-Type>{thing.type}</Content-Type><BlobType>BlockBlob</BlobType>"
            "<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"
            "<ServerEncrypted>true</ServerEncrypted></Properties></Blob>" for key, thing in found)
        common = "".join(
            f"<BlobPrefix><Name>{escape(each)}</Name></BlobPrefix>" for each in prefixes)
        self.send(
            "EnumerationResults",
            f"<Prefix>{escape(prefix)}</Prefix><Delimiter>{escape(delimiter)}</Delimiter>"
            f"<Blobs>{blobs}{common}</Blobs><NextMarker>{escape(last or '')}</NextMarker>",
            f' ServiceEndpoint="http://{self.server.address}/{ACCOUNT}/" ContainerName="{bucket}"')

    def send(self, name, text, attributes=""):
        self.reply(200, f'<?xml version="1.0" encoding="utf-8"?><{name}{attributes}>{text}</{name}>')

    def fail(self, status, code):
        self.reply(
            status, f"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code>"
            f"<Message>{code}</Message></Error>", x_ms_error_code=code, x_ms_version="2024-08-04")
