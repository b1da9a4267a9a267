"""CPU seconds and memory of a process and its descendants, from Linux's /proc."""

import os
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the command's name: state is number 0; None when gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return content[content.rindex(b")") + 2 :].split()


def descendants(root):
    """The processes below `root`, each with the child of `root` that it hangs from."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(name)):
            children.setdefault(int(fields[1]), []).append(int(name))
    branches = {}
    for branch in children.get(root, []):
        waiting = [branch]
        while waiting:
            pid = waiting.pop()
            branches[pid] = branch
            waiting += children.get(pid, [])
    return branches


def cpu_seconds(pid):
    """User and system time of `pid` itself, and of those of its children that it has reaped."""
    fields = _stat(pid)
    if fields is None:
        return 0.0, 0.0
    own, system, reaped, reaped_system = (int(field) for field in fields[11:15])
    return (own + system) / TICKS, (reaped + reaped_system) / TICKS


def usage(root):
    """CPU seconds so far of `root` alone, and of each branch below it with all it has reaped."""
    own, reaped = cpu_seconds(root)
    branches = {None: reaped}
    for pid, branch in descendants(root).items():
        branches[branch] = branches.get(branch, 0.0) + sum(cpu_seconds(pid))
    return own, branches


def cpu_of(word):
    """CPU seconds so far of all processes that have `word` in their command lines."""
    total = 0.0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError, PermissionError):
            continue
        if word.encode() in words:
            total += sum(cpu_seconds(int(name)))
    return total


def memory(pid):
    """Proportional and resident size of `pid` in bytes: a page that n processes share counts as
    1/n of a page in the first, so that forked workers are not charged twice for one page."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            fields = dict(line.split(":", 1) for line in file.readlines()[1:])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0, 0
    return tuple(int(fields[name].split()[0]) * 1024 for name in ("Pss", "Rss"))


class MemorySampler:
    """Samples the memory of the processes below `root`, branch by branch, while it is entered."""

    def __init__(self, root, interval=0.05):
        self.root = root
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
            began = time.monotonic()
            sample = {}
            for pid, branch in descendants(self.root).items():
                proportional, resident = memory(pid)
                before = sample.get(branch, (0, 0))
                sample[branch] = (before[0] + proportional, before[1] + resident)
            self.samples.append(sample)
            self._stop.wait(max(0.0, self.interval - (time.monotonic() - began)))

    def peak(self, branches):
        """The largest sums, in MiB, over the branches named: proportional and resident."""
        sums = [
            [sum(sample.get(branch, (0, 0))[kind] for branch in branches) for kind in (0, 1)]
            for sample in self.samples
        ]
        return tuple(max((each[kind] for each in sums), default=0) / 2**20 for kind in (0, 1))
