"""What is predicted, and what must come out."""

import os
import shutil

import numpy
import pyarrow
import pyarrow.parquet as parquet

ROWS = 1797


class Tables:
    def __init__(self, quickstart):
        self.digits = parquet.read_table(quickstart / "digits.parquet")
        self.expected = numpy.stack(
            parquet.read_table(quickstart / "expected.parquet").sort_by("id")["probabilities"].to_numpy())

    def many(self, folder, files, copies):
        """The digits, again and again, with other numbers: `copies` times in each of the `files`."""
        folder.mkdir()
        identity = self.digits["id"].to_numpy()
        for file in range(files):
            parts = [
                self.digits.set_column(
                    0, "id", pyarrow.array(identity + ROWS * (file * copies + copy), pyarrow.int32()))
                for copy in range(copies)]
            parquet.write_table(pyarrow.concat_tables(parts), folder / f"part-{file:03}.parquet")
        os.chmod(folder, 0o755)
        return ROWS * files * copies

    def fault(self, folder, rows=ROWS, column="probabilities"):
        """What is wrong with the predictions of `rows` rows in `folder`, or None."""
        if not (folder / "_SUCCESS").exists():
            return f"there is no {folder.name}/_SUCCESS"
        found = parquet.read_table(folder, columns=["id", column])
        identity = found["id"].to_numpy()
        order = numpy.argsort(identity)
        if len(identity) != rows or not numpy.array_equal(identity[order], numpy.arange(rows)):
            return f"{len(identity)} rows with {len(numpy.unique(identity))} ids instead of {rows}"
        values = numpy.stack(found[column].to_numpy())[order]
        difference = numpy.abs(values.reshape(-1, *self.expected.shape) - self.expected).max()
        return None if difference < 1e-5 else f"a probability is off by {difference:.2g}"


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
