"""What is proved of every package: predictions of a file, a server that answers, completions."""

import json
from pathlib import Path

from bare_systems.systems import ROOT

EXAMPLE = ROOT / "Examples" / "QuickStart"
SCRIPTS = Path(__file__).parent
# What single precision leaves when another processor sums in another order.
DIFFERENCE = 1e-5


def table(path):
    import pyarrow.parquet as pq

    return pq.read_table(path).sort_by("id").to_pydict()


def expected():
    return table(EXAMPLE / "expected.parquet")


def disagreement(path):
    """Why the predictions in the file, or the folder of files, are not those that the example keeps; ""
    if they are."""
    try:
        found = table(path)
    except (OSError, ValueError, KeyError) as error:
        return f"{path}: {error}"
    wanted = expected()
    if found["id"] != wanted["id"]:
        return f"there are {len(found['id'])} rows with other ids, expected {len(wanted['id'])}"
    return numbers_differ(found["probabilities"], wanted["probabilities"])


def numbers_differ(found, wanted):
    worst = max(abs(a - b) for x, y in zip(found, wanted) for a, b in zip(x, y))
    return "" if worst < DIFFERENCE else f"a number differs by {worst}"


def bring(system, place):
    """Puts the example's model and table into a folder of the system, with the scripts that are run
    there."""
    folder = system.inside(place)
    for path in [*EXAMPLE.glob("digits.*"), *SCRIPTS.glob("*.sh"), *SCRIPTS.glob("in_*.py")]:
        copied = folder / path.name
        copied.write_bytes(path.read_bytes())
        copied.chmod(0o644)


def predicts(
    rows, system, place, command, more=(), title="predict, Parquet to Parquet", output="digits-out.parquet",
    **given,
):
    """A row: the command predicts the digits."""
    done = system.run(
        command, "predict", "digits.onnx", "--input", "digits.parquet", "--output", output, "--keep", "id",
        *more, at=place, **given)
    wrong = done.output + done.errors + f"\nexit status {done.status}" if done.status else disagreement(
        system.inside(place) / output)
    rows(title, wrong, f"{done.seconds:.1f} s, {done.processors:.1f} s of processors")


def serves(rows, system, place, command, **given):
    """A row: the server answers for the first three digits."""
    import pyarrow.parquet as pq

    digits = pq.read_table(EXAMPLE / "digits.parquet").sort_by("id").slice(0, 3)
    pixels = [float(number) for row in digits["pixels"].to_pylist() for number in row]
    request = {"inputs": [{"name": "pixels", "shape": [3, 64], "datatype": "FP32", "data": pixels}]}
    asked = system.inside(place) / "request.json"
    asked.write_text(json.dumps(request))
    done = system.run("bash", "serve.sh", command, "request.json", at=place, limit=60, **given)
    try:
        answer = json.loads(done.output.split("\n\n", 1)[1])
        data = answer["outputs"][0]["data"]
        wanted = expected()["probabilities"][:3]
        wrong = numbers_differ([data[i : i + 10] for i in (0, 10, 20)], wanted)
    except (IndexError, KeyError, ValueError) as error:
        wrong = f"{error!r}: {done.output[:2000]}{done.errors}"
    rows("serve, asked by HTTP", wrong or (done.status and f"it ended with {done.status}"))


def completes(rows, system, place, file, **given):
    """A row: bash completes the command's name of a subcommand."""
    done = system.run("bash", "completion.sh", file, at=place, **given)
    right = "predict" in done.output.split()
    rows("bash completes `needletail pre`", "" if right else f"{done.output}{done.errors}", done.output)


def refuses(rows, system, title, words, says, status=None, **given):
    """A row: the command fails and says so."""
    done = system.run(*words, **given)
    said = done.output + done.errors
    right = says in said and (done.status == status if status else done.status != 0)
    rows(title, "" if right else f'exit status {done.status}, expected "{says}"', said.strip())
