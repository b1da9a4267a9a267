"""What a newcomer does with the wheel, in a bare system with Python: an environment, the wheel with its
extras, predictions of a file; as nobody, with an empty home and no network."""

import os
import shutil

from bare_systems import common
from bare_systems.systems import Failure


class Newcomer:
    """Runs the steps, tells what each took, and adds up those that count."""

    def __init__(self, system, place):
        self.system, self.place, self.seconds = system, place, 0.0
        self.settings = {"HOME": f"{place}/home"}
        system.inside(f"{place}/home").mkdir()
        system.inside(f"{place}/home").chmod(0o777)
        common.bring(system, place)

    @property
    def command(self):
        return f"{self.place}/environment/bin/needletail"

    @property
    def python(self):
        return f"{self.place}/environment/bin/python"

    def step(self, what, *words, **given):
        done = self.system.run(*words, at=self.place, settings=self.settings, **given)
        self.seconds += done.seconds
        print(f"{done.seconds:6.1f} s, {done.processors:5.1f} s of processors  {what}", flush=True)
        if done.status:
            raise Failure(f"{what} failed:\n{done.output}{done.errors}")
        return done

    def install(self, wheel, wheels, extras):
        """Makes the environment from a folder of wheels that were downloaded before."""
        folder = self.system.inside(self.place)
        shutil.copy(wheel, folder)
        shutil.copytree(wheels, folder / "wheels", copy_function=os.link)
        self.step("python3 -m venv environment", "python3", "-m", "venv", "environment")
        wanted = f"{wheel.name}[{','.join(extras)}]"
        self.step(
            f"pip install {wanted}", self.python, "-m", "pip", "install", "--quiet", "--no-index",
            "--disable-pip-version-check", "--find-links", "wheels", f"./{wanted}")

    def predict(self):
        """The predictions of the README, which are compared afterwards."""
        self.step(
            "needletail predict", self.command, "predict", "digits.onnx", "--input", "digits.parquet",
            "--output", "predictions.parquet", "--keep", "id")

    def disagreement(self):
        return common.disagreement(self.system.inside(self.place) / "predictions.parquet")
