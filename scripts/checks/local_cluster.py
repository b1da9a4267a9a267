"""Checks `needletail spark start`, `status` and `stop`: two workers, a prediction on them, and nothing left but tables.

    .venv/bin/python scripts/checks/local_cluster.py [--needletail PROGRAM]

The cluster is that of the Spark of Python's package pyspark. An nvidia-smi of this script's stands for one that
finds two GPUs, so that Spark gives one to each worker. Of two starts at the same time one starts it.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
QUICK_START = ROOT / "Examples" / "QuickStart"
DIGITS = QUICK_START / "digits.parquet"
RUNNING, INCOMPLETE, NONE, RUNS_ALREADY, USAGE = 0, 1, 3, 2, 64
START = ["start", "--workers", "2", "--cores", "1", "--memory", "512m", "--gpus", "1", "--port", "0"]
NVIDIA_SMI = """#!/bin/sh
echo '0, GPU-00000000-aaaa'
echo '1, GPU-11111111-bbbb'
"""


class Command:
    """The command, in a folder of temporary files of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        tools = folder / "tools"
        tools.mkdir()
        (tools / "nvidia-smi").write_text(NVIDIA_SMI)
        (tools / "nvidia-smi").chmod(0o700)
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("SPARK_", "PYSPARK_", "CUDA_")) and name != "PYTHONPATH"
        }
        self.environment = kept | {
            "TMPDIR": str(folder), "XDG_DATA_HOME": str(folder / "data"), "VIRTUAL_ENV": str(Path(sys.prefix)),
            "PATH": f"{tools}:{os.environ['PATH']}",
        }
        self.tables = folder / "data" / "needletail" / "spark"
        self.cluster = folder / f"needletail-{os.getuid()}" / "spark"

    def begin(self, *words):
        return subprocess.Popen(
            [self.program, *map(str, words)], env=self.environment, cwd=QUICK_START, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words, status=0):
        process = self.begin(*words)
        output, complaint = process.communicate(timeout=150)
        assert process.returncode == status, f"{words}: {process.returncode}\n{output}{complaint}"
        return output + complaint

    def status(self, status):
        return json.loads(self.run("spark", "status", "--json", status=status))

    def processes(self):
        """The processes of the cluster, executors and what they have started among them."""
        mark = f"NEEDLETAIL_SPARK_FOLDER={self.cluster}".encode()
        found = set()
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes().split(b"\0"):
                    found.add(int(path.parent.name))
            except OSError:
                pass
        return found


def step(text, began):
    print(f"passed   {text} ({time.monotonic() - began:.1f} s)", flush=True)
    return time.monotonic()


