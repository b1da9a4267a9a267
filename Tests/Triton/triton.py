"""Starts the tritonserver of the nvidia-pytriton wheel with the models beside this file.

    python triton.py [--ports HTTP,GRPC] [MODEL...] [-- FLAG...]

It prints one line of JSON when the server is ready (ports, pid, version), or when it failed to start
("error" and the last lines of its log), and stops it when its own standard input closes, so that the
server ends however the caller does. Ports that are not given are free ones. The interpreter is that of
the environment with the wheel; the server's Python backend runs in the same one.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE / "models"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def backends(wheel, folder):
    """The Python backend with the stub of this interpreter's version beside it."""
    target = folder / "backends" / "python"
    target.mkdir(parents=True)
    source = wheel / "tritonserver" / "backends" / "python"
    for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
        (target / name).symlink_to(source / name)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = wheel / "tritonserver" / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy(stub, target / stub.name)
    (target / stub.name).chmod(0o755)
    return target.parent


def environment(wheel):
    """The stub finds its interpreter by PATH and its libraries by the loader."""
    result = dict(os.environ)
    result["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), result.get("PATH", "")])
    libraries = [
        sysconfig.get_config_var("LIBDIR"), str(wheel.parent / "nvidia_pytriton.libs"),
        result.get("LD_LIBRARY_PATH")]
    result["LD_LIBRARY_PATH"] = os.pathsep.join(path for path in libraries if path)
    return result


def tied_to_this_process():
    """The server dies with this process; its group can be ended as one."""
    os.setsid()
    # Whoever started this may have blocked what stops the server.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def ready(ports, server, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            url = f"http://127.0.0.1:{ports['http']}/v2/health/ready"
            if urllib.request.urlopen(url, timeout=2).status == 200:
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def stop(server):
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            pass
    # The stubs outlive a server that ended badly.
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    server.wait()


def main():
    arguments = sys.argv[1:]
    fixed = {}
    if arguments[:1] == ["--ports"]:
        fixed = dict(zip(("http", "grpc"), map(int, arguments[1].split(","))))
        arguments = arguments[2:]
    flags = []
    if "--" in arguments:
        place = arguments.index("--")
        arguments, flags = arguments[:place], arguments[place + 1:]
    models = arguments or sorted(path.name for path in MODELS.iterdir())
    wheel = next(
        path for path in (pathlib.Path(folder) / "pytriton" for folder in site.getsitepackages())
        if path.is_dir())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="needletail-triton-"))
    prefix = f"needletail-triton-{os.getpid()}"
    server = None
    try:
        for _ in range(3):
            ports = {name: fixed.get(name) or free_port() for name in ("http", "grpc", "metrics")}
            log = open(folder / "log", "wb")
            command = [
                wheel / "tritonserver" / "bin" / "tritonserver",
                f"--model-repository={MODELS}",
                f"--backend-directory={backends(wheel, folder / str(ports['http']))}",
                "--http-address=127.0.0.1", "--grpc-address=127.0.0.1",
                "--metrics-address=127.0.0.1", f"--http-port={ports['http']}",
                f"--grpc-port={ports['grpc']}", f"--metrics-port={ports['metrics']}",
                "--model-control-mode=explicit", "--disable-auto-complete-config",
                "--exit-timeout-secs=5", "--allow-gpu-metrics=false",
                f"--backend-config=python,shm-region-prefix-name={prefix}",
            ] + [f"--load-model={model}" for model in models] + flags
            server = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(wheel), preexec_fn=tied_to_this_process)
            if ready(ports, server):
                break
            stop(server)
            text = (folder / "log").read_text(errors="replace")
            # Another process may have taken a port since it was found free.
            if "already in use" not in text:
                print(json.dumps({"error": "tritonserver did not start", "log": text[-4000:]}))
                return 1
        print(json.dumps({"pid": server.pid, **ports}), flush=True)
        sys.stdin.read()
        return 0
    finally:
        if server:
            stop(server)
        shutil.rmtree(folder, ignore_errors=True)
        for region in pathlib.Path("/dev/shm").glob(prefix + "*"):
            region.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
