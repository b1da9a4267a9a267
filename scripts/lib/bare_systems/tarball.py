"""Proofs of the tarballs, in systems that have neither Python nor Java: what the command writes there is
what it writes here, byte for byte, and what it says when one of the libraries is missing."""

import os
import shutil
import subprocess
import sys
import tarfile

from bare_systems import common, systems, tables, wheels
from bare_systems.systems import ROOT, Failure

DIGITS = ("predict", "digits.onnx", "--input", "digits.parquet", "--output")
PRICES = ("--map", "features=a,b,c,d,e,f,g,h", "--output-map", "price=predicted", "--keep", "id")
# Title, the file that is written, and the arguments.
SAME = [
    ("needletail --help", None, ("--help",)),
    ("inspect", None, ("inspect", "digits.onnx")),
    ("predict, Parquet to Parquet", "out.parquet", (*DIGITS, "out.parquet", "--quiet")),
    ("predict, CSV to CSV", "out.csv",
     ("predict", "eight_features.onnx", "--input", "houses.csv", "--output", "out.csv", *PRICES, "--quiet")),
    ("predict, JSON lines to the terminal", None,
     ("predict", "eight_features.onnx", "--input", "houses.json", "--output", "-", "--keep", "id",
      "--limit", "30")),
    ("predict, JSON lines to JSON lines", "out.json",
     ("predict", "eight_features.onnx", "--input", "houses.json", "--output", "out.json", "--quiet")),
]
# What a folder lacks, what is not there (the beginnings of files' names), the exit status, what is said,
# and further arguments.
LOCAL = ("--engine", "local")
LACKING = [
    ("the plug-in", ("libarrow", "libparquet", "libneedletail"), 1,
     "Spark is used: files can't be read or written here", ()),
    ("the plug-in, --engine local", ("libarrow", "libparquet", "libneedletail"), 64,
     "libneedletail_files.so*: no such file", LOCAL),
    ("Arrow", ("libarrow", "libparquet"), 64, "libparquet.so", LOCAL),
    ("ONNX Runtime", ("libonnxruntime",), 1, "libonnxruntime.so*: no such file", ()),
]


def runtime():
    """ONNX Runtime's library, of this project's environment."""
    found = sorted((ROOT / ".venv").glob("lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*"))
    if not found:
        raise Failure("there is no ONNX Runtime in .venv; scripts/demo makes it")
    return found[-1]


def brought(system, place, program, scratch):
    """The tarballs, unpacked in a folder of the system: its name there."""
    for package in wheels.build(program, scratch / "tarball", "tarball", "files"):
        with tarfile.open(package) as archive:
            archive.extractall(system.inside(place), filter="data")
    [folder] = [path for path in system.inside(place).iterdir() if path.is_dir()]
    folder.rename(folder.with_name("app"))
    return f"{place}/app"


def proofs(rows, release, program, scratch):
    system = systems.make(release)
    print(f"\n{system.name}, nothing added", flush=True)
    with system.place() as place:
        app = brought(system, place, program, scratch)
        folder = system.inside(app)
        shutil.copy(runtime(), folder / "lib")
        here = scratch / "tables"
        if not here.exists():
            tables.make(here)
        for path in here.iterdir():
            shutil.copy(path, system.inside(place))
        common.bring(system, place)
        has_nothing(rows, system)
        finds_libraries(rows, system, folder)
        for title, file, words in SAME:
            same(rows, system, place, program, here, title, file, f"{app}/bin/needletail", words)
        common.predicts(rows, system, place, f"{app}/bin/needletail", title="Examples/QuickStart's predictions")
        common.serves(rows, system, place, f"{app}/bin/needletail")
        common.completes(rows, system, place, f"{app}/share/bash-completion/completions/needletail")
        shutil.copytree(folder, folder.with_name("nothing"), symlinks=True, ignore=leaving_out("lib*.so*"))
        same(rows, system, place, program, here, "predict, libraries in NEEDLETAIL_RUNTIMES", "out.parquet",
             f"{place}/nothing/bin/needletail", (*DIGITS, "out.parquet", "--quiet"),
             {"NEEDLETAIL_RUNTIMES": f"{app}/lib"})
        for what, missing, status, says, more in LACKING:
            other = folder.with_name("lacking")
            shutil.rmtree(other, ignore_errors=True)
            shutil.copytree(
                folder, other, symlinks=True, copy_function=os.link,
                ignore=leaving_out(*(f"{name}*" for name in missing)))
            common.refuses(
                rows, system, f"predict without {what}",
                [f"{place}/lacking/bin/needletail", *DIGITS, "none.parquet", *more], says, status, at=place)


def leaving_out(*patterns):
    return shutil.ignore_patterns(*patterns)


def has_nothing(rows, system):
    names = ["python", "python[0-9]*", "libpython*", "java", "libjvm.so"]
    tests = [word for name in names for word in ("-o", "-name", name)][1:]
    found = subprocess.run(
        systems.rooted("find", system.folder, "-xdev", "!", "-type", "d", "(", *tests, ")"),
        capture_output=True, text=True, check=False).stdout
    rows("there is no Python and no Java", found)


def finds_libraries(rows, system, folder):
    """A row: the system has what the files are linked with."""
    missing = []
    for file in [folder / "libexec/needletail", *folder.glob("lib/**/*.so*")]:
        name = "/" + str(file.relative_to(system.folder))
        for line in system.run("ldd", name).output.splitlines():
            if "not found" in line:
                missing.append(f"{file.name}: {line.strip()}")
    rows("every library is found", "\n".join(missing))


def same(rows, system, place, program, here, title, file, command, words, settings=None):
    """A row: the command prints and writes there what the program does here."""
    local = subprocess.run(
        [program, *words], cwd=here, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "NEEDLETAIL_PYTHON": sys.executable})
    done = system.run(command, *words, at=place, settings=settings)
    wrong = ""
    if local.returncode or done.status:
        wrong = f"exit status {local.returncode} here, {done.status} there"
    elif (local.stdout, local.stderr) != (done.output, done.errors):
        wrong = "it prints something else"
    elif file and (here / file).read_bytes() != (system.inside(place) / file).read_bytes():
        wrong = f"{file} is another"
    rows(title, wrong and f"{wrong}; it said there:\n{done.output}{done.errors}")
    if file:
        for path in (here / file, system.inside(place) / file):
            path.unlink(missing_ok=True)


def refusals(rows, system, program, scratch):
    """On a system whose glibc is too old."""
    with system.place() as place:
        app = brought(system, place, program, scratch)
        common.refuses(
            rows, system, "the tarball's command refuses", [f"{app}/bin/needletail", "--version"],
            "needs glibc 2.", 1, at=place)
