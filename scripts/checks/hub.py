#!/usr/bin/env python3
"""Checks that `needletail` and HuggingFace's own client share one cache of models, both ways and offline.

    .venv-training/bin/python scripts/checks/hub.py [--needletail PROGRAM]

A fake hub and a fake store on this machine have a text classifier. Beside the cache: two commands at a
time, a command that is killed amid a file, private and gated models, what else ends in an error, TLS and a proxy.
Exits 77 where huggingface_hub or the command is missing.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "Tests" / "TextPipelinesTests" / "Models" / "classes"
DATA = ROOT / "Tests" / "ONNXRuntimeTests" / "Models" / "external" / "parts"
REPOSITORY, COMMIT, TOKEN = "org/classes", "c0ffee12" * 5, "hf_right"
USAGE, FAILED = 64, 1
TIME_LIMIT = 120
# What the classifier needs of the repository, and what it does not.
NEEDED = ["config.json", "model.onnx", "tokenizer.json", "tokenizer_config.json"]


class File:
    def __init__(self, contents, is_large):
        self.contents, self.is_large = contents, is_large
        self.sha256 = hashlib.sha256(contents).hexdigest()
        self.blob = hashlib.sha1(b"blob %d\0" % len(contents) + contents).hexdigest()
        self.etag = self.sha256 if is_large else self.blob

    def entry(self, path):
        entry = {"type": "file", "path": path, "size": len(self.contents), "oid": self.blob}
        if self.is_large:
            entry["lfs"] = {"oid": self.sha256, "size": len(self.contents), "pointerSize": 130}
        return entry


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)

    def started(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def handle_error(self, request, address):
        # Of clients that are killed, or do not trust the certificate.
        pass


class Proxy(BaseHTTPRequestHandler):
    """Connects whoever asks, and remembers whom to."""

    asked = []

    def do_CONNECT(self):
        Proxy.asked.append(self.path)
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200, "Connection established")
            self.end_headers()
            back = threading.Thread(target=self.pass_on, args=(other, self.connection), daemon=True)
            back.start()
            self.pass_on(self.connection, other)
            back.join(10)

    @staticmethod
    def pass_on(source, target):
        try:
            while piece := source.recv(1 << 16):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def log_message(self, *words):
        pass


class Hub:
    """The hub and the store, which is another server."""

    def __init__(self, context=None):
        self.files = {path.name: File(path.read_bytes(), path.suffix == ".onnx")
                      for path in MODEL.iterdir()}
        # As models on the hub have it, which were saved with their heads.
        config = json.loads(self.files["config.json"].contents)
        config["architectures"] = ["BertForSequenceClassification"]
        self.files["config.json"] = File(json.dumps(config).encode(), False)
        for path in sorted(DATA.rglob("*")):
            if path.is_file():
                name = f"parts/{path.relative_to(DATA)}"
                self.files[name] = File(path.read_bytes(), path.suffix == ".onnx")
        self.files["README.md"] = File(b"# Classes\n", False)
        self.files["model.safetensors"] = File(b"\0" * 100_000, True)
        self.requests, self.lock = [], threading.Lock()
        # The same as a folder.
        self.folder = tempfile.TemporaryDirectory(prefix="needletail-hub-folder-")
        for name in NEEDED:
            (Path(self.folder.name) / name).write_bytes(self.files[name].contents)
        # Who may have the model, and whether it must be asked for; how long the store stops in the middle.
        self.private, self.gated, self.stop = False, False, 0
        self.context, self.scheme = context, "https" if context else "http"
        self.store = self.serve(self.answer_of_store)
        self.hub = self.serve(self.answer)
        self.endpoint = f"{self.scheme}://127.0.0.1:{self.hub.server_port}"

    def serve(self, answer):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with outer.lock:
                    outer.requests.append((self.command, self.path, dict(self.headers)))
                answer(self)

            do_HEAD = do_GET

            def log_message(self, *words):
                pass

        server = Server(Handler)
        if self.context:
            server.socket = self.context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False)
        return server.started()

    def forget(self):
        with self.lock:
            self.requests = []

    def asked(self, part, method="GET"):
        with self.lock:
            return [headers for command, path, headers in self.requests
                    if part in path and command == method]

    @staticmethod
    def say(request, status, headers, body=b"", stop=0):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "HEAD":
            return
        half = len(body) // 2 if stop else 0
        try:
            request.wfile.write(body[:half])
            request.wfile.flush()
            time.sleep(stop)
            request.wfile.write(body[half:])
        except OSError:
            pass

    def say_json(self, request, value):
        self.say(request, 200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def refuse(self, request, status, code, message):
        self.say(request, status, {"X-Error-Code": code, "X-Error-Message": message})

    def answer(self, request):
        address = urlsplit(request.path)
        shown = request.headers.get("Authorization")
        if (self.private or self.gated) and shown != f"Bearer {TOKEN}":
            if self.gated:
                return self.refuse(request, 403 if shown else 401, "GatedRepo", "Ask for access.")
            return self.refuse(request, 404 if shown else 401, "RepoNotFound", "Repository not found")
        api, files = f"/api/models/{REPOSITORY}", f"/{REPOSITORY}/resolve/"
        if address.path in (api, f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in self.files]
            return self.say_json(request, {
                "id": REPOSITORY, "modelId": REPOSITORY, "sha": COMMIT, "private": self.private,
                "siblings": siblings, "tags": [], "downloads": 0, "likes": 0})
        if address.path in (f"{api}/tree/{COMMIT}", f"{api}/tree/main"):
            start = int(parse_qs(address.query).get("cursor", ["0"])[0])
            names = sorted(self.files)
            headers = {"Content-Type": "application/json"}
            if start + 3 < len(names):
                link = f"{self.endpoint}{address.path}?recursive=true&cursor={start + 3}"
                headers["Link"] = f'<{link}>; rel="next"'
            page = [self.files[name].entry(name) for name in names[start:start + 3]]
            return self.say(request, 200, headers, json.dumps(page).encode())
        if address.path.startswith(f"{api}/revision/"):
            return self.refuse(request, 404, "RevisionNotFound", "Invalid rev id")
        if not address.path.startswith(files):
            return self.refuse(request, 404, "RepoNotFound", "Repository not found")
        revision, path = unquote(address.path[len(files):]).split("/", 1)
        if revision not in ("main", COMMIT):
            return self.refuse(request, 404, "RevisionNotFound", "Invalid rev id")
        if path not in self.files:
            return self.refuse(request, 404, "EntryNotFound", "Entry not found")
        file = self.files[path]
        if not file.is_large:
            return self.say(
                request, 200, {"ETag": f'"{file.blob}"', "X-Repo-Commit": COMMIT}, file.contents)
        port = self.store.server_port
        place = f"{self.scheme}://127.0.0.1:{port}/{file.sha256}?Signature=a%2Fb"
        self.say(request, 302, {
            "Location": place, "X-Linked-Etag": f'"{file.sha256}"', "X-Repo-Commit": COMMIT,
            "X-Linked-Size": str(len(file.contents))})

    def answer_of_store(self, request):
        address = urlsplit(request.path)
        file = next((f for f in self.files.values() if f.sha256 == address.path[1:]), None)
        if request.headers.get("Authorization") or address.query != "Signature=a%2Fb" or not file:
            return self.say(request, 400, {})
        body, status, headers = file.contents, 200, {"ETag": '"00ff"', "Accept-Ranges": "bytes"}
        if range_ := request.headers.get("Range"):
            start = int(range_.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        self.say(request, status, headers, body, self.stop)


class Check:
    """Counts what passed and tells what did not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def __call__(self, title, wrong):
        print(f"{'FAILED' if wrong else 'ok'}  {title}", flush=True)
        if wrong:
            print(f"        {wrong}", flush=True)
            self.failed += 1
        else:
            self.passed += 1


