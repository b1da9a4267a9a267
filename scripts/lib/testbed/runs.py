"""The rows of the table: what is run, and what must come of it."""

import time
from contextlib import contextmanager
from urllib.parse import quote

import hosts
from spark import NARROW, PORT, PROXIES, TOKEN, start_proxies
from tables import ROWS, remove

RUNS = []
SERVER = f"sc://connect:{PORT}/;use_ssl=false;token={quote(TOKEN, safe='')}"


class Failure(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Failure(text)


def run(title, short=False):
    """A function that is a row; what it gives is the row's note."""

    def add(function):
        RUNS.append((title, function, short))
        return function

    return add


def through(port, ca="ca"):
    return f"sc://proxy:{port}/;token={quote(TOKEN, safe='')};ca_file=/tmp/{ca}.pem"


class Prediction:
    """`needletail predict` on the driver's host."""

    def __init__(self, bed, *more, table="/shared/digits.parquet", remote=SERVER, name=None, rows=ROWS):
        self.bed, self.rows = bed, rows
        bed.outputs += 1
        self.output = f"out-{bed.outputs}"
        self.command = bed.needletail(
            "predict", "digits.onnx", "--input", table, "--output", f"/shared/{self.output}", "--keep", "id",
            "--remote", remote, *more, title=name)

    @property
    def folder(self):
        return self.bed.shared / self.output

    def wait_for_tasks(self, count=1, timeout=180):
        """Waits until so many tasks have committed, and some have not."""
        end = time.monotonic() + timeout * hosts.patience
        while len(list(self.folder.glob("_temporary/0/task_*"))) < count:
            said = self.command.process.poll()
            expect(said is None, f"it ended ({said}) before {count} tasks had: {self.command.text()[-800:]}")
            expect(time.monotonic() < end, f"{count} tasks did not end in time")
            time.sleep(0.05)

    def done(self, timeout=240):
        outcome = self.command.wait(timeout)
        expect(outcome.status == 0, f"exit status {outcome.status}:\n{outcome.tail()}")
        fault = self.bed.tables.fault(self.folder, self.rows)
        expect(fault is None, f"{fault}; it said:\n{outcome.tail()}")
        remove(self.folder)
        return outcome

    def fails(self, *texts, timeout=120, goes_on=False):
        """That it ends with an error which says `texts`, and leaves no rows, unless the job goes on without it."""
        outcome = self.command.wait(timeout)
        expect(isinstance(outcome.status, int) and outcome.status > 0, f"exit status {outcome.status}:\n{outcome.tail()}")
        for text in texts:
            expect(text in outcome.text, f"it does not say '{text}':\n{outcome.tail()}")
        expect(goes_on or not (self.folder / "_SUCCESS").exists(), "there is an output")
        remove(self.folder)
        return outcome


def said(outcome, text):
    """The line of `outcome` that has `text`, not too long."""
    line = next((line for line in outcome.text.splitlines() if text in line), "")
    begin = 0 if line.find(text) < 160 else line.find(text) - 60
    return ("..." if begin else "") + line[begin:begin + 220] + ("..." if len(line) > begin + 220 else "")


def many(bed, *more, **words):
    """A prediction of many rows, in a task for each of 24 files: none has room for a second one."""
    return Prediction(
        bed, "--conf", "spark.sql.files.openCostInBytes=134217728", *more, table="/shared/many", rows=bed.many_rows, **words)


@run("the hosts share nothing", short=True)
def apart(bed):
    for name in ["worker1", "worker2"]:
        host = bed.hosts[name]
        found = host.run("sh", "-c", "command -v python3 || command -v python || ls /opt/needletail || ls /work")
        expect("python" not in found.text.split("\n")[0], f"{name} has Python: {found.text}")
        processes = [words for _, words in host.processes()]
        expect(not any("Master" in words or "needletail" in words for words in processes), f"{name}: {processes}")
    seen = bed.hosts["driver"].run("sh", "-c", "ls /proc | grep -c '^[0-9]'; ls /tmp /shared")
    expect("No such file" in seen.text, f"the driver sees {seen.text}")
    return "six network, process and mount namespaces; no Python on the workers"


@run("needletail doctor --remote", short=True)
def doctor(bed):
    outcome = bed.needletail("doctor", "--remote", SERVER).wait(180)
    expect(outcome.status == 0, f"exit status {outcome.status}:\n{outcome.text[-3000:]}")
    return outcome.tail(1)


@run("predict", short=True)
def predict(bed):
    Prediction(bed).done()
    return f"{ROWS} digits as in expected.parquet"


@run("predict, only the server has the table")
def only_the_server(bed):
    bed.give("connect", "only", bed.quickstart / "digits.parquet")
    outcome = Prediction(bed, table="/srv/only/digits.parquet").fails("/srv/only/digits.parquet")
    return said(outcome, "/srv/only")


@run("predict, only the driver has the table")
def only_the_driver(bed):
    outcome = Prediction(bed, table=str(bed.quickstart / "digits.parquet")).fails("digits.parquet")
    return said(outcome, "digits.parquet")


@run("native scan, all hosts have the table")
def scan_shared(bed):
    outcome = Prediction(bed, "--scan", "native").done()
    return said(outcome, "scan") or "right"


@run("native scan, only the server has the table")
def scan_server(bed):
    bed.give("connect", "only", bed.quickstart / "digits.parquet")
    outcome = Prediction(bed, "--scan", "native", table="/srv/only/digits.parquet").fails("/srv/only/digits.parquet")
    return said(outcome, "/srv/only")


@run("native scan, the workers have copies of another time")
def scan_other_files(bed):
    # Spark tells of files what a worker's host has, and reads them there, too: the server's own copy is not asked.
    bed.give("connect", "copies", bed.quickstart / "digits.parquet")
    for name in ["worker1", "worker2"]:
        bed.give(name, "copies", bed.quickstart / "digits.parquet", seconds_later=60)
    outcome = Prediction(bed, "--scan", "native", table="/srv/copies/digits.parquet").done()
    return said(outcome, "the workers read the files")


@run("automatic scan, folder that the hosts may not share")
def scan_automatic(bed):
    outcome = many(bed, "--scan", "automatic").done()
    expect("Native scan" not in outcome.text, outcome.tail())
    return said(outcome, "Spark reads the files") or "Spark reads it"


@run("node servers: one on each host, right predictions, gone with their driver")
def node_servers(bed):
    # The program reads model and table from one folder, which the hosts have at the same place, each its own.
    for name in ["connect", "worker1", "worker2", "driver"]:
        for file in ["digits.onnx", "digits.parquet"]:
            bed.give(name, "quickstart", bed.quickstart / file)
    command = bed.hosts["driver"].command(
        [bed.program("IntegrationProgram"), "hold", "--remote", SERVER, "--folder", "/srv/quickstart", "--mark", "bed"],
        bed.environment(), title="servers")
    try:
        expect(command.says("holding", 120), f"it said:\n{command.text()[-1500:]}")

        def servers():
            return [sum("--needletail-serve-node" in w and not w.startswith("/bin/sh") for _, w in host.processes())
                    for host in [bed.hosts["worker1"], bed.hosts["worker2"]]]

        expect(servers() == [1, 1], f"servers on the workers' hosts: {servers()}")
        # Longer than a lease that nobody renews.
        time.sleep(16)
        expect(servers() == [1, 1], f"after 16 s: servers on the workers' hosts: {servers()}")
    finally:
        command.kill()
    began = time.monotonic()
    while servers() != [0, 0]:
        expect(time.monotonic() - began < 45 * hosts.patience, f"long after the driver: {servers()}")
        time.sleep(0.2)
    return f"1760 of {ROWS} right; gone {time.monotonic() - began:.0f} s after the driver was killed"


def proxied(name):
    @run(f"predict through {name}, TLS")
    def row(bed):
        if "nginx" not in bed.cluster.parts:
            start_proxies(bed)
            for authority in ["ca", "other"]:
                bed.give_file("driver", bed.hosts["proxy"].tmp / "tls" / f"{authority}.pem")
        Prediction(bed, remote=through(PROXIES[name][0])).done()
        many(bed, remote=through(PROXIES[name][0])).done()
        return f"{ROWS} and {bed.many_rows} rows"


for proxy in PROXIES:
    proxied(proxy)


@run("nginx with its own limit of a request's size")
def narrow(bed):
    outcome = Prediction(bed, remote=through(NARROW)).fails("HTTP 413", "client_max_body_size 0")
    return said(outcome, "HTTP 413")


@run("TLS, signed by another authority")
def other_authority(bed):
    outcome = Prediction(bed, remote=through(PROXIES["haproxy"][0], "other")).fails("TLS", timeout=30)
    return said(outcome, "TLS")


@run("the proxy is started again in mid-job")
def proxy_restarted(bed):
    prediction = many(bed, remote=through(PROXIES["haproxy"][0]))
    prediction.wait_for_tasks()
    bed.cluster.parts["haproxy"].kill()
    expect(bed.hosts["proxy"].kill("/tmp/haproxy/settings") == 0, "haproxy went on")
    time.sleep(3)
    words = PROXIES["haproxy"][2]
    bed.cluster.parts["haproxy"] = bed.hosts["proxy"].command([*words, "/tmp/haproxy/settings"], title="haproxy-again")
    prediction.done()
    return "3 s without a proxy; taken up again"


@contextmanager
def apart_from_others(host, quietly=True):
    (host.cut if quietly else host.unplug)()
    try:
        yield
    finally:
        (host.heal if quietly else host.plug)()


def cut_row(title, name, seconds, quietly):
    @run(title)
    def row(bed):
        prediction = many(bed)
        prediction.wait_for_tasks()
        with apart_from_others(bed.hosts[name], quietly):
            time.sleep(seconds)
        outcome = prediction.done()
        return f"{bed.many_rows} rows, after {outcome.seconds:.0f} s"


cut_row("driver cut off for 8 s in mid-job, in silence", "driver", 8, True)
cut_row("driver's interface down for 8 s in mid-job", "driver", 8, False)
cut_row("a worker's host cut off for 6 s in mid-job", "worker1", 6, True)


@run("driver cut off for ever: told")
def cut_for_ever(bed):
    prediction = many(bed)
    prediction.wait_for_tasks()
    with apart_from_others(bed.hosts["driver"]):
        began = time.monotonic()
        outcome = prediction.fails("no Spark Connect server answers at connect", timeout=420, goes_on=True)
        seconds = time.monotonic() - began
    return f"after {seconds:.0f} s: " + said(outcome, "no Spark Connect server answers")


@run("slow link of the driver: 50 ms each way, 5 MB/s")
def slow(bed):
    with bed.slow_wire(bed.hosts["driver"], 50, 5_000_000):
        first = Prediction(bed).done()
        second = Prediction(bed).done()
    return f"{ROWS} rows; {first.seconds:.0f} s, a second session {second.seconds:.0f} s"


@run("a worker's host is lost in mid-job")
def worker_lost(bed):
    prediction = many(bed)
    prediction.wait_for_tasks(4)
    bed.hosts["worker2"].stop()
    outcome = prediction.done()
    return f"{bed.many_rows} rows, after {outcome.seconds:.0f} s"


@run("a new host takes its place")
def worker_back(bed):
    bed.replace("worker2")
    bed.cluster.worker("worker2")
    bed.cluster.executors(2)
    many(bed).done()
    return f"{bed.many_rows} rows"


@run("worker's host with the glibc of Debian 11: told")
def old_glibc(bed):
    for name in ["worker1", "worker2"]:
        bed.hosts[name].stop()
    bed.start_old()
    bed.cluster.worker("old")
    bed.cluster.executors(1)
    outcome = Prediction(bed).fails("glibc", timeout=180)
    return said(outcome, "glibc")
