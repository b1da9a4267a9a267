import GRPCCore
import KServeProtocol

/// Reads inference requests, each tensor's bytes copied once to aligned memory.
///
/// A request that cannot be read is an error of its own and not one of the call, so that it reaches
/// the client with its reason, and a stream goes on.
struct InferRequestDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(
    _ bytes: Bytes
  ) throws -> Result<InferRequest, KServeError> {
    bytes.withUnsafeBytes { bytes in
      Result { () throws(KServeError) in try InferRequest(protobuf: bytes) }
    }
  }
}

struct InferResponseSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ response: InferResponse) throws -> Bytes {
    try response.protobuf()
  }
}

struct InferStreamResponseSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ response: InferStreamResponse) throws -> Bytes {
    try response.protobuf()
  }
}
