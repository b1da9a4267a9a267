"""Proofs of the wheel, in systems that have no more than python3-venv, or a Java beside it."""

from bare_systems import common, systems, wheels
from bare_systems.newcomer import Newcomer

PYTHON = "python3-venv"
EXTRAS = ("onnx", "spark")


def proofs(rows, release, program, scratch):
    [wheel] = wheels.build(program, scratch / "wheel", "wheel")
    with_python(rows, systems.make(release, PYTHON), wheel)
    with_java(rows, systems.make(release, systems.JAVA[release], PYTHON), wheel)


def with_python(rows, system, wheel):
    print(f"\n{system.name}, with {PYTHON} alone", flush=True)
    with system.place() as place:
        newcomer = Newcomer(system, place)
        newcomer.install(wheel, wheels.download(system, wheel, EXTRAS[:1]), EXTRAS[:1])
        newcomer.predict()
        rows(f"pip install {wheel.name}[onnx], predict, Parquet to Parquet", newcomer.disagreement(),
             f"{newcomer.seconds:.1f} s in all")
        given = {"settings": newcomer.settings}
        common.serves(rows, system, place, newcomer.command, **given)
        completions = f"{place}/environment/share/bash-completion/completions/needletail"
        common.completes(rows, system, place, completions, **given)
        common.refuses(
            rows, system, "a Spark job without pyspark",
            [newcomer.command, "predict", "digits.onnx", "--input", "digits.parquet", "--output", "out",
             "--engine", "spark"], "pyspark", at=place, **given)


def with_java(rows, system, wheel):
    print(f"\n{system.name}, with {PYTHON} and Java", flush=True)
    with system.place() as place:
        newcomer = Newcomer(system, place)
        newcomer.install(wheel, wheels.download(system, wheel, EXTRAS), EXTRAS)
        given = {"settings": newcomer.settings}
        common.predicts(
            rows, system, place, newcomer.command, ("--engine", "spark"),
            "predict on Spark with [spark]", "on-spark.parquet", **given)
        for kind in ("connect", "classic"):
            done = system.run(newcomer.python, "in_pyspark.py", kind, at=place, **given)
            wrong = f"{done.output}{done.errors}" if done.status else common.disagreement(
                system.inside(place) / f"{kind}.parquet")
            rows(f"from needletail import predicting, in a {kind} session", wrong, f"{done.seconds:.1f} s")


def refusals(rows, system, program, scratch):
    """On a system whose glibc is too old."""
    [wheel] = wheels.build(program, scratch / "wheel", "wheel")
    with system.place() as place:
        newcomer = Newcomer(system, place)
        newcomer.step("python3 -m venv environment", "python3", "-m", "venv", "environment")
        (system.inside(place) / wheel.name).write_bytes(wheel.read_bytes())
        common.refuses(
            rows, system, "pip install refuses the wheel",
            [newcomer.python, "-m", "pip", "install", "--no-index", "--disable-pip-version-check",
             f"./{wheel.name}"],
            "is not a supported wheel on this platform", at=place, settings=newcomer.settings)
