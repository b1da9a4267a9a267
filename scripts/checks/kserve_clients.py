"""Checks that the clients that people have of Triton work with the server.

    NEEDLETAIL_BIN=.build/debug .venv-peers/bin/python scripts/checks/kserve_clients.py

tritonclient (gRPC, HTTP in binary and in JSON, both also with asyncio, system shared memory) and
PyTriton's clients call the program KServeFixture; sixteen senders at once have their rows joined
into batches; a batch of images of 30 MB passes, and one beyond the server's limit is refused. Then
`needletail serve` serves the digits' model, and must give the numbers of ONNX Runtime's own
package. Exits with 77 where the clients or the programs are missing.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Triton"))

try:
    import numpy as np
    import pytriton.client as pytriton
    import tritonclient.grpc as triton_grpc
    import tritonclient.grpc.aio as triton_grpc_aio
    import tritonclient.http as triton_http
    import tritonclient.http.aio as triton_http_aio
    import tritonclient.utils.shared_memory as shm
    from peers import Server, binaries
    from pytriton.client import exceptions as pytriton_exceptions
    from tritonclient.utils import InferenceServerException, np_to_triton_dtype
except ImportError as error:
    print(f"skipped: {error}; the interpreter must be that of .venv-peers")
    sys.exit(77)

X = np.arange(5 * 784, dtype=np.float32).reshape(5, 784)
# The seconds that a client of HTTP waits; images take their time on a busy machine.
PATIENCE = 60


def every_type():
    yield "bool", np.array([[True, False, True]])
    for bits in (8, 16, 32, 64):
        for kind in ("int", "uint"):
            limits = np.iinfo(f"{kind}{bits}")
            yield f"{kind}{bits}", np.array([[limits.min, limits.max, 7]], f"{kind}{bits}")
    yield "fp16", np.array([[0.5, -2, 65504]], np.float16)
    yield "fp32", np.array([[0.1, -2.5, 3e38]], np.float32)
    yield "fp64", np.array([[0.1, -2.5, 1e308]], np.float64)
    yield "bytes", np.array([["héllo".encode(), b"", b"a\0b"]], np.object_)


def equal(found, wanted):
    assert found is not None, "there is no such output"
    assert found.shape == wanted.shape, f"the shape is {found.shape}, not {wanted.shape}"
    assert np.array_equal(found, wanted), f"{found} is not {wanted}"


def fails(error, call, *gists):
    """The error that `call` must end with, which must say all of `gists`."""
    try:
        call()
    except error as raised:
        for gist in gists:
            assert gist in str(raised), f"{raised!r} does not say {gist!r}"
        return raised
    raise AssertionError(f"there was no {error.__name__}")


def tensor(library, name, array, **options):
    result = library.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    result.set_data_from_numpy(array, **options)
    return result


# --- tritonclient -------------------------------------------------------------------------------


def grpc_client(server):
    """tritonclient over gRPC"""
    with triton_grpc.InferenceServerClient(server.grpc_address) as client:
        questions(client)
        for name, array in every_type():
            answer = client.infer("echo", [tensor(triton_grpc, f"in_{name}", array)])
            equal(answer.as_numpy(f"out_{name}"), array)
        answer = client.infer(
            "bench", [tensor(triton_grpc, "x", X)], request_id="seven",
            compression_algorithm="gzip",
            outputs=[triton_grpc.InferRequestedOutput("y")], parameters={"mine": 1})
        equal(answer.as_numpy("y"), X[:, :10])
        assert answer.get_response().id == "seven"
        classes = client.infer(
            "bench", [tensor(triton_grpc, "x", X)],
            outputs=[triton_grpc.InferRequestedOutput("y", class_count=2)]).as_numpy("y")
        assert [text.decode() for text in classes[0]] == ["9.000000:9", "8.000000:8"], classes
        error = fails(
            InferenceServerException,
            lambda: client.infer("bench", [tensor(triton_grpc, "zz", X)]), "unexpected", "zz")
        assert error.status() == "StatusCode.INVALID_ARGUMENT"
        error = fails(
            InferenceServerException, lambda: client.infer(
                "slow", [tensor(triton_grpc, "milliseconds", np.array([1000], np.int32))],
                client_timeout=0.2), "Deadline")
        assert error.status() == "StatusCode.DEADLINE_EXCEEDED"
        statistics = client.get_inference_statistics("bench", as_json=True)["model_stats"][0]
        assert int(statistics["inference_count"]) >= 10, statistics
        done = threading.Event()
        found = []
        client.async_infer(
            "bench", [tensor(triton_grpc, "x", X)],
            callback=lambda result, error: (found.append((result, error)), done.set()))
        assert done.wait(20), "the asynchronous call did not come back"
        equal(found[0][0].as_numpy("y"), X[:, :10])
        streams(client)
        repository(client)


def questions(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("bench")
    assert not client.is_model_ready("nothing") and not client.is_model_ready("bench", "7")
    as_json = {"as_json": True} if isinstance(client, triton_grpc.InferenceServerClient) else {}
    assert client.get_server_metadata(**as_json)["name"] == "needletail"
    metadata = client.get_model_metadata("bench", **as_json)
    assert [int(size) for size in metadata["inputs"][0]["shape"]] == [-1, 784], metadata
    config = client.get_model_config("bench", **as_json)
    assert config.get("config", config)["max_batch_size"] == 8192, config
    index = client.get_model_repository_index(**as_json)
    states = {m["name"]: m["state"] for m in (index["models"] if as_json else index)}
    assert states["bench"] == "READY", index
    client.get_trace_settings("bench")
    client.get_log_settings()
    fails(InferenceServerException, lambda: client.get_model_metadata("nothing"), "not found")


def repository(client):
    client.unload_model("queued")
    assert not client.is_model_ready("queued") and client.is_server_ready()
    client.load_model("queued")
    assert client.is_model_ready("queued")
    fails(InferenceServerException, lambda: client.load_model("nothing"), "failed to load")


def streams(client):
    found = []
    ended = threading.Event()

    def take(result, error):
        found.append(error or result)
        is_last = error or result.get_response().parameters["triton_final_response"].bool_param
        if is_last:
            ended.set()

    client.start_stream(take)
    for count, numbers in ((3, [0, 1, 2]), (0, [])):
        found.clear()
        ended.clear()
        client.async_stream_infer(
            "stream", [tensor(triton_grpc, "count", np.array([count], np.int32))],
            enable_empty_final_response=True)
        assert ended.wait(20), "the stream has no end"
        assert [int(result.as_numpy("number")[0]) for result in found[:-1]] == numbers, found
        assert found[-1].as_numpy("number") is None
    ended.clear()
    client.async_stream_infer(
        "stream", [tensor(triton_grpc, "count", np.array([-1], np.int32))])
    assert ended.wait(20) and "must not be negative" in str(found[-1]), found
    client.stop_stream()


def http_client(server):
    """tritonclient over HTTP, in binary and in JSON"""
    with triton_http.InferenceServerClient(
            server.http_address, concurrency=2, network_timeout=PATIENCE) as client:
        questions(client)
        for name, array in every_type():
            for binary in (True, False):
                if name == "fp16" and not binary:
                    continue
                outputs = [triton_http.InferRequestedOutput(f"out_{name}", binary_data=binary)]
                inputs = [tensor(triton_http, f"in_{name}", array, binary_data=binary)]
                found = client.infer("echo", inputs, outputs=outputs).as_numpy(f"out_{name}")
                if name == "bytes" and not binary:
                    found = np.vectorize(str.encode, otypes=[object])(found)
                equal(found, array)
        for compression in ("gzip", "deflate"):
            answer = client.infer(
                "bench", [tensor(triton_http, "x", X)], request_id="seven",
                request_compression_algorithm=compression,
                response_compression_algorithm=compression)
            equal(answer.as_numpy("y"), X[:, :10])
            assert answer.get_response()["id"] == "seven"
        classes = client.infer(
            "bench", [tensor(triton_http, "x", X)],
            outputs=[triton_http.InferRequestedOutput("y", class_count=2)]).as_numpy("y")
        assert [text.decode() for text in classes[4]] == ["3145.000000:9", "3144.000000:8"], classes
        error = fails(
            InferenceServerException,
            lambda: client.infer("bench", [tensor(triton_http, "zz", X)]), "unexpected", "zz")
        assert error.status() == "400"
        pending = [client.async_infer("bench", [tensor(triton_http, "x", X)]) for _ in range(4)]
        for answer in pending:
            equal(answer.get_result().as_numpy("y"), X[:, :10])
        statistics = client.get_inference_statistics("bench")["model_stats"][0]
        assert statistics["inference_count"] >= 10, statistics
        repository(client)


async def asyncio_clients(server):
    """tritonclient with asyncio, over both transports"""
    for library, address in (
            (triton_grpc_aio, server.grpc_address), (triton_http_aio, server.http_address)):
        async with library.InferenceServerClient(address) as client:
            assert await client.is_server_ready() and await client.is_model_ready("bench")
            assert not await client.is_model_ready("nothing")
            answers = await asyncio.gather(*(
                client.infer("bench", [tensor(library, "x", X + number)]) for number in range(10)))
            for number, answer in enumerate(answers):
                equal(answer.as_numpy("y"), X[:, :10] + number)
            for name, array in every_type():
                answer = await client.infer("echo", [tensor(library, f"in_{name}", array)])
                equal(answer.as_numpy(f"out_{name}"), array)
            try:
                await client.infer("nothing", [tensor(library, "x", X)])
                raise AssertionError("a model that is not there was run")
            except InferenceServerException as error:
                assert "not found" in str(error), error
    async with triton_grpc_aio.InferenceServerClient(server.grpc_address) as client:
        async def requests():
            for count in (2, 3):
                yield {
                    "model_name": "stream", "request_id": str(count), "inputs": [
                        tensor(triton_grpc_aio, "count", np.array([count], np.int32))]}

        found = {"2": [], "3": []}
        async for result, error in client.stream_infer(requests()):
            assert error is None, error
            found[result.get_response().id].append(int(result.as_numpy("number")[0]))
        assert found == {"2": [0, 1], "3": [0, 1, 2]}, found


def shared_memory(server):
    """tritonclient with system shared memory, over both transports"""
    for library, address in (
            (triton_grpc, server.grpc_address), (triton_http, server.http_address)):
        key = f"/needletail-clients-{os.getpid()}"
        size = X.nbytes + 4096
        with library.InferenceServerClient(address) as client:
            region = shm.create_shared_memory_region("both", key, size)
            try:
                client.register_system_shared_memory("both", key, size)
                shm.set_shared_memory_region(region, [X])
                data = library.InferInput("x", list(X.shape), "FP32")
                data.set_shared_memory("both", X.nbytes)
                output = library.InferRequestedOutput("y")
                output.set_shared_memory("both", 5 * 10 * 4, offset=X.nbytes)
                answer = client.infer("bench", [data], outputs=[output])
                assert answer.get_output("y") is not None
                found = shm.get_contents_as_numpy(region, np.float32, [5, 10], X.nbytes)
                equal(found, X[:, :10])
                # One output there and one in the response, which clients count.
                inputs = [
                    tensor(library, "in_int8", np.array([[1, 2]], np.int8)),
                    tensor(library, "in_int16", np.array([[3, 4]], np.int16))]
                for there, here in (("int8", "int16"), ("int16", "int8")):
                    output = library.InferRequestedOutput(f"out_{there}")
                    output.set_shared_memory("both", 4, offset=X.nbytes)
                    answer = client.infer(
                        "echo", inputs,
                        outputs=[output, library.InferRequestedOutput(f"out_{here}")])
                    first = 1 if here == "int8" else 3
                    equal(answer.as_numpy(f"out_{here}"), np.array([[first, first + 1]], here))
                output.set_shared_memory("both", 1, offset=X.nbytes)
                fails(
                    InferenceServerException,
                    lambda: client.infer("echo", inputs, outputs=[output]), "at least 4 bytes")
                status = client.get_system_shared_memory_status()
                assert "both" in str(status), status
                client.unregister_system_shared_memory("both")
                fails(
                    InferenceServerException, lambda: client.infer("bench", [data]),
                    "Unable to find shared memory region: 'both'")
                # A part of the memory, from where the numbers begin.
                shm.set_shared_memory_region(region, [X], offset=4096)
                client.register_system_shared_memory("part", key, X.nbytes, offset=4096)
                data.set_shared_memory("part", X.nbytes)
                equal(client.infer("bench", [data]).as_numpy("y"), X[:, :10])
                client.unregister_system_shared_memory()
            finally:
                shm.destroy_shared_memory_region(region)


# --- PyTriton -----------------------------------------------------------------------------------


def pytriton_clients(server):
    """PyTriton's ModelClient, DecoupledModelClient and FuturesModelClient"""
    for url in (f"grpc://{server.grpc_address}", f"http://{server.http_address}"):
        with pytriton.ModelClient(url, "bench") as client:
            client.wait_for_model(20)
            assert client.model_config.max_batch_size == 8192, client.model_config
            equal(client.infer_batch(X)["y"], X[:, :10])
            equal(client.infer_batch(x=X, parameters={"mine": "text"})["y"], X[:, :10])
            equal(client.infer_sample(X[1])["y"], X[1, :10])
            fails(
                pytriton_exceptions.PyTritonClientInferenceServerError,
                lambda: client.infer_batch(X[:, :3]), "unexpected shape")
        with pytriton.ModelClient(url, "slow") as client:
            equal(
                client.infer_sample(np.array([0], np.int32))["slept"], np.array([0], np.int32))
            fails(
                pytriton_exceptions.PyTritonClientModelDoesntSupportBatchingError,
                lambda: client.infer_batch(np.array([0], np.int32)))
            fails(
                pytriton_exceptions.PyTritonClientInferenceServerError,
                lambda: client.infer_sample(np.array([-1], np.int32)), "must not be negative")
        with pytriton.ModelClient(url, "nothing") as client:
            fails(
                (pytriton_exceptions.PyTritonClientTimeoutError,
                 pytriton_exceptions.PyTritonClientModelUnavailableError),
                lambda: client.wait_for_model(1))
    # Over gRPC it ends in errors of HTTP, with the real server, too.
    with pytriton.FuturesModelClient(f"http://{server.http_address}", "bench") as client:
        futures = [client.infer_batch(X + number) for number in range(8)]
        for number, future in enumerate(futures):
            equal(future.result(20)["y"], X[:, :10] + number)
    with pytriton.DecoupledModelClient(f"grpc://{server.grpc_address}", "stream") as client:
        answers = client.infer_sample(np.array([4], np.int32))
        found = [int(answer["number"][0]) for answer in answers]
        assert found == [0, 1, 2, 3], found


