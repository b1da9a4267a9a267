"""The questions that the conformance check asks every server.

Each function asks about one subject and yields names of cases with answers: status, content type,
shapes, bytes and message, whatever the transport. Nothing in here knows which server it is.
"""

import gzip
import json
import os
import re
import struct
import threading
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

import grpc
from forms import (
    Tensor, bfloat16, both, http, infer_grpc, infer_http, message, numbers, over_grpc, over_http,
    path, rpc, stream, texts)
from peers import SERVICE, pb

# The models that every server has; it may have others.
MODELS = {"bench", "echo", "slow", "stream", "queued", "loads_once"}

X = numbers("x", "FP32", [2, 784], [i * 0.25 - 100 for i in range(2 * 784)])
ROW = numbers("x", "FP32", [1, 784], [i * 0.25 - 100 for i in range(784)])


def every_type():
    """An input of each element type with its extremes."""
    def integers(name, bits, signed):
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        values = [low, high, 1, 2, 3, 100]
        return numbers("in_" + name.lower(), name, [2, 3], values)

    yield numbers("in_bool", "BOOL", [2, 3], [True, False, True, True, False, False])
    for bits in (8, 16, 32, 64):
        yield integers(f"INT{bits}", bits, True)
        yield integers(f"UINT{bits}", bits, False)
    yield numbers("in_fp16", "FP16", [2, 3], [0.5, -2.0, 65504.0, 6e-8, 0.0, 1.0])
    yield numbers("in_fp32", "FP32", [2, 3], [0.1, -2.5, 3e38, 1e-40, 0.0, -0.0])
    yield numbers("in_fp64", "FP64", [2, 3], [0.1, -2.5, 1e308, 5e-324, 0.0, 1 / 3])
    yield bfloat16("in_bf16", [2, 3], [1.0, -2.5, 3e38, 0.1, 0.0, -0.0])
    yield texts("in_bytes", [2, 3], ["héllo", "", "a\0b", "€😀\n\"\\", "x" * 70, "end"])


def types(server):
    """Every element type there and back, in each form that its bytes can take."""
    for tensor in every_type():
        name = tensor.datatype
        yield f"{name}, gRPC raw", infer_grpc(server, "echo", [tensor])
        yield f"{name}, HTTP binary", infer_http(server, "echo", [tensor])
        if tensor.field:
            yield f"{name}, gRPC typed", infer_grpc(server, "echo", [tensor], typed=True)
        yield f"{name}, HTTP JSON", infer_http(server, "echo", [tensor], binary=False)
        # JSON in, binary out: nothing is lost on the way back.
        yield f"{name}, HTTP JSON to binary", infer_http(
            server, "echo", [tensor], [(tensor.name.replace("in_", "out_"), {"binary_data": True})],
            binary=False)
        no_columns = Tensor(tensor.name, name, [2, 0], b"", [], tensor.field)
        yield from both(server, f"{name} of no columns", "echo", [no_columns])
        no_rows = Tensor(tensor.name, name, [0, 3], b"", [], tensor.field)
        yield from both(server, f"{name} of no rows", "echo", [no_rows])
    everything = list(every_type())
    # The model has its outputs in no particular order.
    answer = infer_grpc(server, "echo", everything)["response"]
    pairs = [{**output, "raw": raw} for output, raw in zip(answer["outputs"], answer["raw"])]
    yield "all types at once, gRPC", {"outputs": sorted(pairs, key=lambda pair: pair["name"])}
    answer = infer_http(server, "echo", everything)
    answer["body"]["outputs"].sort(key=lambda output: output["name"])
    yield "all types at once, HTTP", answer
    yield from both(
        server, "two types, one wanted", "echo", everything[1:3], ["out_uint8"])
    json_text = b'{"inputs":[{"name":"in_bytes","shape":[1,3],"datatype":"BYTES",' \
        b'"data":["\\u20ac\\ud83d\\ude00","\\u0000","\\t/"]}]}'
    yield "escaped text, HTTP JSON", http(server.http("POST", "/v2/models/echo/infer", json_text))


