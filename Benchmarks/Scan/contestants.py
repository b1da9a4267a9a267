"""The variants: how each is prepared, run once, and counted."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import processes
from benchmark import IDLE_CPU_SECONDS

HERE = Path(__file__).resolve().parent
JOB_SECONDS = re.compile(r"rows in ([0-9.]+) s \(")
OWN = "own"
TIME_LIMIT = 600


def usage(pid):
    """CPU seconds so far of `pid`, and of each branch below it."""
    own, branches = processes.usage(pid)
    return {OWN: own} | branches


class Failed(Exception):
    """A variant could not do its job; with its last words."""


class Memory:
    """Samples, while it is entered, the memory of the processes that `roots()` names and of all below."""

    def __init__(self, roots, interval=0.02):
        self.roots = roots
        self.interval = interval
        self.samples = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.is_set():
            sample = {}
            for root in self.roots():
                for pid, branch in ({root: OWN} | processes.descendants(root)).items():
                    before = sample.get((root, branch), (0, 0))
                    now = processes.memory(pid)
                    sample[root, branch] = (before[0] + now[0], before[1] + now[1])
            self.samples.append(sample)
            self._stop.wait(self.interval)

    def peak(self, idle):
        """The largest sums in MiB, proportional and resident, without what is `idle`."""
        sums = [
            [sum(size[kind] for key, size in sample.items() if key not in idle) for kind in (0, 1)]
            for sample in self.samples
        ]
        return [max((each[kind] for each in sums), default=0) / 2**20 for kind in (0, 1)]


class Launcher:
    """Starts commands from a small process, see launcher.py."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "launcher.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            bufsize=0,  # a line that waits in a buffer is not seen by select
        )
        self.running = None

    def run(self, words, environment, log, threads):
        """Runs a command on `threads` cores; None: on all. Returns what it cost, and what it said."""
        cores = sorted(os.sched_getaffinity(0))[:threads]
        order = {
            "words": [str(word) for word in words], "environment": environment, "log": str(log),
            "cores": cores,
        }
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.running = int(self.process.stdout.readline())
        ready, _, _ = select.select([self.process.stdout], [], [], TIME_LIMIT)
        if not ready:
            os.kill(self.running, signal.SIGKILL)
        cost = json.loads(self.process.stdout.readline())
        self.running = None
        said = Path(log).read_text(errors="replace")
        if cost["status"]:
            command = " ".join(order["words"])
            late = "" if ready else f", since it was not done within {TIME_LIMIT} s"
            raise Failed(f"{command}\nended with {cost['status']}{late}:\n{said[-3000:]}")
        return cost | {"said": said}

    def close(self):
        if self.running:
            os.kill(self.running, signal.SIGTERM)
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            if self.running:
                os.kill(self.running, signal.SIGKILL)
            self.process.kill()
            self.process.wait()


class Variant:
    """Measures one job: {"wall_s", "job_s", "cpu_s", "pss_mib", "rss_mib"}. The wall seconds of a
    command are those of its process; its job's are what it says itself."""

    # Whether the job's client is this process.
    counts_client = False

    def prepare(self, job):
        self.job = job

    def rest(self):
        pass

    def close(self):
        pass

    def roots(self):
        """The processes that the job's work is done in, for their memory."""
        raise NotImplementedError

    def run(self, output):
        """Runs the job; returns {"wall_s", "job_s"}, and of processes that have ended "cpu_s" and
        "rss_mib"."""
        raise NotImplementedError

    def lasting(self):
        """The processes among them that outlast the job, for their CPU seconds."""
        return []

    def measure(self, job, output, samples_memory):
        self.prepare(job)
        try:
            before = {pid: usage(pid) for pid in self.lasting()}
            client = time.process_time()
            if samples_memory:
                with Memory(self.roots) as memory:
                    found = self.run(output)
            else:
                found = self.run(output)
            client = time.process_time() - client
            time.sleep(0.2)  # the workers' last frames; the same for every variant
            after = {pid: usage(pid) for pid in self.lasting()}
        finally:
            self.rest()
        lasting = sum(sum(after[pid].values()) - sum(before[pid].values()) for pid in after)
        cpu = found.get("cpu_s", 0.0) + lasting
        if self.counts_client:
            cpu += client
        pss, rss = 0.0, found.get("rss_mib", 0.0)
        if samples_memory:
            idle = {
                (pid, branch)
                for pid in after
                for branch, seconds in after[pid].items()
                if branch not in (OWN, None)
                and seconds - before[pid].get(branch, 0.0) < IDLE_CPU_SECONDS
            }
            pss, resident = memory.peak(idle)
            rss = max(rss, resident)
        return {
            "wall_s": found["wall_s"], "job_s": found["job_s"], "cpu_s": cpu, "pss_mib": pss,
            "rss_mib": rss,
        }


