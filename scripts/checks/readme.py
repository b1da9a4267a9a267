"""Takes README.md apart and runs all of it, as a reader would in one terminal.

A block of commands is marked `sh`, begins with "# in FOLDER", the folder of the clone that it is run from ("the clone" is
its root), and may be followed by one marked `output` with lines that its last command must print; "..." in them
stands for anything. Programs in Swift are compiled, those in Python run. What is marked `text` is no command.
Whatever else stands in a block is an error: nothing is left out in silence.

It happens in a copy of Examples/QuickStart below a temporary folder, with an empty home and no variable that leads
anywhere. Wheels come from .build/readme, which pip fills the first time.

    NEEDLETAIL_BIN=... .venv/bin/python scripts/checks/readme.py [--verbose]
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "Benchmarks"), str(ROOT / "scripts" / "lib")]
from built_modules import compiler_words  # noqa: E402
from documents import blocks, missing  # noqa: E402
from spark_server import SparkServer  # noqa: E402

DOCUMENT = ROOT / "README.md"
DOWNLOADS = ROOT / ".build" / "readme"
EXAMPLE = "Examples/QuickStart"
# Of a command, on two cores that other checks use, too.
TIME_LIMIT = 300

# What is replaced in commands and programs, and why.
SUBSTITUTIONS = {
    "localhost:15002": "Spark's port: the server that the check starts has a free one",
    "127.0.0.1:8001": "gRPC's port, free as well",
    "needletail serve": "gets free ports as options, for the same reason",
}
# What takes too long is not run; instead it is made sure that there is what it names.
LONG = {
    "scripts/demo": "builds the example in release",
    "scripts/test": "runs this check",
    "swift build": "builds the command in release; that of NEEDLETAIL_BIN is taken for it",
    "swift run": "builds all modules for a package; its manifest is read and its program compiled",
    "scripts/package": "ran before all blocks, with --program, for the wheel that they install",
}
# What is run, by its name in any folder.
PROGRAMS = {"python3", "pip", "needletail", "cd", "export", "."}


class Failure(Exception):
    """What is wrong with a block."""


def run(words, **given):
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, **given)


class Terminal:
    """Runs commands one after the other; the folder and the variables stay, as in a terminal."""

    def __init__(self, root, variables):
        self.root, self.variables, self.folder = root, variables, root
        self.state = root / "state"
        self.servers = []

    def run(self, command, substituted):
        """What the command printed, and what it said on standard error."""
        script = f'{substituted}\nstatus=$?\n{{ pwd; env -0; }} >"{self.state}"\nexit $status\n'
        done = run(
            ["bash", "-c", script], cwd=self.folder, env=self.variables, stdin=subprocess.DEVNULL,
            timeout=TIME_LIMIT)
        if done.returncode:
            raise Failure(f"`{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        folder, variables = self.state.read_text().split("\n", 1)
        self.folder = Path(folder)
        self.variables = dict(pair.split("=", 1) for pair in variables.split("\0") if pair)
        return done.stdout

    def start(self, command, substituted):
        """What a server in the background prints when it is ready."""
        log = self.root / f"server{len(self.servers)}.log"
        with open(log, "w") as output:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {substituted}"], cwd=self.folder, env=self.variables,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.servers.append(server)
        deadline = time.monotonic() + TIME_LIMIT
        while time.monotonic() < deadline and server.poll() is None:
            said = re.search("^ready: .*$", log.read_text(), re.M)
            if said:
                return said[0]
            time.sleep(0.1)
        raise Failure(f"`{command}` is not ready:\n{log.read_text()}")

    def close(self):
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


class Check:
    def __init__(self, folder, programs, spark):
        self.programs, self.spark, self.clone = programs, spark, folder / "clone"
        self.swift = shutil.which("swift") or sys.exit("readme.py: there is no swift on the PATH")
        self.clone.mkdir()
        (folder / "home").mkdir()
        (folder / "tmp").mkdir()
        shutil.copytree(
            ROOT / EXAMPLE, self.clone / EXAMPLE, ignore=shutil.ignore_patterns("environment", "predictions*"))
        # What the build and scripts/demo leave in a clone.
        (self.clone / ".build").mkdir()
        (self.clone / ".build" / "release").symlink_to(programs)
        (self.clone / ".venv").symlink_to(sys.prefix)
        # The Python of which scripts/test made its environments, and no command of the caller's.
        (folder / "bin").mkdir()
        (folder / "bin" / "python3").symlink_to(sys._base_executable)
        self.terminal = Terminal(self.clone, {
            "PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"),
            "LANG": "C.UTF-8", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(DOWNLOADS),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
        if "JAVA_HOME" in os.environ:
            self.terminal.variables["JAVA_HOME"] = os.environ["JAVA_HOME"]
        self.grpc = None

    # What must be there before

    def package(self):
        done = run([
            ROOT / "scripts/package", "--program", self.programs / "needletail", "--only", "wheel",
            "--output", self.clone / "dist"])
        if done.returncode:
            raise Failure(f"scripts/package failed: {done.stdout}{done.stderr}")
        (wheel,) = (self.clone / "dist").glob("needletail-*.whl")
        return f"{wheel}[onnx]"

    @staticmethod
    def download(wheel):
        """Fetches what the wheel needs unless it is there."""
        words = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--only-binary=:all:", "--no-cache-dir", "--dest", DOWNLOADS, "--find-links", DOWNLOADS]
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        if run([*words, "--no-index", wheel]).returncode:
            done = run([*words, wheel])
            if done.returncode:
                raise Failure(f"pip could not download (is there a network?): {done.stderr}")
        for own in DOWNLOADS.glob("needletail-*.whl"):
            own.unlink()

    # Blocks

    def folder(self, block):
        """The folder that the first line of a block names."""
        said = re.fullmatch(r"# in (\S+|the clone)", block.lines[0])
        folder = said and (self.clone if said[1] == "the clone" else self.clone / said[1])
        if not folder or not folder.is_dir():
            raise Failure("the first line must be `# in FOLDER`, and name a folder of this clone or `the clone`")
        return folder

    def substituted(self, text):
        if "localhost:15002" in text:
            text = text.replace("localhost:15002", f"127.0.0.1:{self.spark().port}")
        if "127.0.0.1:8001" in text:
            if self.grpc is None:
                raise Failure("no server was started in a block before")
            text = text.replace("127.0.0.1:8001", self.grpc)
        return text.replace(
            "needletail serve", "needletail serve --http-port 0 --grpc-port 0 --metrics-port 0")

    def commands(self, block):
        """Runs a block of commands; what the last one printed, `None` if it is not run."""
        self.terminal.folder = self.folder(block)
        said = None
        for command in re.sub(r"\\\n\s*", "", "\n".join(block.lines[1:])).splitlines():
            words = shlex.split(command, comments=True)
            if not words:
                continue
            begin = time.monotonic()
            name = next((name for name in LONG if words[: name.count(" ") + 1] == name.split()), None)
            if name:
                self.look(words)
                said, what = None, f"not run: {LONG[name]}"
            elif words[0].rsplit("/", 1)[-1] in PROGRAMS and not {"|", ";", "&&", "||"} & set(words):
                if words[-1] == "&":
                    said = self.terminal.start(command, self.substituted(command.rstrip(" &")))
                    self.grpc = re.search(r"grpc://(\S+?),", said)[1]
                else:
                    said = self.terminal.run(command, self.substituted(command))
                what = f"{time.monotonic() - begin:.1f} s"
            else:
                raise Failure(f"`{command}` is no command that this check knows to run")
            print(f"ok  line {block.line}: {command}  ({what})", flush=True)
        return said

    def look(self, words):
        """Makes sure that there is what a command names that takes too long."""
        if words[0] == "swift":
            return self.look_at_package() if words[1] == "run" else self.look_at_product(words)
        script = ROOT / words[0]
        if not os.access(script, os.X_OK):
            raise Failure(f"there is no script {words[0]}")

    def look_at_product(self, words):
        product = words[words.index("--product") + 1]
        if not (self.programs / product).is_file():
            raise Failure(f"the build has no product {product}")

    def look_at_package(self):
        """The package in the terminal's folder, which `needletail new` has written."""
        folder = self.terminal.folder
        # SwiftPM leaves a lock in the folder for temporary files.
        told = run(
            [self.swift, "package", "--ignore-lock", "dump-package"], cwd=folder,
            env={**os.environ, "TMPDIR": self.terminal.variables["TMPDIR"]})
        if told.returncode:
            raise Failure(f"SwiftPM does not understand the package: {told.stderr}")
        self.compile(sorted(folder.glob("Sources/*/*.swift")))

    def compile(self, sources):
        text = "".join(source.read_text() for source in sources)
        library = ["-parse-as-library"] if "@main" in text else []
        words = compiler_words(self.swift, self.programs, ROOT)
        done = run([
            shutil.which("swiftc"), "-typecheck", "-swift-version", "6",
            "-warnings-as-errors", *library, *words, *sources])
        if done.returncode:
            raise Failure(f"it does not compile:\n{done.stderr}")

    def program(self, block, folder):
        source = folder / "main.swift"
        source.write_text(block.text)
        self.compile([source])

    def python(self, block):
        """Runs in a session of the pinned PySpark, with the module and the command of the installed wheel."""
        folder, variables = self.folder(block), self.terminal.variables
        (installed,) = self.clone.glob(f"{EXAMPLE}/environment/lib/python3*/site-packages/needletail")
        modules = self.clone / "modules"
        modules.mkdir(exist_ok=True)
        if not (modules / "needletail").exists():
            (modules / "needletail").symlink_to(installed)
        own = {
            "PYTHONPATH": str(modules),
            "NEEDLETAIL_COMMAND": str(self.clone / EXAMPLE / "environment/bin/needletail")}
        done = run(
            [sys.executable, "-c", self.substituted(block.text)], cwd=folder, env={**variables, **own},
            timeout=TIME_LIMIT)
        if done.returncode:
            raise Failure(f"it failed:\n{done.stderr}")
        return done.stdout

    def document(self, verbose):
        failed, said = 0, None
        for block in blocks(DOCUMENT):
            begin = time.monotonic()
            try:
                if block.language == "sh":
                    said = self.commands(block)
                    if verbose and said:
                        print(said)
                elif block.language == "output":
                    line = "no command before it was run" if said is None else missing(block.lines, said)
                    if line:
                        raise Failure(f"what is shown is not printed: {line}\nprinted:\n{said}")
                    said = None
                elif block.language == "swift":
                    self.program(block, self.clone)
                    print(f"ok  line {block.line}: compiled  ({time.monotonic() - begin:.1f} s)", flush=True)
                elif block.language == "python":
                    said = self.python(block)
                    print(f"ok  line {block.line}: Python  ({time.monotonic() - begin:.1f} s)", flush=True)
                elif block.language != "text":
                    raise Failure(f"a block marked '{block.language}' is none that this check knows")
            except (Failure, subprocess.TimeoutExpired) as error:
                failed, said = failed + 1, None
                print(f"FAILED  {DOCUMENT.name}, line {block.line}: {error}", flush=True)
        return failed


def main():
    parser = argparse.ArgumentParser(prog="scripts/checks/readme.py")
    parser.add_argument("--verbose", action="store_true", help="print what the last command of a block prints")
    verbose = parser.parse_args().verbose
    begin = time.monotonic()
    programs = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")).resolve()
    servers = []
    with tempfile.TemporaryDirectory(prefix="needletail-readme-") as folder:
        folder = Path(folder)

        def spark():
            """Started when a block first needs it."""
            if not servers:
                servers.append(SparkServer(folder / "spark", memory="1g", patience=TIME_LIMIT).__enter__())
            return servers[0]

        check = Check(folder, programs, spark)
        try:
            wheel = check.package()
            print(f"packed after {time.monotonic() - begin:.1f} s", flush=True)
            start = time.monotonic()
            check.download(wheel)
            downloading = time.monotonic() - start
            print(f"downloaded in {downloading:.1f} s", flush=True)
            failed = check.document(verbose)
        except Failure as error:
            failed = 1
            print(f"FAILED  {error}")
        finally:
            check.terminal.close()
            for server in servers:
                server.__exit__()
    print(f"README.md: {failed} blocks failed, {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