def mistakes(server):
    """Requests that do not fit the model."""
    yield from both(server, "unknown model", "missing", [ROW])
    yield from both(server, "unknown version", "bench", [ROW], version="7")
    yield from both(server, "version of an unknown model", "missing", [ROW], version="1")
    yield from both(server, "version 1", "bench", [ROW], version="1")
    yield "version of letters, gRPC", infer_grpc(server, "bench", [ROW], version="x")
    yield "negative version, gRPC", infer_grpc(server, "bench", [ROW], version="-1")
    yield "no model, gRPC", infer_grpc(server, "", [ROW])
    other = numbers("zz", "FP32", [1, 784], [0.0] * 784)
    yield from both(server, "unknown input", "bench", [other])
    yield from both(server, "unknown input with an identifier", "bench", [other], id="id-1")
    yield from both(server, "one input too many", "bench", [ROW, other])
    yield from both(server, "no input", "bench", [])
    yield from both(server, "no input, all optional", "echo", [])
    yield from both(server, "an input twice", "echo", [
        numbers("in_int8", "INT8", [1, 2], [1, 2]), numbers("in_int8", "INT8", [1, 2], [3, 4])])
    yield from both(
        server, "wrong data-type", "bench", [numbers("x", "FP64", [1, 784], [0.0] * 784)])
    yield from both(
        server, "unknown data-type", "bench", [Tensor("x", "FP33", [1, 784], b"\0" * 3136)])
    yield from both(server, "empty data-type", "bench", [Tensor("x", "", [1, 784], b"\0" * 3136)])
    for name, shape in [
        ("wrong row", [2, 3]), ("too few dimensions", [784]), ("too many dimensions", [1, 1, 784]),
        ("no dimensions", []), ("a negative dimension", [1, -784]),
        ("an open dimension", [-1, 784]),
        ("a huge dimension", [1 << 62, 784]),
    ]:
        size = 4 * 784 if name != "wrong row" else 24
        x = Tensor("x", "FP32", shape, bytes(size))
        yield from both(server, f"shape with {name}", "bench", [x])
    yield from both(
        server, "wrong shape without a batch dimension", "slow",
        [numbers("milliseconds", "INT32", [1, 2], [0, 0])])
    yield from both(
        server, "batch too large", "echo", [numbers("in_int8", "INT8", [5, 1], [0] * 5)])
    yield from both(server, "rows that differ", "echo", [
        numbers("in_int8", "INT8", [2, 1], [0] * 2), numbers("in_int16", "INT16", [3, 1], [0] * 3)])
    yield from both(server, "unknown output", "bench", [ROW], ["yy"])
    yield from both(server, "an output twice", "bench", [ROW], ["y", "y"])
    yield from both(
        server, "an output that the model leaves out", "echo",
        [numbers("in_int8", "INT8", [1, 1], [7])], ["out_int16", "out_int8"])
    yield from both(server, "too few bytes", "bench", [Tensor("x", "FP32", [1, 784], bytes(3132))])
    yield from both(server, "too many bytes", "bench", [Tensor("x", "FP32", [1, 784], bytes(3140))])
    yield from both(server, "no bytes", "bench", [Tensor("x", "FP32", [1, 784], b"")])
    for name, data in [
        ("fewer", struct.pack("<I", 1) + b"a"), ("more", (struct.pack("<I", 1) + b"a") * 3),
        ("cut off", struct.pack("<I", 1) + b"a" + struct.pack("<I", 5) + b"b"),
        ("with a cut off length", struct.pack("<I", 1) + b"a" + b"\1\0"),
    ]:
        yield from both(
            server, f"strings, {name}", "echo", [Tensor("in_bytes", "BYTES", [1, 2], data)])
    yield from both(
        server, "failing model", "slow", [numbers("milliseconds", "INT32", [1], [-1])])
    yield from both(
        server, "failing model with an identifier", "slow",
        [numbers("milliseconds", "INT32", [1], [-1])], id="id-2")
    yield "stream of results, gRPC", infer_grpc(
        server, "stream", [numbers("count", "INT32", [1], [2])])
    yield "stream of results, HTTP", infer_http(
        server, "stream", [numbers("count", "INT32", [1], [2])])


def grpc_wire(server):
    """What only gRPC can carry, or carry wrongly."""
    yield "nonsense for a question", rpc(server.grpc("ServerReady", b"\xff"))
    yield "nonsense for a request", rpc(server.grpc("ModelInfer", b"\xff"))
    request = over_grpc("bench", [ROW])
    cut = request.SerializeToString()[:-10]
    yield "a request that is cut off", rpc(server.grpc("ModelInfer", cut))
    request.raw_input_contents.append(b"\0\0\0\0")
    yield "more raw contents than inputs", rpc(server.grpc("ModelInfer", request))
    request = over_grpc("bench", [ROW])
    del request.raw_input_contents[:]
    yield "neither raw nor typed contents", rpc(server.grpc("ModelInfer", request))
    request = over_grpc("echo", [numbers("in_int8", "INT8", [1, 2], [1, 2])], typed=True)
    request.raw_input_contents.append(b"\1\2")
    yield "raw and typed contents", rpc(server.grpc("ModelInfer", request))
    request = over_grpc("echo", [numbers("in_int8", "INT8", [1, 3], [1, 2])], typed=True)
    yield "too few typed elements", rpc(server.grpc("ModelInfer", request))
    request = over_grpc("echo", [numbers("in_int8", "INT8", [1, 2], [1, 2])], typed=True)
    request.inputs[0].ClearField("contents")
    request.inputs[0].contents.fp32_contents.extend([1.0, 2.0])
    yield "typed contents of another type", rpc(server.grpc("ModelInfer", request))
    for kind in ("FP16", "BF16"):
        request = over_grpc("echo", [Tensor(f"in_{kind.lower()}", kind, [1, 2], None)])
        request.inputs[0].contents.fp32_contents.extend([1.0, 2.0])
        yield f"typed contents for {kind}", rpc(server.grpc("ModelInfer", request))
    yield "an identifier and parameters", infer_grpc(
        server, "bench", [ROW], id="some id", parameters={
            "mine": "text", "flag": True, "count": 3, "ratio": 0.5, "priority": 0})
    yield "a priority that is none", infer_grpc(
        server, "bench", [ROW], parameters={"priority": 9})
    yield "a priority of the wrong type", infer_grpc(
        server, "bench", [ROW], parameters={"priority": "high"})
    yield "a sequence for a model without", infer_grpc(
        server, "bench", [ROW],
        parameters={"sequence_id": 5, "sequence_start": True, "sequence_end": True})
    for algorithm in ("gzip", "deflate"):
        call = server.channel.unary_unary(
            f"/{SERVICE}/ModelInfer", pb.ModelInferRequest.SerializeToString,
            pb.ModelInferResponse.FromString)
        response = call(
            over_grpc("bench", [X]), timeout=30,
            compression=getattr(grpc.Compression, algorithm.capitalize()))
        yield f"a request compressed with {algorithm}", message(response)
    unknown = server.channel.unary_unary(f"/{SERVICE}/Nothing")
    yield "an unknown method", {"code": code_of(unknown, b"")}
    unknown = server.channel.unary_unary("/inference.Nothing/ModelInfer")
    yield "an unknown service", {"code": code_of(unknown, b"")}
    check = server.channel.unary_unary("/grpc.health.v1.Health/Check")
    yield "the health of gRPC's own protocol", {"answer": check(b"", timeout=10).hex()}
    yield "the health of an unknown service", {
        "code": code_of(check, b"\x0a\x07nothing")}