def listening(processes):
    """The addresses on which the processes listen, as the kernel writes them."""
    sockets = set()
    for process in processes:
        for link in Path(f"/proc/{process}/fd").glob("*"):
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    lines = [
        line.split() for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {fields[1] for fields in lines if fields[3] == "0A" and fields[9] in sockets}


def refuses(command, began):
    for words, status, text in [
        (["--port", "70000", "--cores", "0"], USAGE, "--port is 70000, it must be 0 to 65535"),
        (["--spark-home", "nowhere"], USAGE, "there is no bin/spark-submit in it"),
        (["--workers", "3", "--gpus", "1"], 1, "this machine has 2 for them (0, 1)"),
    ]:
        said = command.run("spark", "start", *words, status=status)
        assert text in said and said.startswith("error: "), said
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = command.run("spark", "start", "--port", port, status=1)
        assert f"the port {port} cannot be had: somebody listens there already" in said, said
    assert command.status(NONE) == {"processes": [], "state": "stopped"}
    assert not command.cluster.exists() and not command.processes()
    return step("what cannot be is refused before anything starts", began)


def starts(command, began):
    both = [command.begin("spark", *START) for _ in range(2)]
    said = [process.communicate(timeout=150) for process in both]
    statuses = sorted(process.returncode for process in both)
    assert statuses == [RUNNING, RUNS_ALREADY], said
    status = command.status(RUNNING)
    roles = [process["role"] for process in status["processes"]]
    assert roles == ["master", "worker-1", "worker-2", "connect"], status
    assert status["remote"].startswith("sc://localhost:"), status
    for output, complaint in said:
        assert f"--remote '{status['remote']}'" in output + complaint, said
    for process in status["processes"]:
        assert process["isRunning"] and process["webUI"].startswith("http://localhost:"), process
        assert process["address"] and Path(process["log"]).is_file(), process
    assert command.cluster.stat().st_mode & 0o077 == 0
    began = step("two starts at once start one cluster", began)
    places = listening(command.processes())
    # 127.0.0.1, alone or as an address of IPv6.
    wrong = [place for place in places if not place.split(":")[0].endswith("0100007F")]
    assert places and not wrong, wrong
    return status["remote"], step(f"{len(places)} sockets listen on the loopback interface alone", began)


def predicts(command, remote, began):
    output = command.folder / "predictions"
    said = command.run(
        "predict", "digits.onnx", "--input", DIGITS, "--output", output, "--keep", "label",
        "--argmax", "probabilities", "--task-gpus", "1", "--remote", remote)
    # The executors take it from the cache of this machine.
    assert "sending the program" not in said, said
    table = pq.read_table(output)
    right = int(np.sum(table["label"].to_numpy() == table["probabilities"].to_numpy()))
    assert (table.num_rows, right) == (1797, 1760), (table.num_rows, right)
    began = step("a prediction, a GPU for each task", began)
    said = command.run(
        "predict", "digits.onnx", "--input", DIGITS, "--output-table", "kept", "--keep", "label",
        "--remote", remote)
    assert "1797 rows" in said and "written to the table kept" in said, said
    began = step("a table of its catalog", began)
    wrong = remote.split(";")[0] + ";token=wrong"
    said = command.run("doctor", "--remote", wrong, status=1)
    assert "fail" in said, said
    return step("a wrong token is refused", began)


def stops(command, began):
    state = json.loads((command.cluster / "cluster.json").read_text())
    worker = next(entry for entry in state["processes"] if entry["role"] == "worker-2")
    os.kill(worker["identity"]["pid"], signal.SIGKILL)
    time.sleep(0.3)
    status = command.status(INCOMPLETE)
    ended = [process["role"] for process in status["processes"] if not process["isRunning"]]
    assert status["state"] == "incomplete" and ended == ["worker-2"], status
    # Its number is another's now.
    with subprocess.Popen(["sleep", "60"]) as stranger:
        worker["identity"]["pid"] = stranger.pid
        (command.cluster / "cluster.json").write_text(json.dumps(state))
        said = command.run("spark", "stop")
        assert "its tables stay" in said and f"{command.tables} (kept)" in said, said
        assert stranger.poll() is None, "a process that was not the cluster's has ended"
        stranger.kill()
    assert not command.processes() and not command.cluster.exists()
    assert command.status(NONE)["state"] == "stopped"
    assert "no Spark was running here" in command.run("spark", "stop")
    return step("all of it ends, and nothing else", began)


def keeps(command, began):
    """The next cluster has the tables of the one before, until they are told to go."""
    command.run("spark", "start", "--cores", "1", "--memory", "512m", "--port", "0")
    status = command.status(RUNNING)
    assert status["tables"] == str(command.tables), status
    said = command.run("sql", "SELECT count(*) AS n FROM kept", "--remote", status["remote"])
    assert "1797" in said, said
    said = command.run("spark", "stop", "--remove-tables")
    assert "its tables are removed" in said, said
    assert not list(command.tables.iterdir()), list(command.tables.iterdir())
    assert not command.processes() and not command.cluster.exists()
    return step("tables are there after a start, and removed when that is said", began)


def main():
    parser = argparse.ArgumentParser(prog="scripts/checks/local_cluster.py")
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built)
    program = parser.parse_args().needletail.resolve()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="needletail-cluster-") as folder:
        command = Command(program, Path(folder).resolve())
        try:
            began = refuses(command, began)
            remote, began = starts(command, began)
            began = predicts(command, remote, began)
            began = stops(command, began)
            keeps(command, began)
        finally:
            command.begin("spark", "stop").communicate(timeout=60)
            for process in command.processes():
                os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main()