async def pytriton_asyncio_clients(server):
    """PyTriton's clients with asyncio"""
    for url in (f"grpc://{server.grpc_address}", f"http://{server.http_address}"):
        async with pytriton.AsyncioModelClient(url, "bench") as client:
            await client.wait_for_model(20)
            equal((await client.infer_batch(X))["y"], X[:, :10])
            equal((await client.infer_sample(X[2]))["y"], X[2, :10])
    async with pytriton.AsyncioDecoupledModelClient(
            f"grpc://{server.grpc_address}", "stream") as client:
        answers = client.infer_sample(np.array([3], np.int32))
        found = [int(answer["number"][0]) async for answer in answers]
        assert found == [0, 1, 2], found


# --- Batches ------------------------------------------------------------------------------------


def batches(server):
    """sixteen senders at once"""
    lines = []
    for model in ("rows", "rows_in_order"):
        before = counts(server, model)
        failures = []
        start = threading.Barrier(16)

        def send(sender):
            try:
                with triton_grpc.InferenceServerClient(server.grpc_address) as client:
                    start.wait(20)
                    for number in range(20):
                        rows = 1 + (sender + number) % 8
                        ids = np.arange(rows, dtype=np.int32)[:, None] + 1000 * sender + 10 * number
                        name = f"{sender}-{number}"
                        answer = client.infer(
                            model, [tensor(triton_grpc, "id", ids)], request_id=name)
                        assert answer.get_response().id == name
                        equal(answer.as_numpy("same"), ids)
            except Exception as error:
                failures.append(f"sender {sender}: {error!r}")

        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        after = counts(server, model)
        requests, rows, executions = (new - old for new, old in zip(after, before))
        assert requests == 320 and rows == sum(
            1 + (s + n) % 8 for s in range(16) for n in range(20)), (requests, rows)
        lines.append(f"{model}: {requests} requests in {executions} executions")
        assert executions * 5 <= requests, lines[-1]
    return ", ".join(lines)


