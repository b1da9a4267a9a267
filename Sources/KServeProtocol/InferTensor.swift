/// A named tensor in a request or a response, as it travels.
public struct InferTensor: Sendable {
  /// Where a tensor's bytes are.
  public enum Contents: Sendable {
    /// Here: little-endian and row-major without padding; `BYTES` elements each behind their length.
    case raw(TensorBytes)
    /// In a region of shared memory that the server knows by name.
    case sharedMemory(SharedMemoryLocation)
  }

  /// The input or output that the tensor is for.
  public var name: String
  /// What its elements are.
  public var datatype: TensorDatatype
  /// The dimensions, the batch dimension included.
  public var shape: [Int]
  /// Parameters beyond those that say where the contents are.
  public var parameters: [String: InferParameter]
  /// Its elements, or where they lie.
  public var contents: Contents

  public init(
    name: String, datatype: TensorDatatype, shape: [Int],
    parameters: [String: InferParameter] = [:], contents: Contents
  ) {
    self.name = name
    self.datatype = datatype
    self.shape = shape
    self.parameters = parameters
    self.contents = contents
  }

  /// The bytes, `nil` if they are in shared memory.
  public var bytes: TensorBytes? {
    if case .raw(let bytes) = contents { bytes } else { nil }
  }
}

/// A part of a registered region of shared memory.
public struct SharedMemoryLocation: Sendable, Hashable {
  /// The name under which the region is registered.
  public var region: String
  /// Where the tensor begins, in bytes from the region's own start.
  public var offset: Int
  /// The bytes of the tensor, or the room for it.
  public var byteSize: Int

  public init(region: String, offset: Int = 0, byteSize: Int) {
    self.region = region
    self.offset = offset
    self.byteSize = byteSize
  }
}