class Place:
    """The hub, a cache, and those who use both."""

    def __init__(self, program, scratch):
        self.program, self.scratch, self.hub = program, scratch, Hub()

    def environment(self, cache, **more):
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))
            and not name.lower().endswith("_proxy")}
        return kept | {
            "HF_ENDPOINT": self.hub.endpoint, "HF_HOME": str(self.scratch / cache),
            "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"} | more

    def start(self, cache, *words, **more):
        return subprocess.Popen(
            [str(self.program), *words], env=self.environment(cache, **more), cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, cache, *words, **more):
        process = self.start(cache, *words, **more)
        try:
            out, error = process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None, "", f"took more than {TIME_LIMIT} s"
        return process.returncode, out, error

    def inspect(self, cache, model=f"hf:{REPOSITORY}", **more):
        """What is wrong with what the command tells of the model; it must be that of the folder."""
        status, out, error = self.run(cache, "inspect", model, "--json", **more)
        if status != 0:
            return f"status {status}: {error}"
        folder = self.hub.folder.name
        local = folder if model == f"hf:{REPOSITORY}" else DATA / "model.onnx"
        status, expected, error = self.run(cache, "inspect", str(local), "--json")
        if status != 0:
            return f"status {status} of the folder: {error}"
        return "" if json.loads(out) == json.loads(expected) else f"{out}, expected {expected}"

    def python(self, cache, text, **more):
        """What is wrong with a run of HuggingFace's client."""
        done = subprocess.run(
            [sys.executable, "-c", text], env=self.environment(cache, **more), capture_output=True,
            text=True, timeout=TIME_LIMIT)
        return "" if done.returncode == 0 else done.stderr[-2000:]


