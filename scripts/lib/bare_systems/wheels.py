"""The Python packages that bare systems without a network install from: downloaded here, for the Python
that is there."""

import hashlib
import sys
import zipfile

from bare_systems.systems import BARE, ROOT, checked, lock, say

# Those of which the registry has no wheel.
SOURCES = ("pyspark",)


def requirements(wheel, extras):
    """What the wheel says that it needs."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    found = []
    for line in lines:
        text, _, condition = line.partition(";")
        extra = condition.partition("extra ==")[2].strip(' "')
        if text.startswith("Requires-Dist:") and (not condition or extra in extras):
            found.append(text.partition(":")[2].strip())
    return found


def platforms(system):
    """The names of the platforms whose wheels the system's pip takes."""
    text = system.run("getconf", "GNU_LIBC_VERSION").output
    major, minor = map(int, text.split()[1].split("."))
    return [f"manylinux_{major}_{number}_x86_64" for number in range(minor, 4, -1)] + ["manylinux2014_x86_64"]


def download(system, wheel, extras):
    """The folder of what the wheel with these extras needs in the system; filled once."""
    wanted = requirements(wheel, extras)
    version = system.run(
        "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").output.strip()
    folder = BARE / f"wheels-{version}"
    stamp = folder / f"{hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]}.stamp"
    with lock("wheels"):
        if stamp.exists():
            return folder
        folder.mkdir(exist_ok=True)
        say(f"downloading {', '.join(wanted)} for Python {version} (once)")
        pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
        failure = "pip could not download what the wheel needs (is there a network?)"
        for requirement in wanted:
            if requirement.split("[")[0].split("==")[0] in SOURCES:
                plain = requirement.split("[")[0] + "==" + requirement.split("==")[1]
                checked([*pip, "wheel", "--no-deps", "--wheel-dir", folder, plain], failure)
        checked(
            [*pip, "download", "--only-binary=:all:", "--dest", folder, "--find-links", folder,
             "--implementation", "cp", "--python-version", version,
             *(word for name in platforms(system) for word in ("--platform", name)), *wanted],
            failure)
        stamp.touch()
    return folder


def build(program, folder, *kinds):
    """The packages of `kinds` made of the program, in `folder`, once: their files."""
    if folder.is_dir():
        return sorted(folder.iterdir())
    words = [word for kind in kinds for word in ("--only", kind)]
    checked(
        [sys.executable, ROOT / "scripts/package", "--program", program, "--output", folder, "--level", "1",
         *words],
        "scripts/package failed")
    return sorted(folder.iterdir())