def predict_words(program, job, output):
    words = [program, "predict", job["model"], "--input", job["table"], "--output", output]
    words += ["--map", f"{job['input']}={','.join(job['columns'])}", "--keep", "id"]
    return [*words, "--batch-size", job["batch"]]


def images_words(program, job, output):
    words = [program, "--model", job["model"], "--input", job["table"], "--output", output]
    return [*words, "--side", job["side"], "--batch-size", job["batch"]]


def command_environment(**more):
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_", "NEEDLETAIL_MASTER"))
    }
    # Where the libraries of ONNX Runtime and of files are.
    kept.setdefault("NEEDLETAIL_PYTHON", sys.executable)
    return kept | more


class Command(Variant):
    """`needletail predict`: without Spark on some threads, or with the Spark of a server; or another
    program, whose words `words_of` gives."""

    def __init__(
        self, program, launcher, log, options, threads=None, server=None, words_of=predict_words
    ):
        self.program, self.launcher, self.log, self.words_of = program, launcher, log, words_of
        self.options, self.threads, self.server = options, threads, server

    def roots(self):
        found = [self.launcher.running] if self.launcher.running else []
        return found + self.lasting()

    def lasting(self):
        return [self.server.pid] if self.server else []

    def run(self, output):
        words = [*self.words_of(self.program, self.job, output), *self.options]
        if self.server:
            words += ["--remote", self.server.remote]
        cost = self.launcher.run(words, command_environment(), self.log, self.threads)
        told = JOB_SECONDS.search(cost["said"])
        return {
            "wall_s": cost["wall_s"],
            "job_s": float(told.group(1)) if told else cost["wall_s"],
            "cpu_s": cost["cpu_s"],
            # Beside a server the client alone is not the whole.
            "rss_mib": 0.0 if self.server else cost["max_rss_mib"],
        }


class PySpark(Variant):
    counts_client = True

    def __init__(self, server, is_tuned=False, has_images=False):
        from spark_peers import PySparkImages, PySparkScan

        self.server = server
        if has_images:
            self.session = PySparkImages(server.remote)
        else:
            self.session = PySparkScan(server.remote, is_tuned)

    def prepare(self, job):
        self.session.prepare(job)

    def roots(self):
        return [self.server.pid]

    def lasting(self):
        return [self.server.pid]

    def run(self, output):
        seconds = self.session.run(output)
        return {"wall_s": seconds, "job_s": seconds}


class Peer(Variant):
    """A program in Python without Spark, which lives as long as the table's rounds."""

    def __init__(self, name, python, threads, log):
        self.name, self.log = name, log
        self.process = subprocess.Popen(
            [str(python), str(HERE / "peers.py"), name, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "wb"), text=True,
        )

    def tell(self, *words):
        try:
            self.process.stdin.write(json.dumps(words) + "\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], TIME_LIMIT)
            if not ready:
                self.process.terminate()
            line = self.process.stdout.readline() if ready else ""
        except BrokenPipeError:
            ready, line = True, ""
        if not line:
            status = self.process.wait()
            tail = self.log.read_text(errors="replace")[-3000:]
            why = f"ended with {status}" if ready else f"was not done within {TIME_LIMIT} s"
            raise Failed(f"{self.name} {why}; its last words:\n{tail}")
        answer = json.loads(line)
        if failure := answer.get("failure"):
            raise Failed(f"{self.name}: {failure}")
        return answer["seconds"]

    def prepare(self, job):
        self.tell("prepare", job)

    def rest(self):
        if self.process.poll() is None:
            self.tell("rest")

    def roots(self):
        return [self.process.pid]

    def lasting(self):
        return [self.process.pid]

    def run(self, output):
        seconds = self.tell("run", str(output))
        return {"wall_s": seconds, "job_s": seconds}

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            # In the middle of a job, as when the benchmark is interrupted.
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Once(Variant):
    """The same program as a process of its own for one job, from its start to its end."""

    def __init__(self, name, python, launcher, log):
        self.name, self.python, self.launcher, self.log = name, python, launcher, log

    def roots(self):
        return [self.launcher.running] if self.launcher.running else []

    def run(self, output):
        words = [self.python, HERE / "peers.py", self.name, os.cpu_count()]
        words += [json.dumps(self.job), output]
        cost = self.launcher.run(words, dict(os.environ), self.log, None)
        return {
            "wall_s": cost["wall_s"], "job_s": cost["wall_s"], "cpu_s": cost["cpu_s"],
            "rss_mib": cost["max_rss_mib"],
        }
