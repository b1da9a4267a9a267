"""Requests in the forms in which they travel, and answers in a form in which they can be compared.

    infer_http(server, "bench", [numbers("x", "FP32", [1, 2], [0.5, 1])])

is `{"status": 200, "type": ..., "body": ...}` whatever the server; `infer_grpc` is likewise.
"""

import gzip
import hashlib
import json
import struct
import zlib

from google.protobuf.json_format import MessageToDict
from peers import pb


class Tensor:
    """An input: its bytes as they are on the wire, and its elements as JSON has them."""

    def __init__(self, name, datatype, shape, raw, values=None, field=None):
        self.name, self.datatype, self.shape = name, datatype, list(shape)
        self.raw, self.values, self.field = raw, values, field
        self.parameters = {}


def numbers(name, datatype, shape, values):
    code, field = {
        "BOOL": ("?", "bool"), "INT8": ("b", "int"), "INT16": ("h", "int"), "INT32": ("i", "int"),
        "INT64": ("q", "int64"), "UINT8": ("B", "uint"), "UINT16": ("H", "uint"),
        "UINT32": ("I", "uint"), "UINT64": ("Q", "uint64"), "FP32": ("f", "fp32"),
        "FP64": ("d", "fp64"), "FP16": ("e", None),
    }[datatype]
    raw = struct.pack(f"<{len(values)}{code}", *values)
    return Tensor(name, datatype, shape, raw, values, field and f"{field}_contents")


def bfloat16(name, shape, values):
    raw = b"".join(struct.pack("<f", value)[2:] for value in values)
    return Tensor(name, "BF16", shape, raw, values)


def texts(name, shape, values):
    encoded = [value.encode() for value in values]
    raw = b"".join(struct.pack("<I", len(value)) + value for value in encoded)
    return Tensor(name, "BYTES", shape, raw, values, "bytes_contents")


def over_grpc(model, inputs, outputs=(), typed=False, **fields):
    """A request with raw or typed contents; `outputs` are names, or names with parameters."""
    request = pb.ModelInferRequest(model_name=model, model_version=fields.get("version", ""))
    request.id = fields.get("id", "")
    set_parameters(request.parameters, fields.get("parameters", {}))
    for tensor in inputs:
        place = request.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        set_parameters(place.parameters, tensor.parameters)
        if tensor.raw is None:
            continue
        if typed:
            values = [v.encode() if isinstance(v, str) else v for v in tensor.values]
            getattr(place.contents, tensor.field).extend(values)
        else:
            request.raw_input_contents.append(tensor.raw)
    for name, parameters in named(outputs):
        set_parameters(request.outputs.add(name=name).parameters, parameters)
    return request


def set_parameters(target, parameters):
    for name, value in parameters.items():
        kind = {bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param"}
        setattr(target[name], kind[type(value)], value)


def named(outputs):
    return [(output, {}) if isinstance(output, str) else output for output in outputs]


def over_http(inputs, outputs=(), binary=True, **fields):
    """The JSON of a request, the bytes behind it, and the headers that tell them apart."""
    described, tail = [], b""
    for tensor in inputs:
        entry = {"name": tensor.name, "shape": tensor.shape, "datatype": tensor.datatype}
        parameters = dict(tensor.parameters)
        if tensor.raw is not None and binary:
            parameters["binary_data_size"] = len(tensor.raw)
            tail += tensor.raw
        elif tensor.raw is not None:
            entry["data"] = tensor.values
        described.append({**entry, "parameters": parameters} if parameters else entry)
    parameters = dict(fields.get("parameters", {}))
    request = {"inputs": described}
    if outputs:
        request["outputs"] = [
            {"name": name, "parameters": {**place_of(binary, more), **more}}
            for name, more in named(outputs)]
    elif binary:
        parameters["binary_data_output"] = True
    if parameters:
        request["parameters"] = parameters
    if "id" in fields:
        request["id"] = fields["id"]
    text = json.dumps(request).encode()
    return text + tail, {"Inference-Header-Content-Length": str(len(text))} if binary else {}


def place_of(binary, parameters):
    """Where an output goes, unless to shared memory."""
    return {} if "shared_memory_region" in parameters else {"binary_data": binary}


def path(model, version=""):
    return f"/v2/models/{model}" + (f"/versions/{version}" if version else "")


def infer_http(server, model, inputs, outputs=(), binary=True, **fields):
    body, headers = over_http(inputs, outputs, binary, **fields)
    return http(server.http(
        "POST", path(model, fields.get("version", "")) + "/infer", body, headers))


def infer_grpc(server, model, inputs, outputs=(), **fields):
    return rpc(server.grpc("ModelInfer", over_grpc(model, inputs, outputs, **fields)))


def both(server, name, model, inputs, outputs=(), **fields):
    """The same request over both transports."""
    yield f"{name}, gRPC", infer_grpc(server, model, inputs, outputs, **fields)
    yield f"{name}, HTTP", infer_http(server, model, inputs, outputs, **fields)


# --- Answers in comparable form -----------------------------------------------------------------


def digest(data):
    """Bytes as text, long ones by their hash."""
    if len(data) <= 64:
        return data.hex()
    return f"{len(data)} bytes {hashlib.sha256(data).hexdigest()}"


def http(answer):
    result = {"status": answer.status, "type": answer.headers.get("content-type", "")}
    length = answer.headers.get("inference-header-content-length")
    body = answer.body
    if "content-encoding" in answer.headers:
        result["encoding"] = answer.headers["content-encoding"]
        body = gzip.decompress(body) if result["encoding"] == "gzip" else zlib.decompress(body)
    if length is not None:
        text, tail = body[:int(length)], body[int(length):]
        result["body"] = json.loads(text)
        for output in result["body"]["outputs"]:
            size = output.get("parameters", {}).pop("binary_data_size", None)
            if size is not None:
                output["bytes"], tail = digest(tail[:size]), tail[size:]
        result["rest"] = len(tail)
    elif body[:1] in (b"{", b"["):
        result["body"] = json.loads(body)
        if isinstance(result["body"], dict) and list(result["body"]) == ["error"]:
            result["message"] = result.pop("body")["error"]
    else:
        result["text"] = body.decode()
    return result


def rpc(answer):
    if answer.code != "OK":
        return {"code": answer.code, "message": answer.message}
    return {"code": "OK", "response": message(answer.response)}


def message(response):
    if not isinstance(response, pb.ModelInferResponse):
        return MessageToDict(response, preserving_proto_field_name=True)
    raw = list(response.raw_output_contents)
    result = MessageToDict(response, preserving_proto_field_name=True)
    result.pop("raw_output_contents", None)
    result["raw"] = [digest(data) for data in raw]
    return result


def stream(answer):
    responses = []
    for response in answer.responses:
        entry = message(response.infer_response)
        if response.error_message:
            entry["error"] = response.error_message
        responses.append(entry)
    return {"code": answer.code, "message": answer.message, "responses": responses}
