"""Google Cloud Storage's JSON interface, as far as Arrow's client asks."""

import json
import re
import time
from urllib.parse import unquote

from objects import Handler, Thing

OBJECT = re.compile(r"(?:/download)?/storage/v1/b/([^/]+)/o/([^/]+)$")
COPY = re.compile(r"/storage/v1/b/([^/]+)/o/([^/]+)/(?:rewriteTo|copyTo)/b/([^/]+)/o/([^/]+)$")
LIST = re.compile(r"/storage/v1/b/([^/]+)/o/?$")
BUCKET = re.compile(r"/storage/v1/b/([^/]+)$")
UPLOAD = re.compile(r"(?:/resumable)?/upload/storage/v1/b/([^/]+)/o$")


# What a client gets for the credentials of its environment.
TOKEN = "token-of-the-store"


class GCS(Handler):
    def answer(self):
        if self.place == "/token":
            return self.send({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        for pattern, action in (
            (COPY, self.copy), (OBJECT, self.object), (LIST, self.list), (BUCKET, self.bucket),
            (UPLOAD, self.upload),
        ):
            if match := pattern.match(self.place):
                bucket, *names = (unquote(each) for each in match.groups())
                if bucket not in self.server.buckets:
                    return self.fail(404, "notFound")
                if bucket in self.server.denied:
                    return self.fail(403, "forbidden")
                return action(bucket, *names)
        return self.do_not_know()

    def bucket(self, bucket):
        self.send({"kind": "storage#bucket", "id": bucket, "name": bucket})

    def object(self, bucket, key):
        objects = self.server.buckets[bucket]
        thing = objects.get(key)
        if thing is None:
            return self.fail(404, "notFound")
        if self.command == "DELETE":
            del objects[key]
            return self.reply(204)
        if self.command != "GET":
            return self.do_not_know()
        if self.query.get("alt") == "media":
            return self.reply_object(thing, x_goog_generation="1", x_goog_metageneration="1")
        return self.send(told(bucket, key, thing))

    def list(self, bucket):
        found, prefixes, last = self.server.listed(
            bucket, self.query.get("prefix", ""), self.query.get("delimiter", ""),
            self.query.get("pageToken", ""), int(self.query.get("maxResults", "1000")),
            has_marks=self.query.get("includeTrailingDelimiter") == "true")
        answer = {
            "kind": "storage#objects", "items": [told(bucket, key, thing) for key, thing in found],
            "prefixes": prefixes,
        }
        self.send(answer | ({"nextPageToken": last} if last else {}))

    def copy(self, bucket, key, target, name):
        thing = self.server.buckets[bucket].get(key)
        if thing is None:
            return self.fail(404, "notFound")
        copy = Thing(thing.data, type=thing.type, notes=thing.notes)
        self.server.buckets[target][name] = copy
        size = str(len(copy.data))
        self.send({
            "kind": "storage#rewriteResponse", "totalBytesRewritten": size, "objectSize": size,
            "done": True, "resource": told(target, name, copy),
        })

    def upload(self, bucket):
        kind = self.query.get("uploadType")
        if kind == "media":
            return self.store(bucket, self.query["name"], self.body, {})
        if kind == "multipart":
            mark = b"--" + re.search(r'boundary="?([^";]+)', self.headers["Content-Type"])[1].encode()
            first, second = self.body.split(b"\r\n" + mark if not self.body.startswith(mark) else mark)[1:3]
            about = json.loads(first.partition(b"\r\n\r\n")[2] or b"{}")
            data = second.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
            return self.store(bucket, about.get("name") or self.query["name"], data, about)
        if kind != "resumable":
            return self.do_not_know()
        if self.command == "POST":
            about = json.loads(self.body or b"{}")
            number = str(len(self.server.uploads) + 1)
            name = about.get("name") or self.query["name"]
            self.server.uploads[number] = [name, about, b""]
            place = f"http://{self.server.address}{self.place}?uploadType=resumable&upload_id={number}"
            return self.reply(200, Location=place)
        state = self.server.uploads.get(self.query.get("upload_id"))
        if state is None:
            return self.fail(404, "notFound")
        if self.command == "DELETE":
            del self.server.uploads[self.query["upload_id"]]
            return self.reply(499)
        # bytes 0-99/*, bytes 0-99/100, bytes */100: the last two end it.
        span, _, total = self.headers.get("Content-Range", "bytes */*").removeprefix("bytes ").partition("/")
        if span != "*":
            state[2] = state[2][: int(span.partition("-")[0])] + self.body
        elif self.body:
            state[2] += self.body
        if total != "*" and len(state[2]) >= int(total):
            return self.store(bucket, state[0], state[2], state[1])
        received = {"Range": f"bytes=0-{len(state[2]) - 1}"} if state[2] else {}
        return self.reply(308, **received)

    def store(self, bucket, key, data, about):
        thing = Thing(
            data, type=about.get("contentType", Thing.type), notes=about.get("metadata", {}))
        self.server.buckets[bucket][key] = thing
        self.send(told(bucket, key, thing))

    def send(self, answer):
        self.reply(200, json.dumps(answer), "application/json")

    def fail(self, status, reason):
        error = {"code": status, "message": reason, "errors": [{"reason": reason, "domain": "global"}]}
        self.reply(status, json.dumps({"error": error}), "application/json")


def told(bucket, key, thing):
    when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(thing.modified))
    return {
        "kind": "storage#object", "id": f"{bucket}/{key}/1", "name": key, "bucket": bucket,
        "generation": "1", "metageneration": "1", "contentType": thing.type,
        "size": str(len(thing.data)), "timeCreated": when, "updated": when, "metadata": thing.notes,
    }
