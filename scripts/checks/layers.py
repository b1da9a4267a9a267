#!/usr/bin/env python3
"""Proves from the manifest and the import lines that the modules are layers.

Arrows only point down (the order in which Package.swift lists the targets), what a target declares is
what its files import, behind `#if TRAIT` where it is declared for a trait, what runs models knows nothing of
Arrow or Spark, no file of a program imports the full Foundation, and docs/Architecture.md has a sentence for
each module.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Programs that a test starts need no import; the C modules of others' libraries have no target.
STARTED = {"IntegrationProgram", "NeedletailCommand", "QuickStart", "WorkerFixture"}
# What runs models: all below SparkFunctions, and what serves them.
PLAIN = [
    "Tensors", "Threads", "NativeLibraries", "Models", "ONNXRuntime", "TensorFlowRuntime",
    "TorchRuntime", "Tokenizers", "TextPipelines", "ImagePreprocessing", "KServeProtocol",
    "KServeClient", "KServeServer",
]
TABLES = {
    "ArrowIPC", "SparkTypes", "SparkFunctions", "SparkWorker", "SparkConnect", "SparkConnectProtocol",
}
# One import of these in one linked file brings the full Foundation and ICU with all languages' data into
# every program, 40 MB that travel to each session. FoundationEssentials has neither.
HEAVY = ("Foundation", "FoundationNetworking", "FoundationXML", "FoundationInternationalization")
LIGHT_PLACES = ("Sources", "Examples", "Benchmarks", "Tests/StarterProgram")
IMPORT = re.compile(
    r"^ *(?:@\w+(?:\([^)]*\))? |public |package |internal |private )*"
    r"import (?:(?:struct|class|enum|func|protocol|typealias|let|var) )?(\w+)", re.M)


def heavy_imports(text):
    """The modules of the full Foundation that a file imports where there is FoundationEssentials."""
    # What protoc-gen-swift generates has the other one for systems without it.
    text = re.sub(r"(?m)^#if canImport\(FoundationEssentials\)\n((?:.*\n)*?)#else\n(?:.*\n)*?#endif$", r"\1", text)
    text = re.sub(r'""".*?"""', "", text, flags=re.S)
    return [module for module in IMPORT.findall(text) if module in HEAVY]


def check_heavy_imports():
    """That the rule sees what it shall."""
    assert heavy_imports("import Foundation\n") == ["Foundation"]
    assert heavy_imports("import A\n@preconcurrency public import Foundation\nimport B\n") == ["Foundation"]
    assert heavy_imports("package import struct Foundation.Data\n") == ["Foundation"]
    assert heavy_imports("#if canImport(FoundationNetworking)\n  import FoundationNetworking\n#endif\n")
    assert heavy_imports("#if canImport(FoundationEssentials)\nimport Foundation\n#else\n#endif\n")
    assert not heavy_imports(
        "#if canImport(FoundationEssentials)\nimport FoundationEssentials\n#else\nimport Foundation\n#endif\n")
    assert not heavy_imports("import FoundationEssentials\n// import Foundation\n")


def heavy_faults():
    """A sentence for each file that makes programs heavy."""
    faults = []
    for place in LIGHT_PLACES:
        for path, _, names in os.walk(os.path.join(ROOT, place)):
            for name in sorted(names):
                file = os.path.join(path, name)
                if name.endswith(".swift"):
                    with open(file, encoding="utf-8") as source:
                        for module in heavy_imports(source.read()):
                            faults.append(
                                f"{os.path.relpath(file, ROOT)} imports {module}, which brings ICU into every "
                                "program; import FoundationEssentials, and see Texts, HostProcesses and "
                                "NativeLibraries for what that lacks")
    return faults


def imports(folder):
    """The modules that the Swift files below a folder import, with one file for each."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith(".swift"):
                file = os.path.join(path, name)
                with open(file, encoding="utf-8") as source:
                    text = re.sub(r'""".*?"""', "", source.read(), flags=re.S)
                for module in IMPORT.findall(text):
                    found.setdefault(module, os.path.relpath(file, ROOT))
    return found


