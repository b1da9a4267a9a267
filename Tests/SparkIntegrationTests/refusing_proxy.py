"""A Spark Connect server that keeps its Python to itself, as managed ones do: a proxy before a plain one.

    refusing_proxy.py HOST:PORT refuse|ignore

prints its own port. `refuse` answers the setting of the workers' program with an error; `ignore` takes it
and does nothing, as a server whose workers speak a protocol of its own.
"""
import sys
from concurrent import futures

import grpc
from pyspark.sql.connect.proto import base_pb2

SETTING = "spark.sql.execution.pyspark.python"
SERVICE = "/spark.connect.SparkConnectService/"
# What the client streams to the server, and the server to the client.
STREAMS_IN = {"AddArtifacts"}
STREAMS_OUT = {"ExecutePlan", "ReattachExecute"}
LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Proxy(grpc.GenericRpcHandler):
    def __init__(self, server, mode):
        self.channel = grpc.insecure_channel(server, LIMITS)
        self.mode = mode

    def service(self, details):
        name = details.method.removeprefix(SERVICE)
        metadata = [
            (key, value) for key, value in details.invocation_metadata
            if key.startswith("x-") or key == "authorization"
        ]
        kind = ("stream" if name in STREAMS_IN else "unary") + "_" + (
            "stream" if name in STREAMS_OUT else "unary")
        call = getattr(self.channel, kind)(details.method, None, None)

        def passed(request, context):
            if name == "Config":
                request = self.config(request, context)
            try:
                answer = call(request, metadata=metadata)
                if name not in STREAMS_OUT:
                    return answer
                context.add_callback(answer.cancel)
                return iter(answer)
            except grpc.RpcError as error:
                self.fail(context, error)

        def streamed(request, context):
            try:
                yield from passed(request, context)
            except grpc.RpcError as error:
                self.fail(context, error)

        handler = getattr(grpc, kind + "_rpc_method_handler")
        return handler(streamed if name in STREAMS_OUT else passed, None, None)

    @staticmethod
    def fail(context, error):
        context.set_trailing_metadata(error.trailing_metadata() or ())
        context.abort(error.code(), error.details())

    def config(self, bytes_, context):
        request = base_pb2.ConfigRequest.FromString(bytes_)
        if request.operation.WhichOneof("op_type") != "set":
            return bytes_
        kept = [pair for pair in request.operation.set.pairs if pair.key != SETTING]
        if len(kept) == len(request.operation.set.pairs):
            return bytes_
        if self.mode == "refuse":
            context.abort(
                grpc.StatusCode.INTERNAL,
                f"[CONFIG_NOT_AVAILABLE] Configuration {SETTING} is not available. SQLSTATE: 42K0I")
        del request.operation.set.pairs[:]
        request.operation.set.pairs.extend(kept)
        return request.SerializeToString()


def main():
    server = grpc.server(futures.ThreadPoolExecutor(64), options=LIMITS)
    server.add_generic_rpc_handlers((Proxy(sys.argv[1], sys.argv[2]),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # It ends with whoever holds its standard input.
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
