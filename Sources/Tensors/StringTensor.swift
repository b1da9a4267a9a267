/// A dense array of variable-length elements: UTF-8 strings, or arbitrary bytes.
///
/// The layout is Arrow's: the bytes of all elements one after the other and `count + 1` offsets.
public struct StringTensor: Sendable, Hashable {
  /// The dimensions, the batch first.
  public private(set) var shape: Shape
  /// `count + 1` ascending positions in ``bytes``; element `i` is `offsets[i]..<offsets[i + 1]`.
  public let offsets: [Int]
  /// The bytes of all elements.
  public let bytes: [UInt8]

  /// - Throws: ``TensorError`` when the offsets do not describe `shape` over `bytes`.
  public init(offsets: [Int], bytes: [UInt8], shape: Shape) throws {
    guard let count = shape.elementCount, offsets.count == count + 1, offsets.first == 0,
      offsets.last == bytes.count, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw TensorError("the offsets of a string tensor do not describe the shape \(shape)") }
    self.init(unchecked: offsets, bytes: bytes, shape: shape)
  }

  /// What is known to describe `shape`.
  init(unchecked offsets: [Int], bytes: [UInt8], shape: Shape) {
    self.shape = shape
    self.offsets = offsets
    self.bytes = bytes
  }

  /// - Throws: ``TensorError`` when the number of strings is not that of `shape`.
  public init(_ strings: some Sequence<String>, shape: Shape? = nil) throws {
    var offsets = [0]
    var bytes: [UInt8] = []
    for string in strings {
      bytes.append(contentsOf: string.utf8)
      offsets.append(bytes.count)
    }
    try self.init(offsets: offsets, bytes: bytes, shape: shape ?? [offsets.count - 1])
  }

  /// The number of elements.
  public var count: Int { offsets.count - 1 }

  /// The size of the first dimension; 1 for a scalar.
  public var rowCount: Int { shape.dimensions.first ?? 1 }

  /// Element `index` in row-major order; invalid UTF-8 is repaired with U+FFFD.
  public subscript(index: Int) -> String {
    String(decoding: bytes[offsets[index]..<offsets[index + 1]], as: UTF8.self)
  }

  /// The elements in row-major order; invalid UTF-8 is repaired with U+FFFD.
  public var strings: [String] { (0..<count).map { self[$0] } }

  /// The same elements in another shape.
  ///
  /// - Throws: ``TensorError`` when the numbers of elements differ.
  public func reshaped(to newShape: Shape) throws -> StringTensor {
    guard newShape.elementCount == count else {
      throw TensorError("a string tensor of shape \(shape) cannot be reshaped to \(newShape)")
    }
    var result = self
    result.shape = newShape
    return result
  }
}
