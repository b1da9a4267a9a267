"""Makes the streams beside it: dictionaries that grow, are replaced, or begin with an addition.

Run with pyarrow 26.0.1. What pyarrow reads: delta a,b,a then c,b,a; replaced a,b then c,d; missing
an error ("Dictionary with id 0 not found").
"""

import os
import struct

import pyarrow as pa
import pyarrow.ipc as ipc

os.chdir(os.path.dirname(os.path.abspath(__file__)))
SCHEMA = pa.schema([("s", pa.dictionary(pa.int32(), pa.utf8()))])


def batch(values, codes):
    column = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(values))
    return pa.record_batch([column], schema=SCHEMA)


def stream(batches, deltas):
    sink = pa.BufferOutputStream()
    options = ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
    with ipc.new_stream(sink, SCHEMA, options=options) as writer:
        for item in batches:
            writer.write_batch(item)
    return sink.getvalue().to_pybytes()


def messages(data):
    """The encapsulated messages of a stream: marker, length, metadata, body."""
    start = 0
    while True:
        length = struct.unpack_from("<i", data, start + 4)[0]
        if length == 0:
            yield data[start : start + 8]
            return
        message = ipc.read_message(pa.py_buffer(data[start:]))
        end = start + 8 + length + (message.body.size if message.body else 0)
        yield data[start:end]
        start = end


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


delta = stream([batch(["a", "b"], [0, 1, 0]), batch(["a", "b", "c"], [2, 1, 0])], True)
write("delta.arrows", delta)
schema, _, _, *rest = messages(delta)
write("missing.arrows", schema + b"".join(rest))
write("replaced.arrows", stream([batch(["a", "b"], [0, 1]), batch(["c", "d"], [0, 1])], False))