OURS = f"""
import hashlib, json, os
from huggingface_hub import (get_cached_repo_tree, hf_hub_download, scan_cache_dir,
                             snapshot_download, try_to_load_from_cache)
for name, expected in json.loads(os.environ["EXPECTED"]).items():
    path = hf_hub_download({REPOSITORY!r}, name)
    assert hashlib.sha256(open(path, "rb").read()).hexdigest() == expected, name
    assert try_to_load_from_cache({REPOSITORY!r}, name) == path, name
info = scan_cache_dir()
assert not info.warnings, info.warnings
(repository,) = info.repos
assert repository.repo_id == {REPOSITORY!r} and "main" in repository.refs, repository
assert len(get_cached_repo_tree({REPOSITORY!r})) == int(os.environ["COUNT"])
folder = snapshot_download({REPOSITORY!r}, allow_patterns=list(json.loads(os.environ["EXPECTED"])))
assert folder.endswith({COMMIT!r}), folder
"""


def check_ours(check, place):
    """Their client finds what the command fetched."""
    hub = place.hub
    check("the command fetches a classifier", place.inspect("ours"))
    got = {path for path in hub.files if hub.asked(f"/resolve/{COMMIT}/{path}")}
    check("it fetches what it needs", "" if got == set(NEEDED) else f"{got}")
    shown = [h for h in hub.asked(f"/{hub.files['model.onnx'].sha256}") if "Authorization" in h]
    check("the store sees no token", f"{shown}" if shown else "")
    hub.forget()
    check("a second time", place.inspect("ours"))
    check("nothing is fetched twice", f"{hub.asked('/resolve/')}" if hub.asked("/resolve/") else "")
    expected = {name: hub.files[name].sha256 for name in NEEDED}
    hub.forget()
    check("HuggingFace's client finds it offline", place.python(
        "ours", OURS, HF_HUB_OFFLINE="1", EXPECTED=json.dumps(expected), COUNT=str(len(hub.files))))
    check("it asked nobody", f"{hub.requests}" if hub.requests else "")
    check("one file with its data", place.inspect("ours", f"hf:{REPOSITORY}@main/parts/model.onnx"))
    check("the same offline", place.inspect(
        "ours", f"hf:{REPOSITORY}@{COMMIT}/parts/model.onnx", HF_HUB_OFFLINE="1"))


def check_theirs(check, place):
    """The command finds what their client fetched: all of it, and some files."""
    hub = place.hub
    check("HuggingFace's client fetches a snapshot", place.python(
        "theirs", f"from huggingface_hub import snapshot_download as s; s({REPOSITORY!r})"))
    check("HuggingFace's client fetches some files", place.python(
        "some", f"from huggingface_hub import hf_hub_download as d\n"
        f"for name in {NEEDED!r}: d({REPOSITORY!r}, name)"))
    for cache in ("theirs", "some"):
        hub.forget()
        check(f"the command finds it offline ({cache})", place.inspect(cache, HF_HUB_OFFLINE="1"))
        check("it asked nobody", f"{hub.requests}" if hub.requests else "")
    hub.forget()
    check("the command finds it online", place.inspect("theirs"))
    check("it fetched nothing", f"{hub.asked('/resolve/')}" if hub.asked("/resolve/") else "")


def check_together(check, place):
    hub = place.hub
    hub.forget()
    hub.stop = 1
    processes = [place.start("both", "inspect", f"hf:{REPOSITORY}") for _ in range(2)]
    wrong = []
    for process in processes:
        _, error = process.communicate(timeout=TIME_LIMIT)
        if process.returncode:
            wrong.append(error)
    hub.stop = 0
    check("two commands at a time", "\n".join(wrong))
    asked = hub.asked(f"/{hub.files['model.onnx'].sha256}")
    check("one of them fetched", "" if len(asked) == 1 else f"{len(asked)} requests")


