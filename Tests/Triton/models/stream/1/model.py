"""Counts up to the number asked for, a response each; fails on a negative one; 1000 takes a minute."""

import time

import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            count = int(pb_utils.get_input_tensor_by_name(request, "count").as_numpy()[0])
            if count < 0:
                error = pb_utils.TritonError("the count must not be negative")
                sender.send(
                    pb_utils.InferenceResponse([], error),
                    flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                continue
            for number in range(count):
                if sender.is_cancelled():
                    break
                if count >= 1000:
                    time.sleep(0.06)
                tensor = pb_utils.Tensor("number", numpy.array([number], dtype=numpy.int32))
                sender.send(pb_utils.InferenceResponse([tensor]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
