"""Sleeps as long as each row says, one after the other, while further requests wait in its queue."""

import time

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for request in requests:
            tensor = pb_utils.get_input_tensor_by_name(request, "milliseconds")
            time.sleep(int(tensor.as_numpy().sum()) / 1000)
            responses.append(
                pb_utils.InferenceResponse([pb_utils.Tensor("slept", tensor.as_numpy())]))
        return responses
