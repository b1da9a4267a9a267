"""The tritonclient's side of `scripts/benchmark serving`.

    python triton_client.py GRPC_PORT HTTP_PORT

For each line on standard input, `TRANSPORT ROWS CALLS`, it calls the model `bench` so many times, one
call after the other, and answers with a line of JSON: CPU seconds of all threads and wall seconds. A
call begins with an array of the caller's and ends with one that holds the answer. It ends with its
standard input.
"""

import json
import os
import sys
import time

import numpy
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import shared_memory

COLUMNS, RESULTS = 784, 10


def pixels(rows):
    return (numpy.arange(rows * COLUMNS, dtype=numpy.float32) % 255 / 255).reshape(rows, COLUMNS)


class Messages:
    """Tensors in the messages."""

    def __init__(self, client, module, rows, **encoding):
        self.client = client
        self.x = module.InferInput("x", [rows, COLUMNS], "FP32")
        self.encoding = encoding
        self.y = module.InferRequestedOutput("y", **encoding)

    def __call__(self, array):
        self.x.set_data_from_numpy(array, **self.encoding)
        return self.client.infer("bench", [self.x], outputs=[self.y]).as_numpy("y")

    def close(self):
        pass


class Regions:
    """Tensors in shared memory, into which each call copies its input."""

    def __init__(self, client, module, rows):
        self.client = client
        self.shape = [rows, RESULTS]
        self.handles = []
        sizes = {"x": rows * COLUMNS * 4, "y": rows * RESULTS * 4}
        for tensor, size in sizes.items():
            name = f"needletail-serving-{os.getpid()}-{module.__name__[-4:]}-{rows}-{tensor}"
            handle = shared_memory.create_shared_memory_region(name, "/" + name, size, create_only=True)
            self.handles.append((name, handle))
            client.register_system_shared_memory(name, "/" + name, size)
        self.x = module.InferInput("x", [rows, COLUMNS], "FP32")
        self.x.set_shared_memory(self.handles[0][0], sizes["x"])
        self.y = module.InferRequestedOutput("y")
        self.y.set_shared_memory(self.handles[1][0], sizes["y"])

    def __call__(self, array):
        shared_memory.set_shared_memory_region(self.handles[0][1], [array])
        self.client.infer("bench", [self.x], outputs=[self.y])
        return shared_memory.get_contents_as_numpy(self.handles[1][1], numpy.float32, self.shape)

    def close(self):
        for name, handle in self.handles:
            try:
                self.client.unregister_system_shared_memory(name)
            finally:
                shared_memory.destroy_shared_memory_region(handle)


def main():
    grpc = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{sys.argv[1]}")
    http = tritonclient.http.InferenceServerClient(
        f"127.0.0.1:{sys.argv[2]}", connection_timeout=120, network_timeout=120)
    makers = {
        "grpc": lambda rows: Messages(grpc, tritonclient.grpc, rows),
        "http": lambda rows: Messages(http, tritonclient.http, rows, binary_data=True),
        "grpc-memory": lambda rows: Regions(grpc, tritonclient.grpc, rows),
        "http-memory": lambda rows: Regions(http, tritonclient.http, rows),
        "json": lambda rows: Messages(http, tritonclient.http, rows, binary_data=False),
    }
    callers = {}
    try:
        for line in sys.stdin:
            transport, rows, calls = line.split()
            array = pixels(int(rows))
            caller = callers.get((transport, rows))
            if caller is None:
                caller = callers[transport, rows] = makers[transport](int(rows))
                if not numpy.array_equal(caller(array), array[:, :RESULTS]):
                    raise SystemExit(f"{transport}: the answer for {rows} rows is wrong")
            cpu, start = time.process_time(), time.perf_counter()
            for _ in range(int(calls)):
                caller(array)
            used = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}
            print(json.dumps(used), flush=True)
    finally:
        for caller in callers.values():
            caller.close()


if __name__ == "__main__":
    main()