def counts(server, model):
    statistics = server.http("GET", f"/v2/models/{model}/stats").json()["model_stats"][0]
    return (
        statistics["inference_stats"]["success"]["count"], statistics["inference_count"],
        statistics["execution_count"])


def order(server):
    """answers in the order of the requests on a stream"""
    found = []
    done = threading.Event()

    def take(result, error):
        found.append(error or int(result.as_numpy("same")[0, 0]))
        if len(found) == 200:
            done.set()

    with triton_grpc.InferenceServerClient(server.grpc_address) as client:
        client.start_stream(take)
        for number in range(200):
            client.async_stream_infer(
                "rows_in_order", [tensor(triton_grpc, "id", np.array([[number]], np.int32))])
        assert done.wait(30), f"only {len(found)} answers came"
        client.stop_stream()
    assert found == list(range(200)), f"the order was {found}"


# --- Large requests -----------------------------------------------------------------------------


def images(server):
    """a batch of images of 30 MB there and back"""
    batch = np.random.RandomState(7).rand(50, 224, 224, 3).astype(np.float32)
    seconds = []
    for library, address, options in (
            (triton_grpc, server.grpc_address, {}),
            (triton_http, server.http_address, {"network_timeout": PATIENCE})):
        with library.InferenceServerClient(address, **options) as client:
            began = time.monotonic()
            answer = client.infer("images", [tensor(library, "in", batch)])
            seconds.append(time.monotonic() - began)
            equal(answer.as_numpy("out"), batch)
    return "{:.2f} s over gRPC, {:.2f} s over HTTP".format(*seconds)