def code_of(call, request):
    try:
        call(request, timeout=10)
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def http_wire(server):
    """What only HTTP can carry, or carry wrongly."""
    infer = "/v2/models/bench/infer"

    def post(body, headers=None, to=infer):
        return http(server.http("POST", to, body, headers))

    body, headers = over_http([X])
    yield "binary", post(body, headers)
    yield "binary, chunked", post(iter([body[:50], body[50:]]), headers)
    yield "binary, a query behind the path", post(body, headers, infer + "?a=b")
    for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        coded = {**headers, "Content-Encoding": encoding}
        yield f"binary with {encoding}", post(pack(body), coded)
        plain, _ = over_http([X], binary=False)
        yield f"JSON with {encoding}", post(pack(plain), {"Content-Encoding": encoding})
        yield f"damaged {encoding}", post(b"nonsense", coded)
        yield f"the answer with {encoding}", post(
            body, {**headers, "Accept-Encoding": encoding})
        yield f"the answer as JSON with {encoding}", post(
            plain, {"Accept-Encoding": encoding})
    yield "the answer with gzip or deflate", post(
        body, {**headers, "Accept-Encoding": "gzip, deflate"})
    yield "the answer with an unknown encoding", post(body, {**headers, "Accept-Encoding": "br"})
    yield "an unknown encoding", post(body, {**headers, "Content-Encoding": "br"})
    yield "nothing but a tensor", post(ROW.raw, {"Inference-Header-Content-Length": "0"})
    yield "nothing but a tensor that is too short", post(
        ROW.raw[:-4], {"Inference-Header-Content-Length": "0"})
    yield "nothing but a tensor, of many inputs", post(
        b"\1\2", {"Inference-Header-Content-Length": "0"}, "/v2/models/echo/infer")
    yield "nothing but a tensor, of a model without a batch dimension", post(
        struct.pack("<i", 0), {"Inference-Header-Content-Length": "0"}, "/v2/models/slow/infer")
    yield "nothing but a tensor, of an unknown model", post(
        ROW.raw, {"Inference-Header-Content-Length": "0"}, "/v2/models/missing/infer")
    yield "no body", post(b"")
    for name, length in [("beyond the body", "99999"), ("negative", "-1"), ("of letters", "x")]:
        yield f"a header length {name}", post(body, {"Inference-Header-Content-Length": length})
    yield "a header length that cuts the JSON", post(
        body, {"Inference-Header-Content-Length": "20"})
    for name, text in [
        ("no object", b"[]"), ("cut off", b'{"inputs":[{"name"'), ("no JSON", b"hello"),
        ("without inputs", b"{}"), ("whose inputs are no list", b'{"inputs":{}}'),
        ("whose input is empty", b'{"inputs":[{}]}'),
        ("whose input has no data", b'{"inputs":[{"name":"x","shape":[1,784],"datatype":"FP32"}]}'),
    ]:
        yield f"JSON {name}", post(text)

    def one(**changes):
        entry = {"name": "x", "shape": [1, 784], "datatype": "FP32", "data": [0.5] * 784, **changes}
        entry = {name: value for name, value in entry.items() if value is not None}
        return post(json.dumps({"inputs": [entry]}).encode())

    yield "JSON whose input has no name", one(name=None)
    yield "JSON whose input has no shape", one(shape=None)
    yield "JSON whose input has no data-type", one(datatype=None)
    yield "JSON whose shape is text", one(shape="a")
    yield "JSON whose shape is negative", one(shape=[1, -784])
    yield "JSON whose shape has fractions", one(shape=[1, 784.5])
    yield "JSON whose data-type is unknown", one(datatype="FP33")
    yield "JSON whose data is nested", one(data=[[0.5] * 784])
    yield "JSON whose data is nested too deep", one(data=[[[0.5] * 392, [0.5] * 392]])
    yield "JSON with too few elements", one(data=[1.0])
    yield "JSON with too many elements", one(data=[1.0] * 785)
    yield "JSON with text for numbers", one(data=["a"] * 784)
    yield "JSON with whole numbers for fractions", one(data=[3] * 784)
    yield "JSON whose data is no list", one(data=7)
    yield "JSON with data and binary size", one(parameters={"binary_data_size": 4})

    def int8(values):
        return post(json.dumps({"inputs": [{
            "name": "in_int8", "shape": [1, len(values)], "datatype": "INT8", "data": values,
        }]}).encode(), to="/v2/models/echo/infer")

    yield "JSON with a fraction for a whole number", int8([1.5])
    yield "JSON with a truth value for a number", int8([True])
    inputs = over_http([numbers("in_bool", "BOOL", [1, 3], [1, 0, 1])], binary=False)[0]
    yield "JSON with numbers for truth values", post(inputs, to="/v2/models/echo/infer")
    yield "JSON with an identifier", infer_http(
        server, "bench", [ROW], binary=False, id="some id")
    yield "JSON with a number as identifier", infer_http(server, "bench", [ROW], binary=False, id=5)
    yield "JSON with parameters", infer_http(
        server, "bench", [ROW], binary=False, parameters={
            "mine": "text", "flag": True, "count": 3, "ratio": 0.5})
    yield "JSON with a parameter that is a list", infer_http(
        server, "bench", [ROW], binary=False, parameters={"mine": [1]})
    yield "one output in JSON and one behind it", infer_http(
        server, "echo", list(every_type())[1:3],
        [("out_int8", {"binary_data": False}), ("out_uint8", {"binary_data": True})])
    tail = over_http([ROW])
    yield "bytes behind the last tensor", post(tail[0] + b"abcd", tail[1])
    too_large = Tensor("x", "FP32", [1, 784], ROW.raw)
    text, headers = over_http([too_large])
    yield "fewer bytes than the JSON says", post(text[:-100], headers)
    for method, to in [
        ("GET", infer), ("PUT", infer), ("DELETE", "/v2/models/bench"),
        ("POST", "/v2/models/bench"),
        ("POST", "/v2/health/live"), ("POST", "/v2/health/ready"), ("POST", "/v2"),
        ("GET", "/v2/repository/index"), ("GET", "/v2/repository/models/bench/load"),
        ("POST", "/v2/models/bench/config"), ("POST", "/v2/models/bench/stats"),
        ("POST", "/v2/models/bench/ready"), ("POST", "/v2/systemsharedmemory/status"),
        ("GET", "/v2/systemsharedmemory/region/x/register"),
    ]:
        yield f"{method} {to}", http(server.http(method, to))
    for to in [
        "/v2/", "/v2/nothing", "/v2/models", "/v2/models/", "/v2/health", "/v2/health/", "/nothing",
        "/v2/models/bench/nothing", "/v2/models/bench/versions/x", "/v2/models/bench/versions",
        "/v2/models/bench/infer/x", "/v3/models/bench", "/v2/models/missing/nothing",
    ]:
        yield f"GET {to}", http(server.http("GET", to))
    yield "the metrics at a wrong path", http(server.http("GET", "/x", port=server.metrics_port))
    yield "POST to the metrics", http(server.http("POST", "/metrics", port=server.metrics_port))


