"""Bare systems: Debian's essential packages and those that are named, made by debootstrap below
.build/bare, and commands that run in them with no network and no environment."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BARE = ROOT / ".build" / "bare"
RELEASES = {"11": "bullseye", "12": "bookworm", "13": "trixie"}
# The newest Java of the release that Spark runs on.
JAVA = {"12": "openjdk-17-jre-headless", "13": "openjdk-21-jre-headless"}
NOBODY = 65534
TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"
# A new network has only a loopback interface, and that is down; a new host has the name of the old one,
# which leads nowhere in the system.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as any: fcntl.ioctl(any, 0x8914, struct.pack("16sh22x", b"lo", 1))
socket.sethostname("bare")
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Failure(Exception):
    """Why a system or a package for it cannot be had."""


def end_in_order():
    """Makes SIGTERM end this process as Ctrl-C does: with all that it started and made."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def can_be_root():
    return os.geteuid() == 0 or subprocess.run(
        ["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def rooted(*command):
    """The command as root."""
    return [*([] if os.geteuid() == 0 else ["sudo", "-n"]), *map(str, command)]


def checked(command, failure, **given):
    """Runs a command, and shows what it said only when it failed."""
    done = subprocess.run(
        list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, **given)
    if done.returncode:
        lines = done.stdout.splitlines()[-40:]
        raise Failure("\n".join([*lines, failure]))
    return done.stdout


def remove(folder):
    """Removes what other users may have written, and nothing that is mounted there."""
    checked(rooted("rm", "-rf", "--one-file-system", folder), f"{folder} could not be removed")


@contextlib.contextmanager
def lock(name):
    """One process at a time."""
    BARE.mkdir(parents=True, exist_ok=True)
    with open(BARE / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass
class Result:
    """How a command in a system ended, what it said, and what it took, on the clock and of processors."""

    status: int
    output: str
    errors: str
    seconds: float
    processors: float


class System:
    """A bare system in a folder."""

    def __init__(self, folder):
        self.folder = folder
        text = (folder / "etc/os-release").read_text()
        self.name = text.split('PRETTY_NAME="')[1].split('"')[0]

    def inside(self, path):
        """Where a file of this system lies for those outside of it."""
        return self.folder / str(path).lstrip("/")

    def command(self, *words, settings=None, at="/", user=NOBODY, limit=600):
        """The command line that runs `words` in the system with no environment but `settings`. Its
        processes and mounts end with it."""
        pairs = {"PATH": TOOLS, "LANG": "C.UTF-8", **(settings or {})}
        return rooted(
            "timeout", "--kill-after", 10, limit,
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc",
            f"--mount-proc={self.folder}/proc", sys.executable, "-c", ALONE,
            "chroot", f"--userspec={user}:{user}", self.folder, "/usr/bin/env", "-i", f"--chdir={at}",
            *(f"{name}={value}" for name, value in pairs.items()), *words)

    def run(self, *words, **given):
        began, before = time.monotonic(), os.times()
        process = subprocess.Popen(
            self.command(*words, **given), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace")
        try:
            output, errors = process.communicate()
        except BaseException:
            # `timeout` passes it on, and after its ten seconds kills what is left.
            process.terminate()
            process.wait()
            raise
        seconds, after = time.monotonic() - began, os.times()
        return Result(
            process.returncode, output, errors, seconds, sum(after[2:4]) - sum(before[2:4]))

    @contextlib.contextmanager
    def place(self):
        """A folder of the system for what is brought and written, gone at the end: its name there. All
        may write in it, since those who run there are nobody."""
        name = f"/needletail-{os.getpid()}"
        folder = self.inside(name)
        checked(rooted("install", "-d", "-m", "777", folder), f"{folder} could not be made")
        try:
            yield name
        finally:
            remove(folder)


@contextlib.contextmanager
def copy(system):
    """A copy of a system, for what changes it."""
    folder = system.folder.with_name(f"{system.folder.name}.{os.getpid()}")
    try:
        checked(rooted("cp", "-a", "--reflink=auto", system.folder, folder), f"{folder} was not copied")
        yield System(folder)
    finally:
        remove(folder)


def mirror():
    """The mirror of Debian that apt takes its packages from."""
    named = os.environ.get("DEBIAN_MIRROR")
    if named:
        return named
    found = []
    if shutil.which("apt-get"):
        found = checked(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
            "apt-get does not tell its mirrors").splitlines()
    for line in found:
        if line.rstrip("/").endswith("/debian"):
            return line
    raise Failure("apt names no mirror of Debian; name one in DEBIAN_MIRROR")


def require_debootstrap():
    if shutil.which("debootstrap", path=f"{os.environ['PATH']}:{TOOLS}"):
        return
    if not shutil.which("apt-get"):
        raise Failure("there is neither debootstrap nor apt-get; install debootstrap by hand")
    say("installing debootstrap")
    checked(rooted("apt-get", "update", "-qq"), "apt-get update failed (is there a network?)")
    checked(
        rooted("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
               "--no-install-recommends", "debootstrap"),
        "apt-get could not install debootstrap; install it by hand")


def make(release, *packages):
    """The system of this release of Debian with these packages; made, once."""
    folder = BARE / "-".join([f"debian-{release}", *packages])
    with lock("systems"):
        if folder.is_dir():
            return System(folder)
        require_debootstrap()
        source, codename = mirror(), RELEASES[release]
        say(f"making a bare Debian {release} in {folder.relative_to(ROOT)} (a minute, once)")
        partial = folder.with_name(folder.name + ".partial")
        remove(partial)
        try:
            checked(
                # What it mounts ends with it, whatever happens.
                rooted("unshare", "--mount", "env", f"PATH={TOOLS}", "debootstrap", "--variant=minbase",
                       *([f"--include={','.join(packages)}"] if packages else []),
                       codename, partial, source),
                f"debootstrap failed (is there a network, and has the mirror {codename}?)")
            # As who installs a system writes it, and debootstrap does not.
            checked(
                rooted("sh", "-c", 'echo "127.0.0.1 localhost bare" >"$1/etc/hosts" && '
                       'rm -f "$1"/var/cache/apt/archives/*.deb', "sh", partial),
                f"{partial} could not be finished")
            checked(rooted("mv", partial, folder), f"{partial} could not be renamed")
        except BaseException:
            remove(partial)
            raise
    return System(folder)