def check_killed(check, place):
    hub = place.hub
    hub.forget()
    hub.stop = 30
    file = hub.files["model.onnx"]
    process = place.start("killed", "inspect", f"hf:{REPOSITORY}")
    blobs = place.scratch / "killed" / "hub" / f"models--{REPOSITORY.replace('/', '--')}" / "blobs"
    partial = blobs / f"{file.etag}.incomplete"
    deadline = time.monotonic() + TIME_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        if partial.exists() and partial.stat().st_size == len(file.contents) // 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    hub.stop = 0
    check("half of a file is there when the command is killed", "" if partial.exists() else "none")
    hub.forget()
    check("the next one goes on", place.inspect("killed"))
    ranges = [headers.get("Range") for headers in hub.asked(f"/{file.sha256}")]
    expected = [f"bytes={len(file.contents) // 2}-"]
    check("it asks for the other half", "" if ranges == expected else f"{ranges}, {expected}")


def check_refusals(check, place):
    hub = place.hub

    def fails(title, status, *says, model=f"hf:{REPOSITORY}", **more):
        got, _, error = place.run(f"new-{title}", "inspect", model, **more)
        wrong = [said for said in says if said not in error]
        if "hf_" in error.replace("hf_hub", ""):
            wrong.append("the token is told")
        check(title, "" if got == status and not wrong else f"status {got}, {wrong}: {error}")

    fails("no such model", USAGE, "has no model 'org/other'", model="hf:org/other")
    fails("no such revision", USAGE, "no branch, tag or commit 'v9'", model=f"hf:{REPOSITORY}@v9")
    fails("no such file", USAGE, "no file or folder 'x.onnx'", model=f"hf:{REPOSITORY}/x.onnx")
    fails("no id", USAGE, "the form is hf:ORG/NAME", model="hf:a//b")
    fails("an empty cache offline", FAILED, "HF_HUB_OFFLINE is set", HF_HUB_OFFLINE="1")
    fails("no hub", FAILED, "cannot be had from", HF_ENDPOINT="http://127.0.0.1:1")
    hub.private = True
    fails("private, no token", USAGE, "it is private, and no token was shown", "HF_TOKEN")
    fails("private, another's token", USAGE, "the token of HF_TOKEN may not read it", HF_TOKEN="hf_x")
    check("private, with a token", place.inspect("private", HF_TOKEN=TOKEN))
    hub.private, hub.gated = False, True
    fails("gated, no token", FAILED, "the model is gated (Ask for access.)", "no token was shown")
    fails("gated, no access", FAILED, "has no access to it yet", HF_TOKEN="hf_x")
    (place.scratch / "token").write_text(TOKEN + "\n")
    check("gated, with a token's file", place.inspect(
        "gated", HF_TOKEN_PATH=str(place.scratch / "token")))
    hub.gated = False


def check_encrypted(check, place):
    """The same over TLS, and through a proxy."""
    openssl = shutil.which("openssl")
    if not openssl:
        print("skipped  TLS: there is no program openssl")
        return
    certificate, key = place.scratch / "certificate.pem", place.scratch / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    plain, place.hub = place.hub, Hub(context)
    trusted = {"SSL_CERT_FILE": str(certificate)}
    check("over TLS", place.inspect("tls", **trusted))
    status, _, error = place.run("untrusted", "inspect", f"hf:{REPOSITORY}")
    check("a certificate of nobody",
          "" if status == FAILED and "SSL_CERT_FILE" in error else f"status {status}: {error}")
    proxy = Server(Proxy).started()
    address = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_port}"}
    check("through a proxy", place.inspect("proxy", **trusted, **address))
    hosts = {f"127.0.0.1:{place.hub.hub.server_port}", f"127.0.0.1:{place.hub.store.server_port}"}
    check("the proxy connected hub and store", "" if set(Proxy.asked) == hosts else f"{Proxy.asked}")
    place.hub = plain


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    folder = os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")
    parser.add_argument("--needletail", type=Path, default=Path(folder) / "needletail")
    program = parser.parse_args().needletail
    try:
        import huggingface_hub
    except ImportError:
        print("huggingface_hub is not in this Python: pip install huggingface_hub")
        return 77
    if not program.exists():
        print(f"there is no {program}: build it, or name it with --needletail")
        return 77
    print(f"huggingface_hub {huggingface_hub.__version__}")
    check = Check()
    scratch = Path(tempfile.mkdtemp(prefix="needletail-hub-"))
    try:
        place = Place(program.resolve(), scratch)
        for part in (check_ours, check_theirs, check_together, check_killed,
                     check_refusals, check_encrypted):
            part(check, place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
