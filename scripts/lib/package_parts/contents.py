"""What the packages hold, as one tree below a prefix such as /usr/local: the command, the libraries that
a bare system lacks, completions, the page of the manual, licences."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from package_parts import manual
from package_parts.elf import ELF

PROGRAM = "bin/needletail"
# Swift's runtime if it is not within the program. The program sends libraries below a folder of this
# name to executors, wherever it lies.
SWIFT = "lib/swift/linux"
# The command's own folder comes first: there the libraries lie on executors.
RUN_PATH = f"$ORIGIN:$ORIGIN/../{SWIFT}"
PLUGIN = "libneedletail_files.so"
COMPLETIONS = {
    "bash": "share/bash-completion/completions/needletail",
    "zsh": "share/zsh/site-functions/_needletail",
    "fish": "share/fish/vendor_completions.d/needletail.fish",
}
LICENCES = "share/doc/needletail/licenses"


def fail(text):
    raise SystemExit(f"package: {text}")


@dataclass
class Entry:
    """A file, or a link to `link`."""

    data: bytes = b""
    mode: int = 0o644
    link: str = ""


def stripped(path):
    """The ELF file at `path` without symbols and debug information."""
    tool = shutil.which("strip") or shutil.which("llvm-strip") or fail("there is no strip; install binutils")
    with tempfile.TemporaryDirectory(prefix="needletail-package-") as folder:
        copy = Path(folder) / "stripped"
        shutil.copyfile(path, copy)
        subprocess.run([tool, "--strip-all", str(copy)], check=True)
        return ELF(copy)


def linked(program):
    """The libraries that `program` is linked with and that lie in the folders of its run path, which are
    not the system's: name and file. Those that they need lie beside them."""
    origin = program.path.resolve().parent
    folders = [f.replace("$ORIGIN", str(origin)) for f in program.run_path.split(":") if f]
    found, waiting = {}, program.needed
    while waiting:
        name = waiting.pop()
        path = next((p for p in (Path(f) / name for f in folders) if p.is_file()), None)
        if path and name not in found:
            found[name] = path
            waiting += ELF(path).needed
    return found


def output(program, *arguments):
    """What the command prints; it must run here."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"{program} {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def arrow(folder):
    """The plug-in for files and, apart, the libraries of Arrow that it needs or opens: entries by the
    names of their files."""
    plugin = folder / PLUGIN
    if not plugin.is_file():
        fail(f"there is no {plugin}; run scripts/build-files-plugin, or name pyarrow's folder with --pyarrow")
    names = [name for name in ELF(plugin).needed if (folder / name).is_file()]
    version = next(name.rsplit(".", 1)[1] for name in names if name.startswith("libarrow.so."))
    names.append(f"libarrow_s3.so.{version}")
    files = {name: stripped(folder / name) for name in names}
    return stripped(plugin), files, version


def licences(root, checkouts, program, libraries):
    """The texts by name, and the list of what is linked in."""
    texts = {"needletail.txt": (root / "LICENSE").read_bytes()}
    for folder in sorted(p for p in checkouts.iterdir() if p.is_dir()):
        for file in sorted(folder.iterdir()):
            if file.name.split(".")[0].upper() in ("LICENSE", "NOTICE", "NOTICES"):
                texts[f"{folder.name}-{file.name}"] = file.read_bytes()
    if len(texts) == 1:
        fail(f"{checkouts} has no packages; run `swift package resolve`, or name them with --checkouts")
    swift = Path(shutil.which("swift") or "/nowhere").resolve().parent.parent / "share/swift/LICENSE.txt"
    if not swift.is_file():
        fail(f"there is no {swift}, the licence of Swift's runtime; put the toolchain's swift on the PATH")
    texts["swift-LICENSE.txt"] = swift.read_bytes()
    texts["icu-LICENSE.txt"] = (root / "scripts/lib/package_parts/icu-license.txt").read_bytes()
    return texts


def arrow_licences(folder):
    """Those of Arrow, which pip puts beside pyarrow."""
    found = sorted(folder.parent.glob("pyarrow-*.dist-info/licenses/*"))
    if not found:
        fail(f"there are no licences of Arrow beside {folder}")
    return {f"arrow-{path.name}": path.read_bytes() for path in found}


def module(root):
    """The module for PySpark, below the folder of Python's packages."""
    folder = root / "Python"
    files = sorted(path for path in folder.glob("needletail/*") if path.is_file())
    return {str(path.relative_to(folder)): Entry(path.read_bytes()) for path in files}


def contents(root, program, checkouts):
    """The tree that all packages share, its version, and the ELF files in it."""
    # The libraries that are found follow.
    version = output(program, "--version").splitlines()[0].strip()
    image = ELF(program)
    libraries = linked(image)
    command = stripped(program)
    command.run_path = RUN_PATH if libraries else "$ORIGIN"[: len(command.run_path)]
    files = {PROGRAM: command}
    for name, path in libraries.items():
        files[f"{SWIFT}/{name}"] = stripped(path)
    tree = {name: Entry(bytes(file.data), 0o755) for name, file in files.items()}
    for shell, name in COMPLETIONS.items():
        tree[name] = Entry(output(program, "--generate-completion-script", shell).encode())
    help = json.loads(output(program, "--experimental-dump-help"))
    tree["share/man/man1/needletail.1"] = Entry(manual.page(help, version).encode())
    for name, text in licences(root, checkouts, program, libraries).items():
        tree[f"{LICENCES}/{name}"] = Entry(text)
    return tree, version, files
