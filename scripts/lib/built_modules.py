"""How the compiler sees the modules of a finished build, in folders that `swift build --show-bin-path` tells."""

import json
import subprocess


def compiler_words(swift, folder, root):
    """What programs of Swift's toolchain need to import the modules that are built in `folder`."""
    told = subprocess.run([swift, "-print-target-info"], capture_output=True, text=True, check=True)
    words = ["-target", json.loads(told.stdout)["target"]["triple"], "-I", folder / "Modules"]
    maps = [
        *folder.glob("*.build/module.modulemap"),
        *folder.parent.parent.glob("checkouts/*/Sources/*/include/module.modulemap")]
    for file in maps:
        if "-tool.build" not in str(file):
            words += ["-Xcc", f"-fmodule-map-file={file}"]
    # A header may include another module's.
    for include in root.glob("Sources/*/include"):
        words += ["-Xcc", f"-I{include}"]
    return words
