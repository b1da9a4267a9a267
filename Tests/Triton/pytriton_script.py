"""A PyTriton server with one model, as the notebooks bind it.

    python pytriton_script.py (open | TOKEN)

It prints one line of JSON when it is ready and ends when its standard input closes. With a token the
calls that PyTriton restricts by default (statistics, repository, shared memory) ask for it.
"""

import json
import os
import signal
import socket
import sys
import sysconfig

if "NEEDLETAIL_PYTRITON" not in os.environ:
    # Triton's Python backend takes its interpreter from PATH and libpython from the loader's path,
    # which a process can only be given at its start.
    library = sysconfig.get_config_var("LIBDIR")
    os.environ["NEEDLETAIL_PYTRITON"] = "1"
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    os.environ["LD_LIBRARY_PATH"] = f"{library}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig, TritonSecurityConfig


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@batch
def predict(x):
    return {"y": 2 * x, "text": numpy.char.encode(numpy.char.mod("%g", x[:, :1]))}


def main():
    # The server writes its log where its parent's output goes.
    answer = os.fdopen(os.dup(1), "w")
    # PyTriton interrupts its server to stop it, which whoever starts this may have blocked or ignored.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(2, 1)
    ports = {name: free_port() for name in ("http", "grpc", "metrics")}
    if sys.argv[1] == "open":
        security = TritonSecurityConfig(restricted_endpoints=[])
    else:
        security = TritonSecurityConfig(access_token=sys.argv[1])
    config = TritonConfig(
        http_address="127.0.0.1", grpc_address="127.0.0.1", metrics_address="127.0.0.1",
        http_port=ports["http"], grpc_port=ports["grpc"], metrics_port=ports["metrics"],
        exit_timeout_secs=5)
    with Triton(config=config, security_config=security) as triton:
        triton.bind(
            model_name="double", infer_func=predict,
            inputs=[Tensor(name="x", dtype=numpy.float32, shape=(3,))],
            outputs=[
                Tensor(name="y", dtype=numpy.float32, shape=(3,)),
                Tensor(name="text", dtype=bytes, shape=(1,)),
            ],
            config=ModelConfig(max_batch_size=16))
        triton.run()
        print(json.dumps(ports), file=answer, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
