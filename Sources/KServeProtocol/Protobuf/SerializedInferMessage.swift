/// An inference message that is ready to be written: its header in protobuf, and its tensors where they
/// are.
package struct SerializedInferMessage {
  private let header: [UInt8]
  private let rawField: UInt8
  private let tensors: [InferTensor]

  /// The bytes of the message.
  package let byteCount: Int

  init(header: [UInt8], rawField: UInt8, tensors: [InferTensor]) {
    self.header = header
    self.rawField = rawField
    self.tensors = tensors
    byteCount = InferMessage.serializedSize(header, tensors)
  }

  /// Writes the message.
  ///
  /// - Precondition: `destination` has room for ``byteCount`` bytes.
  package func write(to destination: UnsafeMutableRawBufferPointer) {
    var writer = ProtobufWriter(destination)
    InferMessage.write(header, rawField: rawField, tensors, to: &writer)
  }
}
