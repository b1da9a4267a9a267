"""Hosts that share nothing: each has network, processes, mounts, name and /tmp of its own.

Nothing gets a name outside of this process's own namespaces, so that all of it ends with them.
"""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

NETWORK = "10.77.0"
# What all limits of time are multiplied with, for machines that have other things to do.
patience = 1.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Started as the first process of a host, with the place of its root, the system, the host's own folder and the
# folders that are put into it. It waits, and gathers the processes that lose their parents.
INIT = """
set -e
mount --make-rprivate /
root=$1 system=$2 own=$3
shift 3
hostname "${own##*/}"
if [ "$system" != / ]; then
  mount --bind "$system" "$root"
  mount -o remount,bind,ro "$root"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  mknod -m 666 "$root/dev/null" c 1 3
  mknod -m 666 "$root/dev/zero" c 1 5
  mknod -m 666 "$root/dev/full" c 1 7
  mknod -m 666 "$root/dev/random" c 1 8
  mknod -m 666 "$root/dev/urandom" c 1 9
  ln -s /proc/self/fd "$root/dev/fd"
  mkdir "$root/dev/shm"
  mount --bind "$own/run" "$root/run"
else
  root=
fi
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
while [ $# -gt 0 ]; do
  mount --bind "$1" "$root$2"
  [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
mount --bind "$own/tmp" "$root/tmp"
mount --bind "$own/hosts" "$root/etc/hosts"
mount -t proc proc "$root/proc"
: >"$own/ready"
cd "$root/"
[ -z "$root" ] || exec chroot "$root" /bin/bash -c 'sleep infinity & wait'
exec /bin/bash -c 'sleep infinity & wait'
"""


def run(*words, check=True):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{shlex.join(map(str, words))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


class Outcome:
    """What a command said, and how it ended."""

    def __init__(self, status, text, seconds):
        self.status, self.text, self.seconds = status, text, seconds

    def tail(self, count=12):
        return "\n".join(self.text.strip().splitlines()[-count:])


class Command:
    """A command that runs on a host."""

    def __init__(self, process, log):
        self.process, self.log, self.began = process, log, time.monotonic()

    def text(self):
        return self.log.read_text(errors="replace")

    def wait(self, timeout):
        try:
            status = self.process.wait(timeout * patience)
        except subprocess.TimeoutExpired:
            self.kill()
            status = f"none within {timeout * patience:.0f} s"
        return Outcome(status, self.text(), time.monotonic() - self.began)

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def says(self, text, timeout):
        """Waits until the command has said `text`."""
        end = time.monotonic() + timeout * patience
        while text not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


class Host:
    def __init__(self, bed, name, number, system="/", shared=(), user=None):
        """A host called `name` with the address that ends in `number`.

        `shared` are folders as (folder here, place there, "ro" or "rw"). Commands run as `user`, by default root.
        """
        self.bed, self.name, self.user = bed, name, user
        self.address = f"{NETWORK}.{number}"
        # Its end of the cable.
        self.port = f"to-{name}"
        self.own = bed.scratch / "hosts" / name
        self.system, self.shared = system, shared
        self.init = None
        self.count = 0

    @property
    def tmp(self):
        return self.own / "tmp"

    def start(self, hosts):
        for folder in ["tmp", "run"]:
            (self.own / folder).mkdir(parents=True)
            (self.own / folder).chmod(0o1777)
        (self.own / "hosts").write_text("127.0.0.1 localhost\n" + "".join(
            f"{h.address} {h.name}\n" for h in hosts))
        words = [str(w) for share in self.shared for w in share]
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child",
             "bash", "-c", INIT, "init", self.bed.scratch / "root", self.system, self.own, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while not (self.own / "ready").exists():
            if self.holder.poll() is not None or time.monotonic() > end:
                self.holder.kill()
                raise RuntimeError(f"host {self.name}: {self.holder.stderr.read().strip()}")
            time.sleep(0.02)
        children = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()
        self.init = int(children[0])
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.init)
        run("ip", "link", "set", self.port, "master", "lan", "up")
        for words in [
            ["link", "set", "lo", "up"], ["address", "add", f"{self.address}/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
        ]:
            run("nsenter", "--target", self.init, "--net", "ip", *words)

    def stop(self):
        """Ends the host with all that runs there, without a word to the others."""
        if self.init is None:
            return
        self.holder.kill()
        self.holder.wait()
        self.holder.stderr.close()
        end = time.monotonic() + 10
        while Path(f"/proc/{self.init}").exists() and time.monotonic() < end:
            time.sleep(0.02)
        self.init = None

    def command(self, words, environment=None, folder="/tmp", title=None):
        """Starts a command, whose output goes to a file of the test bed."""
        self.count += 1
        log = self.bed.scratch / "logs" / f"{self.name}-{title or self.count}"
        enter = ["nsenter", "--target", str(self.init), "--mount", "--net", "--uts", "--ipc", "--pid"]
        if self.system != "/":
            enter += ["--root"]
        names = {"PATH": PATH, "LANG": "C.UTF-8", "TMPDIR": "/tmp", "HOME": "/tmp"} | (environment or {})
        become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"] if self.user else []
        with open(log, "w") as out:
            process = subprocess.Popen(
                [*enter, *become, "env", "-i", "-C", folder, *(f"{k}={v}" for k, v in names.items()),
                 *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        return Command(process, log)

    def run(self, *words, timeout=120, **more):
        return self.command(words, **more).wait(timeout)

    # The network between this host and all others.

    def cut(self):
        """Packets are lost without a word, as when somebody pulls a cable further away."""
        run("ip", "link", "set", self.port, "nomaster")

    def heal(self):
        run("ip", "link", "set", self.port, "master", "lan")

    def unplug(self):
        """The host's own interface goes down."""
        run("nsenter", "--target", self.init, "--net", "ip", "link", "set", "eth0", "down")

    def plug(self):
        run("nsenter", "--target", self.init, "--net", "ip", "link", "set", "eth0", "up")

    def processes(self):
        """The command lines of the host's processes."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "ns/pid") == self.namespace():
                    found.append((int(entry.name), (entry / "cmdline").read_bytes().decode(errors="replace")))
            except OSError:
                continue
        return found

    def namespace(self):
        return os.readlink(f"/proc/{self.init}/ns/pid")

    def kill(self, text):
        """Ends the processes whose command lines contain `text`, and gives their number."""
        found = [pid for pid, words in self.processes() if text in words]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)
