"""A local Spark Connect server of the installed pyspark, stopped when the benchmark ends."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyspark


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class SparkServer:
    """`token`: what clients must send. `disk`: the size of a disk of its own for the server's
    temporary files, such as "8m" (it takes user namespaces, see `can_limit_disk`); the folder
    `elsewhere` is then empty for the server, as the clients' is for one of another machine. `python`:
    what runs Python functions, this interpreter by default. `patience`: the seconds that its start may
    take."""

    def __init__(
        self, folder, cores=2, memory="4g", token=None, disk=None, python=sys.executable, patience=120
    ):
        self.folder = Path(folder)
        self.cores = cores
        self.memory = memory
        self.token = token
        self.disk = disk
        self.elsewhere = self.folder / "elsewhere"
        self.python = python
        self.patience = patience
        self.port = free_port()
        self.address = f"sc://127.0.0.1:{self.port}"
        self.remote = self.address + (f"/;token={token}" if token else "")

    @staticmethod
    def can_limit_disk():
        words = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    @property
    def pid(self):
        """The JVM itself: spark-submit replaces itself by it."""
        return self.process.pid

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPARK_", "PYSPARK_", "PYTHONPATH"))
        }
        environment["PYSPARK_PYTHON"] = str(self.python)
        if self.token:
            environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = self.token
        limit, settings = [], []
        if self.disk:
            disk = self.folder / "disk"
            for folder in (disk, self.elsewhere):
                folder.mkdir()
            mounts = f'mount -t tmpfs -o size={self.disk} none "$0" && mount -t tmpfs none "$1"'
            words = ["sh", "-c", mounts + ' && shift && exec "$@"', disk, self.elsewhere]
            limit = ["unshare", "-rm", *words]
            settings = ["--driver-java-options", f"-Djava.io.tmpdir={disk}"]
            settings += ["--conf", f"spark.local.dir={disk}"]
        submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [
                    *limit,
                    submit,
                    *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
                    *("--master", f"local[{self.cores}]"),
                    *("--driver-memory", self.memory),
                    *("--conf", f"spark.connect.grpc.binding.port={self.port}"),
                    *("--conf", "spark.connect.grpc.binding.address=127.0.0.1"),
                    *("--conf", "spark.ui.enabled=false"),
                    *settings,
                    "spark-internal",
                ],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )
        self._wait_until_ready(self.patience)
        return self

    def _wait_until_ready(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.2)
        tail = self.log.read_text(errors="replace")[-3000:]
        self.__exit__()
        raise SystemExit(f"the Spark Connect server did not start within {seconds} s:\n{tail}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
