"""Servers to compare, and the plain wire to them: HTTP and gRPC without a client's own ideas.

    with Server.triton() as real, Server.fixture() as ours:
        print(real.http("GET", "/v2").status, ours.grpc("ServerLive", pb.ServerLiveRequest()))

A client library adds headers, renames errors and hides what it does not expect; what is compared
here are the bytes that a server answers with.
"""

import http.client
import json
import os
import queue
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from tritonclient.grpc import service_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]
SERVICE = "inference.GRPCInferenceService"
MESSAGE_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# What the answer to a method is, where its name does not follow from the method's.
ANSWERS = {"ModelStreamInfer": pb.ModelStreamInferResponse}


def binaries():
    """The folder of the built programs."""
    return Path(os.environ.get("NEEDLETAIL_BIN") or ROOT / ".build" / "debug").resolve()


@dataclass
class HTTPAnswer:
    """What came back over HTTP; names of headers are in lower case."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class GRPCAnswer:
    """What came back over gRPC: the status, and the messages before it."""

    code: str
    message: str = ""
    responses: list = field(default_factory=list)

    @property
    def response(self):
        return self.responses[0]


class Server:
    """A running server that is asked over both transports, and stopped at the end of the block."""

    def __init__(self, name, command, environment=None, wait=120, ends_by_signal=False):
        self.name, self.ends_by_signal = name, ends_by_signal
        # Its own log goes where this process's errors go only if someone wants to read it.
        log = None if os.environ.get("NEEDLETAIL_SERVER_LOG") else subprocess.DEVNULL
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log, env={**os.environ, **(environment or {})})
        started = time.monotonic()
        line = self.process.stdout.readline()
        said = json.loads(line) if line.strip() else {"error": "it ended without a word"}
        if "error" in said or time.monotonic() - started > wait:
            self.stop()
            raise RuntimeError(f"{name} did not start: {said}")
        self.pid = said.get("pid", self.process.pid)
        self.http_port, self.grpc_port = said["http"], said["grpc"]
        self.metrics_port = said["metrics"]
        self.channel = grpc.insecure_channel(self.grpc_address, options=MESSAGE_LIMIT)

    @classmethod
    def triton(cls, *arguments):
        """The real tritonserver; the arguments are those of triton.py."""
        script = ROOT / "Tests" / "Triton" / "triton.py"
        return cls("tritonserver", [sys.executable, script, *arguments])

    @classmethod
    def fixture(cls, **environment):
        """Ours, with the same models."""
        return cls("ours", [binaries() / "KServeFixture"], environment)

    @classmethod
    def command(cls, *arguments):
        """`needletail serve` with ports that are free."""
        ports = ["--http-port=0", "--grpc-port=0", "--metrics-port=0", "--json"]
        return cls(
            "needletail serve", [binaries() / "needletail", "serve", *ports, *arguments],
            ends_by_signal=True)

    @property
    def http_address(self):
        return f"127.0.0.1:{self.http_port}"

    @property
    def grpc_address(self):
        return f"127.0.0.1:{self.grpc_port}"

    def http(self, method, path, body=None, headers=None, port=None, timeout=30):
        """One request on a connection of its own. A path may have any characters."""
        port = port or self.http_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return HTTPAnswer(response.status, names, response.read())
        finally:
            connection.close()

    def grpc(self, method, *requests, timeout=30, metadata=None):
        """Calls a method with messages, or with bytes that stand for one; a stream if it is one."""
        answer = ANSWERS.get(method) or getattr(pb, f"{method}Response")
        is_stream = method == "ModelStreamInfer"
        make = self.channel.stream_stream if is_stream else self.channel.unary_unary
        call = make(
            f"/{SERVICE}/{method}", response_deserializer=answer.FromString,
            request_serializer=lambda r: r if isinstance(r, bytes) else r.SerializeToString())
        responses = []
        try:
            if is_stream:
                for response in call(iter(requests), timeout=timeout, metadata=metadata):
                    responses.append(response)
            else:
                responses.append(call(requests[0], timeout=timeout, metadata=metadata))
        except grpc.RpcError as error:
            return GRPCAnswer(error.code().name, error.details(), responses)
        return GRPCAnswer("OK", "", responses)

    def grpc_in_turn(self, requests, timeout=30):
        """One stream of requests, each sent when the one before it has its number of responses."""
        call = self.channel.stream_stream(
            f"/{SERVICE}/ModelStreamInfer", pb.ModelInferRequest.SerializeToString,
            pb.ModelStreamInferResponse.FromString)
        sent = queue.SimpleQueue()
        answers = call(iter(sent.get, None), timeout=timeout)
        responses = []
        try:
            for request, count in requests:
                sent.put(request)
                responses += [next(answers) for _ in range(count)]
            sent.put(None)
            responses += answers
        except grpc.RpcError as error:
            return GRPCAnswer(error.code().name, error.details(), responses)
        return GRPCAnswer("OK", "", responses)

    def stop(self):
        """Ends the process by closing its input, or by SIGTERM; kills it if it goes on."""
        if getattr(self, "channel", None):
            self.channel.close()
        self.process.stdin.close()
        if self.ends_by_signal:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{self.name} did not stop") from None
        finally:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