def questions(server):
    """Health, metadata, configuration and settings."""
    for to in ["/v2/health/live", "/v2/health/ready", "/v2", "/v2/trace/setting", "/v2/logging"]:
        yield f"GET {to}", http(server.http("GET", to))
    for method in ["ServerLive", "ServerReady", "ServerMetadata", "TraceSetting", "LogSettings"]:
        yield method, rpc(server.grpc(method, getattr(pb, method + "Request")()))
    for model in ["bench", "echo", "slow", "stream", "queued", "missing"]:
        for version in ["", "1", "7", "0"]:
            if version and model not in ("bench", "missing"):
                continue
            to, name = path(model, version), f"{model} {version}".strip()
            yield f"ready, {name}, HTTP", http(server.http("GET", to + "/ready"))
            yield f"metadata, {name}, HTTP", http(server.http("GET", to))
            yield f"configuration, {name}, HTTP", http(server.http("GET", to + "/config"))
            for title, method in [
                ("ready", "ModelReady"), ("metadata", "ModelMetadata"),
                ("configuration", "ModelConfig"),
            ]:
                request = getattr(pb, method + "Request")(name=model, version=version)
                yield f"{title}, {name}, gRPC", rpc(server.grpc(method, request))
    for version in ["x", "-1"]:
        for method in ["ModelReady", "ModelMetadata", "ModelConfig"]:
            request = getattr(pb, method + "Request")(name="bench", version=version)
            yield f"{method} of version {version}", rpc(server.grpc(method, request))
    yield "ready, no name, gRPC", rpc(server.grpc("ModelReady", pb.ModelReadyRequest()))
    yield "a name in percents", http(server.http("GET", "/v2/models/b%65nch"))
    yield "trace settings of a model", http(server.http("GET", "/v2/models/bench/trace/setting"))
    yield "trace settings of an unknown model", http(
        server.http("GET", "/v2/models/missing/trace/setting"))
    yield "trace settings of an unknown model, gRPC", rpc(
        server.grpc("TraceSetting", pb.TraceSettingRequest(model_name="missing")))
    yield "another trace setting", http(
        server.http("POST", "/v2/trace/setting", b'{"trace_rate":"500"}'))
    yield "another log setting", http(
        server.http("POST", "/v2/logging", b'{"log_verbose_level":0}'))
    yield "log settings that are damaged", http(server.http("POST", "/v2/logging", b'{"log'))


