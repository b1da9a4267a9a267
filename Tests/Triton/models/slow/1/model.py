"""Sleeps as long as it is told, and fails if that is negative."""

import time

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for request in requests:
            tensor = pb_utils.get_input_tensor_by_name(request, "milliseconds")
            duration = int(tensor.as_numpy()[0])
            if duration < 0:
                raise ValueError("the time must not be negative")
            time.sleep(duration / 1000)
            responses.append(
                pb_utils.InferenceResponse([pb_utils.Tensor("slept", tensor.as_numpy())]))
        return responses
