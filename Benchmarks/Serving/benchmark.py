"""Compares our server and our client with NVIDIA's; `scripts/benchmark serving` runs it.

The model `bench` gives the first 10 of each row's 784 FP32 numbers, so that the time goes to the
transport. It runs on the real tritonserver, in its Python backend, and on our server. Two clients call
them, one call after the other: tritonclient, in Python, and ours. All four pairs take turns, each with
as many calls as take a fraction of a second. The server's part is tritonclient with our server against
tritonclient with Triton; the client's part is our client with Triton against tritonclient with Triton.

What is compared are wall times of a call: the median of the rounds' ratios. A first round is thrown
away. CPU milliseconds of a call stand beside them, of all threads of the clients or of all processes of
the servers. Not slower is a ratio of at most 1.05.

"memory" is system shared memory, into which each call copies its input. JSON is what tritonclient sends
with binary_data=False; our client has no such thing.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRITON = HERE.parent.parent / "Tests" / "Triton" / "triton.py"
LIMIT = 1.05
TRANSPORTS = ("grpc", "http", "grpc-memory", "http-memory", "json")
ROWS = (1024, 64, 1)


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


class Process:
    """A process that prints lines of JSON and ends when its standard input does."""

    def __init__(self, words, scratch):
        self.name = Path(words[1] if "python" in Path(words[0]).name else words[0]).name
        self.log = scratch / f"{self.name}-{id(self)}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            self.process.wait()
            raise SystemExit(f"{self.name} ended: {self.log.read_text(errors='replace')[-3000:]}")
        return json.loads(text)

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Server(Process):
    """A server with the model; the processes of its group are its own."""

    def __init__(self, words, scratch):
        super().__init__(words, scratch)
        said = self.line()
        if "error" in said:
            raise SystemExit(f"{self.name}: {said['error']}: {said.get('log')}")
        self.ports = [said["grpc"], said["http"]]
        self.group = said["pid"]

    def cpu(self):
        """CPU seconds of its processes so far."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == self.group:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class Pair(Process):
    """A client's process that calls one of the servers."""

    def __init__(self, words, server, scratch):
        super().__init__([*words, *server.ports], scratch)
        self.server = server

    def run(self, transport, rows, calls):
        """Wall, the client's CPU and the server's CPU milliseconds of a call."""
        before = self.server.cpu()
        try:
            self.process.stdin.write(f"{transport} {rows} {calls}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        used = self.line()
        used["server"] = self.server.cpu() - before
        return {key: value / calls * 1000 for key, value in used.items()}


def measure(pairs, transport, rows, rounds, seconds):
    """Each pair's rounds."""
    calls = []
    for pair in pairs:
        once = pair.run(transport, rows, 1)["wall"]
        few = 1 if once > 50 else 10
        once = pair.run(transport, rows, few)["wall"]
        calls.append(max(1, round(seconds * 1000 / once)))
    measured = [[] for _ in pairs]
    for number in range(rounds + 1):
        # Each has each place in turn.
        order = [(place + number) % len(pairs) for place in range(len(pairs))]
        for index in order if number % 2 == 0 else reversed(order):
            used = pairs[index].run(transport, rows, calls[index])
            if number > 0:
                measured[index].append(used)
    return measured


def ratio(ours, theirs, key="wall"):
    return statistics.median(one[key] / other[key] for one, other in zip(ours, theirs))


def summary(rounds):
    return {
        # Ticks of the clock are too coarse for a round, not for all.
        key: (statistics.mean if key == "server" else statistics.median)(each[key] for each in rounds)
        for key in rounds[0]
    }


def table(title, cells, ours, theirs, cpu, names):
    print(f"\n{title}\n\n| transport | rows | {names[0]} ms | {names[1]} ms | ratio | {names[0]} CPU ms "
          f"| {names[1]} CPU ms |\n|---|---|---|---|---|---|---|")
    for cell in cells:
        if ours in cell:
            one, other = summary(cell[ours]), summary(cell[theirs])
            print(
                f"| {cell['transport']} | {cell['rows']} | {other['wall']:.3f} | {one['wall']:.3f} "
                f"| {ratio(cell[ours], cell[theirs]):.2f} | {other[cpu]:.3f} | {one[cpu]:.3f} |"
            )


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark serving", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--server", type=Path, required=True, help="the executable KServeFixture")
    parser.add_argument("--client", type=Path, required=True, help="the executable ServingBenchmark")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each pair (default 9)")
    parser.add_argument("--seconds", type=float, default=0.4, help="length of a round (default 0.4)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.15 s")
    parser.add_argument("--only", action="append", help="a transport")
    parser.add_argument("--rows", type=int, action="append", help="a number of rows instead of all")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 3, 0.15
    load = os.getloadavg()[0]
    cells = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="needletail-serving-")))

        def started(kind, *arguments):
            process = kind(*arguments, scratch)
            stack.callback(process.close)
            return process

        say("starting the servers")
        triton = started(Server, [sys.executable, TRITON, "bench"])
        ours = started(Server, [options.server])
        python = [sys.executable, HERE / "triton_client.py"]
        pairs = {
            "peer with peer": started(Pair, python, triton),
            "peer with ours": started(Pair, python, ours),
            "ours with peer": started(Pair, [options.client], triton),
            "ours with ours": started(Pair, [options.client], ours),
        }
        for transport in TRANSPORTS:
            for rows in ROWS:
                if transport not in (options.only or TRANSPORTS) or rows not in (options.rows or ROWS):
                    continue
                isText = transport == "json"
                names = [name for name in pairs if not isText or name.startswith("peer")]
                rounds = min(options.rounds, 3) if isText else options.rounds
                measured = measure(
                    [pairs[name] for name in names], transport, rows, rounds, options.seconds
                )
                cells.append({"transport": transport, "rows": rows, **dict(zip(names, measured))})
                say(
                    f"{transport} x{rows}: "
                    + ", ".join(
                        f"{name} {summary(each)['wall']:.3f} ms" for name, each in zip(names, measured)
                    )
                )
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{options.rounds} rounds of {options.seconds} s, load {load:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after; milliseconds of a call"
    )
    table(
        "The server: tritonclient with Triton and with ours; CPU of the servers", cells,
        "peer with ours", "peer with peer", "server", ("Triton", "ours"),
    )
    table(
        "The client: tritonclient and ours with Triton; CPU of the clients", cells,
        "ours with peer", "peer with peer", "cpu", ("tritonclient", "ours"),
    )
    table(
        "Both: tritonclient with Triton, our client with our server; CPU of the clients", cells,
        "ours with ours", "peer with peer", "cpu", ("theirs", "ours"),
    )
    print()
    verdicts = []
    for part, name in (("server", "peer with ours"), ("client", "ours with peer")):
        for cell in cells:
            if name in cell:
                value = ratio(cell[name], cell["peer with peer"])
                verdicts.append(value <= LIMIT)
                word = "not slower" if verdicts[-1] else "SLOWER"
                print(f"{part}, {cell['transport']} x{cell['rows']}: {word} ({value:.2f})")
    print(f"\n{sum(verdicts)} of {len(verdicts)} take at most {LIMIT} of their time")
    sys.exit(0 if all(verdicts) else 1)


if __name__ == "__main__":
    main()