def unguarded(folder, traits):
    """Imports of modules that only come with a trait, `traits`, outside `#if TRAIT`: file and module."""
    found = []
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.endswith(".swift"):
                continue
            file = os.path.join(path, name)
            # The conditions of the blocks around a line; what follows #else or #elseif is behind none.
            conditions = []
            with open(file, encoding="utf-8") as source:
                for line in source:
                    words = line.split()
                    if words[:1] == ["#if"]:
                        conditions.append(" ".join(words[1:]))
                    elif words[:1] in (["#else"], ["#elseif"]):
                        conditions[-1] = ""
                    elif words[:1] == ["#endif"]:
                        conditions.pop()
                    for module in IMPORT.findall(line):
                        if module in traits and traits[module] not in conditions:
                            found.append((os.path.relpath(file, ROOT), module))
    return found


def main():
    swift = os.environ.get("SWIFT", "swift")
    environment = {name: value for name, value in os.environ.items() if name != "NEEDLETAIL_TESTS"}
    manifest = json.loads(subprocess.run(
        [swift, "package", "--ignore-lock", "--package-path", ROOT, "dump-package"],
        env=environment, check=True, capture_output=True, text=True).stdout)
    targets = manifest["targets"]
    places = {target["name"]: place for place, target in enumerate(targets)}
    check_heavy_imports()
    faults = heavy_faults()
    needs = {}
    for target in targets:
        name = target["name"]
        declared = {
            (edge.get("byName") or edge.get("product") or edge.get("target"))[0]
            for edge in target["dependencies"]}
        needs[name] = declared
        conditional = {
            edge["byName"][0]: edge["byName"][1]["traits"][0] for edge in target["dependencies"]
            if "byName" in edge and (edge["byName"][1] or {}).get("traits")}
        folder = target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + name
        used = imports(os.path.join(ROOT, folder))
        for file, module in unguarded(os.path.join(ROOT, folder), conditional):
            faults.append(f"{file} imports {module} outside #if {conditional[module]}")
        if not used and target["type"] != "executable":
            continue
        for module in sorted(declared):
            if module not in used and not (target["type"] == "test" and module in STARTED):
                faults.append(f"{name} declares that it needs {module}, and no file of it imports that")
            if module in places and target["type"] == "regular" and places[module] > places[name]:
                faults.append(f"{name} stands above {module}, which it needs")
        for module, file in sorted(used.items()):
            if module in places and module not in declared and module != name:
                faults.append(f"{file} imports {module}, which {name} does not declare")
    for name in PLAIN:
        reached, waiting = set(), [name]
        while waiting:
            for module in needs.get(waiting.pop(), ()):
                if module not in reached:
                    reached.add(module)
                    waiting.append(module)
        if name not in places:
            faults.append(f"there is no target {name}")
        for module in sorted(reached & TABLES):
            faults.append(f"{name}, which only runs models, reaches {module}")
    with open(os.path.join(ROOT, "Sources/Models/PackageTrait.swift"), encoding="utf-8") as source:
        known = set(re.findall(r'^  case \w+ = "(\w+)"$', source.read(), re.M))
    traits = {trait["name"] for trait in manifest["traits"]} - {"default"}
    for name in sorted(known ^ traits):
        faults.append(f"the trait {name} is not both in Package.swift and in PackageTrait")
    with open(os.path.join(ROOT, "docs/Architecture.md"), encoding="utf-8") as page:
        described = set(re.findall(r"^\| `(\w+)` \|", page.read(), re.M))
    modules = {
        target["name"] for target in targets
        if target["type"] == "regular" and not target.get("path") and not target["name"].startswith("C")
    } | {"NeedletailCommand"}
    for name in sorted(modules - described):
        faults.append(f"docs/Architecture.md has no sentence for {name}")
    for name in sorted(described - modules):
        faults.append(f"docs/Architecture.md describes {name}, which is no module")
    for fault in faults:
        print(fault)
    if not faults:
        edges = sum(len(needs[target["name"]] & set(places)) for target in targets)
        print(f"{len(targets)} targets, {edges} arrows between them: all point down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