def limit(_):
    """a request beyond the server's limit"""
    with Server.fixture(NEEDLETAIL_FIXTURE_MAX_REQUEST_BYTES=str(1 << 20)) as server:
        large = np.zeros((2, 224, 224, 3), np.float32)
        with triton_grpc.InferenceServerClient(server.grpc_address) as client:
            for _ in range(2):
                error = fails(
                    InferenceServerException,
                    lambda: client.infer("images", [tensor(triton_grpc, "in", large)]),
                    "1048576 bytes", "fewer rows")
                assert error.status() == "StatusCode.RESOURCE_EXHAUSTED"
                equal(client.infer("bench", [tensor(triton_grpc, "x", X)]).as_numpy("y"), X[:, :10])
        with triton_http.InferenceServerClient(
                server.http_address, network_timeout=PATIENCE) as client:
            for _ in range(2):
                error = fails(
                    InferenceServerException,
                    lambda: client.infer("images", [tensor(triton_http, "in", large)]),
                    "1048576 bytes")
                assert error.status() == "413"
                equal(client.infer("bench", [tensor(triton_http, "x", X)]).as_numpy("y"), X[:, :10])
        assert server.process.poll() is None


# --- needletail serve ---------------------------------------------------------------------------

# Runs in the environment that has ONNX Runtime's package.
EXPECTED = """
import sys
import numpy, onnxruntime, pyarrow.parquet
folder, out = sys.argv[1:]
x = numpy.stack(pyarrow.parquet.read_table(folder + "/digits.parquet")["pixels"].to_numpy())
session = onnxruntime.InferenceSession(folder + "/digits.onnx", providers=["CPUExecutionProvider"])
x = x.astype(numpy.float32)
name = session.get_inputs()[0].name
numpy.savez(out, x=x, y=session.run(None, {name: x})[0])
"""


