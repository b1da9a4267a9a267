package import JSONText

extension JSONValue {
  /// Reads the whole of `bytes` as one value.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/internal`` and the position.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(KServeError) {
    var reader = JSONReader(bytes)
    self = try reader.value()
    try reader.end()
  }

  /// The number, if it is whole and fits; also one in a string, as protobuf's JSON has it.
  package func integer() -> Int? {
    if case .string(let text) = self { Int(text) } else { wholeNumber }
  }
}
