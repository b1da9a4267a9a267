import Tensors

extension StringTensor {
  /// The strings after `prefix`.
  func prefixed(with prefix: String) throws -> StringTensor {
    let beginning = Array(prefix.utf8)
    if beginning.isEmpty { return self }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(self.bytes.count + count * beginning.count)
    var offsets = [0]
    offsets.reserveCapacity(count + 1)
    for index in 0..<count {
      bytes += beginning
      bytes += self.bytes[self.offsets[index]..<self.offsets[index + 1]]
      offsets.append(bytes.count)
    }
    return try StringTensor(offsets: offsets, bytes: bytes, shape: shape)
  }
}