def command(_):
    """`needletail serve` with the digits' model"""
    digits = ROOT / "Examples" / "QuickStart"
    python = os.environ.get("NEEDLETAIL_PYTHON") or ROOT / ".venv" / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "expected.npz"
        subprocess.run([python, "-c", EXPECTED, digits, out], check=True, timeout=60)
        expected = np.load(out)
        x, y = expected["x"], expected["y"]
    with Server.command(digits / "digits.onnx", f"mine={digits / 'digits.onnx'}") as server:
        worst = 0.0
        for library, address in (
                (triton_grpc, server.grpc_address), (triton_http, server.http_address)):
            with library.InferenceServerClient(address) as client:
                metadata = server.http("GET", "/v2/models/digits").json()
                inputs = [tensor(library, metadata["inputs"][0]["name"], x)]
                for model in ("digits", "mine"):
                    found = client.infer(model, inputs).as_numpy(metadata["outputs"][0]["name"])
                    assert found.shape == y.shape, (found.shape, y.shape)
                    worst = max(worst, float(np.abs(found - y).max()))
        assert worst <= 1e-5, f"the greatest difference is {worst}"
        with pytriton.ModelClient(f"http://{server.http_address}", "digits") as client:
            found = client.infer_batch(x[:100])
            assert np.abs(found[metadata["outputs"][0]["name"]] - y[:100]).max() <= 1e-5
        server.process.terminate()
        status = server.process.wait(20)
        assert status == 0, f"it ended with {status}"
    return f"{len(x)} rows, greatest difference {worst:.1e}"


CHECKS = [
    grpc_client, http_client, asyncio_clients, shared_memory, pytriton_clients,
    pytriton_asyncio_clients, batches, order, images, limit, command,
]


def main():
    for program in ("KServeFixture", "needletail"):
        if not (binaries() / program).exists():
            print(f"skipped: no {program} in {binaries()}; run `swift build --build-tests`")
            return 77
    failed = 0
    with Server.fixture() as server:
        for check in CHECKS:
            began = time.monotonic()
            try:
                is_async = asyncio.iscoroutinefunction(check)
                said = asyncio.run(check(server)) if is_async else check(server)
            except Exception as error:
                failed += 1
                print(f"{check.__doc__}: {type(error).__name__}: {error}")
                continue
            seconds = time.monotonic() - began
            print(f"{check.__doc__}: {said or 'as it should be'} ({seconds:.1f} s)")
    print(f"clients: {len(CHECKS)} checks, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
