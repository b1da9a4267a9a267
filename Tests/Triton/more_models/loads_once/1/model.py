"""Can be loaded once; each further time fails."""

import pathlib

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        mark = pathlib.Path(args["model_repository"]) / "loaded"
        if mark.exists():
            raise RuntimeError("it has been loaded before")
        mark.touch()

    def execute(self, requests):
        return [
            pb_utils.InferenceResponse(
                [pb_utils.Tensor("y", pb_utils.get_input_tensor_by_name(r, "x").as_numpy())])
            for r in requests]