def counts(server):
    """What a request adds to the statistics and the metrics."""
    def grpc_counts():
        answer = server.grpc("ModelStatistics", pb.ModelStatisticsRequest(name="bench"))
        return answer.response.model_stats[0]

    def http_counts():
        return server.http("GET", "/v2/models/bench/stats").json()["model_stats"][0]

    def metrics():
        text = server.http("GET", "/metrics", port=server.metrics_port).body.decode()
        lines = [line.rpartition(" ") for line in text.splitlines() if line[:1] != "#"]
        return text, {name: float(value) for name, _, value in lines}

    before, http_before, (_, metrics_before) = grpc_counts(), http_counts(), metrics()
    three = numbers("x", "FP32", [3, 784], [0.0] * 3 * 784)
    for _ in range(2):
        infer_grpc(server, "bench", [three])
    infer_grpc(server, "bench", [Tensor("x", "FP32", [1, 3], bytes(12))])
    after, http_after, (text, metrics_after) = grpc_counts(), http_counts(), metrics()
    grown = {
        name: getattr(after, name) - getattr(before, name)
        for name in ("inference_count", "execution_count")}
    for name in ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output"):
        old, new = getattr(before.inference_stats, name), getattr(after.inference_stats, name)
        grown[name] = new.count - old.count
        grown[f"{name} took time"] = new.ns > old.ns
    sizes = {batch.batch_size: batch.compute_infer.count for batch in after.batch_stats}
    old_sizes = {batch.batch_size: batch.compute_infer.count for batch in before.batch_stats}
    grown["batches of 3"] = sizes[3] - old_sizes.get(3, 0)
    grown["it was now"] = abs(after.last_inference / 1000 - time.time()) < 60
    yield "statistics, gRPC", grown
    yield "statistics, HTTP", {
        "keys": shape_of(http_after),
        "grown": {
            name: http_after[name] - http_before[name]
            for name in ("inference_count", "execution_count")},
        "batches of 3": [
            batch["compute_infer"]["count"] for batch in http_after["batch_stats"]
            if batch["batch_size"] == 3]}
    yield "metrics of the model", {
        name: round(value - metrics_before[name]) for name, value in sorted(metrics_after.items())
        if 'model="bench"' in name and "_us" not in name}
    yield "metrics", {"names": sorted({
        line for line in text.splitlines() if line.startswith(("# TYPE", "# HELP"))})}
    for name, model, version in [
        ("unknown model", "missing", ""), ("unknown version", "bench", "7"),
        ("version 1", "bench", "1"), ("version 0", "bench", "0")]:
        answer = http(server.http("GET", path(model, version) + "/stats"))
        yield f"statistics of {name}, HTTP", {**answer, "body": shape_of(answer.get("body"))}
        answer = rpc(server.grpc(
            "ModelStatistics", pb.ModelStatisticsRequest(name=model, version=version)))
        yield f"statistics of {name}, gRPC", {**answer, "response": "response" in answer}
    for version in ["x", "-1"]:
        yield f"statistics of version {version}, gRPC", rpc(server.grpc(
            "ModelStatistics", pb.ModelStatisticsRequest(name="bench", version=version)))
    models = server.http("GET", "/v2/models/stats").json()["model_stats"]
    names = {model["name"] for model in models}
    yield "statistics of all models", {"models": sorted(names & MODELS)}


