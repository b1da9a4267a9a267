import SwiftProtobuf

/// An inference message that is ready to be written: its header in protobuf, and its tensors where they
/// are, each of which becomes a field behind the header.
package struct SerializedInferMessage {
  private let header: [UInt8]
  private let rawField: UInt8
  private let tensors: [TensorBytes]

  /// The bytes of the message.
  package let byteCount: Int

  /// - Parameter rawField: the number of the field for the tensors' bytes.
  init(header: [UInt8], rawField: UInt8, tensors: [TensorBytes]) {
    self.header = header
    self.rawField = rawField
    self.tensors = tensors
    byteCount = tensors.reduce(header.count) { size, bytes in
      size + ProtobufWriter.size(ofField: bytes.byteCount)
    }
  }

  /// A generated message as the header.
  init(
    _ message: some SwiftProtobuf.Message, rawField: UInt8, tensors: [TensorBytes]
  ) throws(KServeError) {
    do {
      self.init(header: try message.serializedBytes(), rawField: rawField, tensors: tensors)
    } catch {
      throw KServeError(
        .internal, "a message cannot be written in protobuf: \(error)", cause: error)
    }
  }

  /// The message behind further bytes.
  func behind(_ lead: [UInt8]) -> SerializedInferMessage {
    SerializedInferMessage(header: lead + header, rawField: rawField, tensors: tensors)
  }

  /// Writes the message; each tensor's bytes are copied once.
  ///
  /// - Precondition: `destination` has room for ``byteCount`` bytes.
  package func write(to destination: UnsafeMutableRawBufferPointer) {
    var writer = ProtobufWriter(destination)
    writer.append(header)
    for bytes in tensors {
      writer.begin(field: rawField, count: bytes.byteCount)
      bytes.withUnsafeBytes { writer.append($0) }
    }
  }
}
