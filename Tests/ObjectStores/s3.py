"""Amazon S3, as far as Arrow's client asks."""

import time
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from objects import Handler, Thing

SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class S3(Handler):
    def answer(self):
        bucket, key = self.split(self.place)
        if bucket not in self.server.buckets:
            return self.fail(404, "NoSuchBucket")
        if bucket in self.server.denied:
            return self.fail(403, "AccessDenied")
        objects = self.server.buckets[bucket]
        if not key:
            return self.answer_bucket(bucket, objects)
        if self.command in ("GET", "HEAD"):
            if key not in objects:
                return self.fail(404, "NoSuchKey")
            thing = objects[key]
            return self.reply_object(thing, ETag=f'"{thing.tag}"')
        if self.command == "PUT" and "uploadId" in self.query:
            parts = self.server.uploads[self.query["uploadId"]]
            parts[int(self.query["partNumber"])] = self.body
            return self.reply(200, ETag=f'"{Thing(self.body).tag}"')
        if self.command == "PUT":
            return self.put(objects, key)
        if self.command == "POST" and "uploads" in self.query:
            number = str(len(self.server.uploads) + 1)
            self.server.uploads[number] = {}
            return self.send(
                "InitiateMultipartUploadResult",
                f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{number}</UploadId>")
        if self.command == "POST" and "uploadId" in self.query:
            parts = self.server.uploads.pop(self.query["uploadId"])
            objects[key] = Thing(b"".join(data for _, data in sorted(parts.items())))
            return self.send(
                "CompleteMultipartUploadResult",
                f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key>"
                f"<ETag>&quot;{objects[key].tag}&quot;</ETag>")
        if self.command == "DELETE" and "uploadId" in self.query:
            self.server.uploads.pop(self.query["uploadId"], None)
            return self.reply(204)
        if self.command == "DELETE":
            objects.pop(key, None)
            return self.reply(204)
        return self.do_not_know()

    def answer_bucket(self, bucket, objects):
        if self.command == "HEAD":
            return self.reply(200, x_amz_bucket_region="us-east-1")
        if self.command == "GET" and self.query.get("list-type") == "2":
            return self.list(bucket)
        if self.command == "POST" and "delete" in self.query:
            keys = [
                each.findtext(f"{{{SPACE}}}Key") for each in ElementTree.fromstring(self.body)
                if each.tag == f"{{{SPACE}}}Object"
            ]
            for key in keys:
                objects.pop(key, None)
            return self.send("DeleteResult", "")
        return self.do_not_know()

    def put(self, objects, key):
        source = self.headers.get("x-amz-copy-source")
        if not source:
            objects[key] = Thing(self.body, type=self.headers.get("Content-Type", Thing.type))
            return self.reply(200, ETag=f'"{objects[key].tag}"')
        bucket, name = self.split(source)
        if name not in self.server.buckets.get(bucket, {}):
            return self.fail(404, "NoSuchKey")
        objects[key] = Thing(self.server.buckets[bucket][name].data)
        return self.send("CopyObjectResult", f"<ETag>&quot;{objects[key].tag}&quot;</ETag>")

    def list(self, bucket):
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter", "")
        behind = self.query.get("continuation-token") or self.query.get("start-after", "")
        found, prefixes, last = self.server.listed(
            bucket, prefix, delimiter, behind, int(self.query.get("max-keys", "1000")))
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(thing.data)}</Size>"
            f"<LastModified>{moment(thing)}</LastModified><ETag>&quot;{thing.tag}&quot;</ETag>"
            "<StorageClass>STANDARD</StorageClass></Contents>" for key, thing in found)
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in prefixes)
        more = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if last else ""
        self.send(
            "ListBucketResult",
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(found) + len(prefixes)}</KeyCount>"
            f"<IsTruncated>{str(bool(last)).lower()}</IsTruncated>{more}{contents}{common}")

    def send(self, name, text):
        self.reply(200, f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{SPACE}">{text}</{name}>')

    def fail(self, status, code):
        self.reply(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")


def moment(thing):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(thing.modified))