def shape_of(value):
    """The names in a value of JSON, without its numbers."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    return [shape_of(value[0])] if isinstance(value, list) and value else type(value).__name__


def streams(server):
    """Models with any number of results."""
    def ask(*requests):
        return stream(server.grpc("ModelStreamInfer", *requests, timeout=20))

    def count(number, **fields):
        return over_grpc("stream", [numbers("count", "INT32", [1], [number])], **fields)

    final = {"triton_enable_empty_final_response": True}
    yield "three results", ask(count(3, id="a"))
    yield "three results and the end", ask(count(3, id="a", parameters=final))
    yield "no results", ask(count(0, id="a"))
    yield "no results and the end", ask(count(0, id="a", parameters=final))
    yield "a failing stream", ask(count(-1, id="a"))
    yield "a failing stream and the end", ask(count(-1, id="a", parameters=final))
    yield "a stream with an unknown output", ask(count(1, id="a", outputs=["zz"]))
    yield "a stream with a wanted output", ask(count(1, id="a", outputs=["number"]))
    yield "a stream of an unknown model", ask(over_grpc("missing", [ROW], id="a"))
    yield "a stream of an unknown model and the end", ask(
        over_grpc("missing", [ROW], id="a", parameters=final))
    yield "a stream with a wrong input", ask(over_grpc("stream", [ROW], id="a"))
    yield "a stream to a model of one result", ask(over_grpc("bench", [ROW], id="b"))
    yield "a stream to a model of one result and the end", ask(
        over_grpc("bench", [ROW], id="b", parameters=final))
    yield "a stream to a failing model", ask(
        over_grpc("slow", [numbers("milliseconds", "INT32", [1], [-1])], id="c"))
    yield "a stream without requests", ask()
    # One after the other: tritonserver 2.51 crashes when they overlap.
    yield "several requests on a stream", stream(server.grpc_in_turn([
        (count(2, id="a", parameters=final), 3), (over_grpc("bench", [ROW], id="b"), 1),
        (over_grpc("missing", [ROW], id="c"), 1), (count(0, id="d", parameters=final), 1),
        (over_grpc("bench", [ROW], id="e"), 1)]))
    yield "nonsense on a stream", ask(b"\xff")


def classification(server):
    """The largest elements instead of all."""
    values = [0.5, 3.25, -1.0, 3.25, 1e6, 0.1, 2.0, 1 / 3, -7.5, 0.0]
    rows = [value + row for row in range(2) for value in values + [0.0] * 774]
    x = numbers("x", "FP32", [2, 784], rows)
    for count in (1, 3, 10, 20, 0):
        wanted = [("y", {"classification": count})]
        yield from both(server, f"{count} classes", "bench", [x], wanted)
    yield "3 classes, JSON", infer_http(
        server, "bench", [x], [("y", {"classification": 3})], binary=False)
    yield "classes of a wrong type", infer_grpc(
        server, "bench", [x], [("y", {"classification": "all"})])
    for tensor in every_type():
        # Those of texts make tritonserver 2.51 crash.
        if tensor.datatype == "BYTES":
            continue
        output = tensor.name.replace("in_", "out_")
        yield from both(
            server, f"classes of {tensor.datatype}", "echo", [tensor],
            [(output, {"classification": 2})])
    yield from both(
        server, "classes without a batch dimension", "slow",
        [numbers("milliseconds", "INT32", [1], [3])], [("slept", {"classification": 1})])


@contextmanager
def memory(letter, size):
    """A shared-memory object of a name that no other process uses."""
    file = Path("/dev/shm") / f"needletail-conformance-{os.getpid()}-{letter}"
    file.write_bytes(bytes(size))
    try:
        yield f"/{file.name}", file
    finally:
        file.unlink()


def shared_memory(server):
    """System shared memory by both transports."""
    with memory("a", 4096) as (key, file), memory("b", 8192) as (key_b, file_b):
        for way in ("gRPC", "HTTP"):
            file.write_bytes(ROW.raw + bytes(4096 - len(ROW.raw)))
            file_b.write_bytes(bytes(8192))
            for name, answer in shared_memory_by(server, way, key, key_b, file_b):
                text = json.dumps(answer).replace(key, "/KEY-A").replace(key_b, "/KEY-B")
                yield f"{name}, {way}", json.loads(text)
    yield "CUDA regions", rpc(server.grpc(
        "CudaSharedMemoryStatus", pb.CudaSharedMemoryStatusRequest()))
    yield "an unknown CUDA region", rpc(server.grpc(
        "CudaSharedMemoryStatus", pb.CudaSharedMemoryStatusRequest(name="x")))
    yield "an unknown CUDA region, HTTP", http(
        server.http("GET", "/v2/cudasharedmemory/region/x/status"))
    yield "CUDA regions, HTTP", http(server.http("GET", "/v2/cudasharedmemory/status"))
    yield "forget a CUDA region", rpc(server.grpc(
        "CudaSharedMemoryUnregister", pb.CudaSharedMemoryUnregisterRequest(name="x")))
    yield "forget a CUDA region, HTTP", http(
        server.http("POST", "/v2/cudasharedmemory/region/x/unregister"))
    yield "register a CUDA region", rpc(server.grpc(
        "CudaSharedMemoryRegister", pb.CudaSharedMemoryRegisterRequest(
            name="x", raw_handle=b"\0" * 64, byte_size=64)))


def shared_memory_by(server, way, key, key_b, file):
    is_grpc = way == "gRPC"
    base = "/v2/systemsharedmemory"

    def register(name, byte_size, offset=0, key=key):
        if is_grpc:
            return rpc(server.grpc(
                "SystemSharedMemoryRegister", pb.SystemSharedMemoryRegisterRequest(
                    name=name, key=key, offset=offset, byte_size=byte_size)))
        return http(server.http("POST", f"{base}/region/{name}/register", json.dumps(
            {"key": key, "offset": offset, "byte_size": byte_size}).encode()))

    def status(name=""):
        if is_grpc:
            return rpc(server.grpc(
                "SystemSharedMemoryStatus", pb.SystemSharedMemoryStatusRequest(name=name)))
        to = f"{base}/region/{name}/status" if name else f"{base}/status"
        answer = http(server.http("GET", to))
        if isinstance(answer.get("body"), list):
            answer["body"].sort(key=lambda region: region["name"])
        return answer

    def forget(name=""):
        if is_grpc:
            return rpc(server.grpc(
                "SystemSharedMemoryUnregister", pb.SystemSharedMemoryUnregisterRequest(name=name)))
        to = f"{base}/region/{name}/unregister" if name else f"{base}/unregister"
        return http(server.http("POST", to))

    def infer(region, size=3136, offset=0, output=None, model="bench"):
        x = Tensor("x", "FP32", [1, 784], None)
        x.parameters = {"shared_memory_region": region, "shared_memory_byte_size": size}
        if offset:
            x.parameters["shared_memory_offset"] = offset
        outputs = [("y", output)] if output else ["y"]
        ask = infer_grpc if is_grpc else infer_http
        return ask(server, model, [x], outputs)

    def place(region, size, offset=0):
        return {
            "shared_memory_region": region, "shared_memory_byte_size": size,
            **({"shared_memory_offset": offset} if offset else {})}

    yield "no regions", status()
    yield "an unknown region", status("a")
    yield "register a region", register("a", 4096)
    yield "register again", register("a", 4096)
    yield "register the same memory by another name", register("again", 4096)
    yield "forget the other name", forget("again")
    yield "register more than there is", register("d", 8193, key=key_b)
    yield "register behind the end", register("e", 4097, offset=4096, key=key_b)
    yield "register nothing", register("f", 0, key=key_b)
    yield "register", register("b", 4000, key=key_b)
    yield "all regions", status()
    yield "one region", status("b")
    yield "register what is not there", register("c", 16, key="/needletail-nothing")
    yield "an input from a region", infer("a")
    yield "an input behind an offset", infer("a", offset=4096 - 3136)
    yield "an input beyond its region", infer("a", offset=2048)
    yield "an input at an offset beyond its region", infer("a", offset=10000)
    yield "an input larger than its region", infer("a", size=5000)
    yield "an input of another size than its shape", infer("a", size=3132)
    yield "an input from an unknown region", infer("zz")
    yield "an output to a region", infer("a", output=place("b", 40))
    yield "an output to a region, its bytes", {"bytes": file.read_bytes()[:40].hex()}
    yield "an output behind an offset", infer("a", output=place("b", 100, 64))
    yield "an output behind an offset, its bytes", {
        "bytes": file.read_bytes()[64:104].hex()}
    yield "an output that does not fit", infer("a", output=place("b", 36))
    yield "an output beyond its region", infer("a", output=place("b", 40, 3990))
    yield "an output to an unknown region", infer("a", output=place("zz", 40))
    if not is_grpc:
        yield "register without a key", http(
            server.http("POST", f"{base}/region/g/register", b'{"byte_size":4}'))
        yield "register without a size", http(
            server.http("POST", f"{base}/region/g/register", b'{"key":"/x"}'))
        yield "register with damaged JSON", http(
            server.http("POST", f"{base}/region/g/register", b'{"key'))
    yield "forget", forget("b")
    yield "forget again", forget("b")
    yield "the regions that are left", status()
    yield "an output to a forgotten region", infer("a", output=place("b", 40))
    # Its place is all that can be compared: tritonserver 2.51 writes outputs for it elsewhere.
    yield "register behind an offset", register("c", 4000, offset=4096, key=key_b)
    yield "a region behind an offset", status("c")
    yield "forget the region behind an offset", forget("c")
    yield "register without a name", register("", 16, key=key_b)
    yield "forget all", forget()
    yield "the regions that are left then", status()
    yield "an input from a forgotten region", infer("a")


def queue(server):
    """Requests that wait for others."""
    def sleep(milliseconds, **fields):
        tensor = numbers("milliseconds", "INT32", [1, 1], [milliseconds])
        return over_grpc("queued", [tensor], **fields)

    answers = {}

    def ask(name, request):
        answers[name] = rpc(server.grpc("ModelInfer", request))

    def start(name, request):
        thread = threading.Thread(target=ask, args=(name, request))
        thread.start()
        time.sleep(0.1)
        return thread

    # The first one is at work, the second waits no longer than it wants to.
    threads = [start("first", sleep(500))]
    threads.append(start("impatient", sleep(0, parameters={"timeout": 50_000})))
    for thread in threads:
        thread.join()
    yield "a request that works", answers["first"]
    yield "a request that waits too long", answers["impatient"]
    body, headers = over_http(
        [numbers("milliseconds", "INT32", [1, 1], [0])], parameters={"timeout": 50_000})
    thread = start("first", sleep(500))
    answer = server.http("POST", "/v2/models/queued/infer", body, headers)
    thread.join()
    yield "a request that waits too long, HTTP", http(answer)
    yield "a timeout of the wrong type", rpc(
        server.grpc("ModelInfer", sleep(0, parameters={"timeout": "long"})))
    # Some are at work or on their way to it; of many more at once all but two must go.
    threads = [start("first", sleep(700))]
    threads += [
        threading.Thread(target=ask, args=(f"more {number}", sleep(0))) for number in range(12)]
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [
        answer for name, answer in answers.items() if name[:4] == "more" and answer["code"] != "OK"]
    yield "requests that find the queue full", {
        "some were refused": len(refused) > 0, "some were taken": len(refused) < 12,
        "how": refused[0] if refused else None, "all alike": all(a == refused[0] for a in refused)}


def deadline(server):
    """A client that gives up, and what the server thinks of it."""
    def ends():
        text = server.http("GET", "/metrics", port=server.metrics_port).body.decode()
        found = re.findall(
            r'nv_inference_request_(success|failure){model="slow",(?:reason="(\w+)",)?.*} (\d+)', text)
        return {reason or kind: int(count) for kind, reason, count in found}

    request = over_grpc("slow", [numbers("milliseconds", "INT32", [1], [700])])
    before = ends()
    answer = server.grpc("ModelInfer", request, timeout=0.2)
    yield "a deadline", {"code": answer.code}
    time.sleep(1)
    yield "a deadline, counted", {
        reason: count - before[reason] for reason, count in ends().items()}
    yield "a request after it", infer_grpc(
        server, "slow", [numbers("milliseconds", "INT32", [1], [0])])


def repository(server):
    """Models that come and go. The last subject: one of them stays away."""
    x = numbers("x", "INT32", [1, 2], [1, 2])

    def index(ready=None):
        body = json.dumps({"ready": ready}).encode() if ready is not None else b""
        return only_known(http(server.http("POST", "/v2/repository/index", body)), "body")

    def rpc_index(ready=False):
        answer = rpc(server.grpc("RepositoryIndex", pb.RepositoryIndexRequest(ready=ready)))
        return {**answer, "response": only_known(answer["response"], "models")}

    def only_known(answer, place):
        known = [model for model in answer[place] if model["name"] in MODELS]
        return {**answer, place: known}

    yield "index, HTTP", index()
    yield "index, gRPC", rpc_index()
    yield "index that is damaged", http(server.http("POST", "/v2/repository/index", b'{"ready'))
    yield "load an unknown model, HTTP", http(
        server.http("POST", "/v2/repository/models/missing/load"))
    yield "load an unknown model, gRPC", rpc(server.grpc(
        "RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="missing")))
    yield "unload an unknown model, HTTP", http(
        server.http("POST", "/v2/repository/models/missing/unload"))
    yield "unload an unknown model, gRPC", rpc(server.grpc(
        "RepositoryModelUnload", pb.RepositoryModelUnloadRequest(model_name="missing")))
    yield "load a loaded model, HTTP", http(
        server.http("POST", "/v2/repository/models/queued/load", b"{}"))
    yield "load a loaded model, gRPC", rpc(server.grpc(
        "RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="queued")))
    yield from both(server, "a loaded model", "loads_once", [x])
    yield "unload", http(server.http(
        "POST", "/v2/repository/models/loads_once/unload",
        b'{"parameters":{"unload_dependents":false}}'))
    # The real server answers before it has unloaded.
    for _ in range(100):
        state = [model for model in index()["body"] if model["name"] == "loads_once"][0]
        if state.get("state") == "UNAVAILABLE":
            break
        time.sleep(0.05)
    yield from absent(server, "an unloaded model", x)
    yield "index with an unloaded model, HTTP", index()
    yield "index with an unloaded model, gRPC", rpc_index()
    yield "index of the loaded models, HTTP", index(True)
    yield "index of the loaded models, gRPC", rpc_index(True)
    yield "the server's readiness without a model", http(server.http("GET", "/v2/health/ready"))
    yield "unload again", rpc(server.grpc(
        "RepositoryModelUnload", pb.RepositoryModelUnloadRequest(model_name="loads_once")))
    yield "a load that fails, HTTP", http(
        server.http("POST", "/v2/repository/models/loads_once/load"))
    yield "a load that fails, gRPC", rpc(server.grpc(
        "RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="loads_once")))
    yield from absent(server, "a model that cannot be loaded", x)
    yield "index with a model that cannot be loaded", index()
    yield "unload a model, gRPC", rpc(server.grpc(
        "RepositoryModelUnload", pb.RepositoryModelUnloadRequest(model_name="queued")))
    yield "load a model again, gRPC", rpc(server.grpc(
        "RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="queued")))
    yield from both(
        server, "a model loaded again", "queued", [numbers("milliseconds", "INT32", [1, 1], [0])])


def absent(server, name, x):
    yield from both(server, name, "loads_once", [x])
    yield from both(server, f"{name}, version 1", "loads_once", [x], version="1")
    for title, method in [
        ("ready", "ModelReady"), ("metadata", "ModelMetadata"), ("configuration", "ModelConfig"),
        ("statistics", "ModelStatistics"),
    ]:
        request = getattr(pb, method + "Request")(name="loads_once")
        yield f"{name}, {title}, gRPC", rpc(server.grpc(method, request))
    for title, end in [
        ("ready", "/ready"), ("metadata", ""), ("configuration", "/config"),
        ("statistics", "/stats"),
    ]:
        yield f"{name}, {title}, HTTP", http(server.http("GET", "/v2/models/loads_once" + end))


SUBJECTS = [
    types, mistakes, grpc_wire, http_wire, questions, counts, streams, classification,
    shared_memory, queue, deadline, repository,
]
