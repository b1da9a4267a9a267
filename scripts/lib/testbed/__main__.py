"""The test bed of several hosts; see scripts/testbed."""

import argparse
import os
import shutil
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import hosts
import runs
from spark import Cluster
from tables import Tables

NOBODY = 65534
WIRE = Path(__file__).parent / "wire.py"


class Bed:
    def __init__(self, options):
        self.scratch, self.root = options.scratch, options.root
        self.programs, self.systems = options.programs, options.systems
        self.quickstart = self.root / "Examples/QuickStart"
        self.shared = self.scratch / "shared"
        self.outputs = self.many_rows = 0
        self.hosts, self.cluster, self.tables = {}, Cluster(self), None

    def program(self, name):
        return self.programs / name

    def environment(self):
        return {"NEEDLETAIL_PYTHON": self.root / ".venv/bin/python"}

    def needletail(self, *words, title=None):
        return self.hosts["driver"].command(
            [self.program("needletail"), *words], self.environment(), self.quickstart, title)

    def host(self, name, number, release=12):
        if release is None:
            return hosts.Host(self, name, number, shared=[(self.scratch / "data" / name, "/srv", "ro")])
        shared = [
            (self.root / ".venv" / self.spark(), "/opt/spark", "ro"),
            (self.root / "deploy/container", "/opt/container", "ro"),
            (self.shared, "/shared", "rw"), (self.scratch / "data" / name, "/srv", "ro")]
        if name == "proxy":
            shared = []
        return hosts.Host(self, name, number, self.systems / f"testbed-{release}", shared, NOBODY)

    def spark(self):
        return next((self.root / ".venv").glob("lib/python3*/site-packages/pyspark")).relative_to(self.root / ".venv")

    def start(self):
        for folder in ["root", "hosts", "logs", "shared", "data"]:
            (self.scratch / folder).mkdir()
        self.shared.chmod(0o1777)
        self.tables = Tables(self.quickstart)
        shutil.copy(self.quickstart / "digits.parquet", self.shared)
        self.many_rows = self.tables.many(self.shared / "many", files=24, copies=8)
        hosts.run("ip", "link", "set", "lo", "up")
        hosts.run("ip", "link", "add", "lan", "type", "bridge")
        hosts.run("ip", "address", "add", f"{hosts.NETWORK}.1/24", "dev", "lan")
        hosts.run("ip", "link", "set", "lan", "up")
        for number, name in enumerate(["master", "worker1", "worker2", "connect", "proxy", "driver", "old"], 2):
            release = None if name == "driver" else 11 if name == "old" else 12
            self.hosts[name] = self.host(name, number, release)
            (self.scratch / "data" / name).mkdir()
        for host in self.hosts.values():
            if host.name != "old":
                host.start(self.hosts.values())

    def start_old(self):
        self.hosts["old"].start(self.hosts.values())

    def replace(self, name):
        """A new host in the place of one that was lost."""
        shutil.rmtree(self.hosts[name].own)
        self.hosts[name].start(self.hosts.values())

    def give(self, name, folder, file, seconds_later=0):
        """Puts a file into /srv/FOLDER of one host alone."""
        place = self.scratch / "data" / name / folder
        place.mkdir(exist_ok=True)
        shutil.copy2(file, place / file.name)
        modified = file.stat().st_mtime + seconds_later
        os.utime(place / file.name, (modified, modified))

    def give_file(self, name, file):
        shutil.copy(file, self.hosts[name].tmp)

    @contextmanager
    def slow_wire(self, host, milliseconds, rate):
        """Puts a wire that takes its time between a host and the others."""
        hosts.run("ip", "link", "add", "slow0", "type", "veth", "peer", "name", "slow1")
        hosts.run("ip", "link", "set", host.port, "nomaster")
        hosts.run("ip", "link", "set", "slow0", "up")
        hosts.run("ip", "link", "set", "slow1", "master", "lan", "up")
        hosts.run(sys.executable, WIRE, "--prepare", "slow1")
        hosts.run("nsenter", "--target", host.init, "--net", sys.executable, WIRE, "--prepare", "eth0")
        wire = subprocess.Popen(
            [sys.executable, WIRE, host.port, "slow0", str(milliseconds), str(rate)], stdout=subprocess.PIPE)
        try:
            wire.stdout.readline()
            yield
        finally:
            wire.kill()
            wire.wait()
            wire.stdout.close()
            hosts.run("ip", "link", "delete", "slow0")
            hosts.run("ip", "link", "set", host.port, "master", "lan")

    def stop(self):
        for host in self.hosts.values():
            host.stop()


def options():
    parser = argparse.ArgumentParser(prog="scripts/testbed")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--wait", action="store_true", help="start the hosts alone, and wait to be ended")
    parser.add_argument("--patience", type=float, default=1)
    parser.add_argument("--only", action="append")
    for name in ["root", "scratch", "programs", "systems", "keep"]:
        parser.add_argument(f"--{name}", type=Path)
    return parser.parse_args()


def chosen(given):
    if given.only:
        return [r for r in runs.RUNS if any(word in r[0] for word in given.only)]
    return [r for r in runs.RUNS if r[2] or not given.short]


def row(outcome, title, seconds, note):
    print(f"{outcome:8} {title:62} {seconds:6.1f} s")
    for line in (note or "").splitlines():
        print(f"         {line}")
    sys.stdout.flush()


def main():
    given = options()
    hosts.patience = given.patience
    bed = Bed(given)
    wanted = chosen(given)
    began = time.monotonic()
    failures = 0
    try:
        if given.wait:
            bed.start()
            (bed.scratch / "up").touch()
            time.sleep(600)
        if wanted:
            bed.start()
            bed.cluster.start()
            row("ok", "hosts, network, Spark", time.monotonic() - began, "")
        for title, function, _ in wanted:
            start = time.monotonic()
            try:
                outcome, note = "ok", function(bed)
            except runs.Failure as failure:
                outcome, note = "FAILED", str(failure)
            except Exception:
                outcome, note = "FAILED", traceback.format_exc()
            failures += outcome != "ok"
            row(outcome, title, time.monotonic() - start, note)
    finally:
        bed.stop()
        if given.keep and (bed.scratch / "logs").exists():
            shutil.copytree(bed.scratch / "logs", given.keep, dirs_exist_ok=True)
    print(f"\n{len(wanted)} rows, {failures} failed, {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


os.umask(0o022)
sys.exit(main())
