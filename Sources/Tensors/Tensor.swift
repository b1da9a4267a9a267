/// A dense, row-major array of numbers with a shape; a value that shares its memory.
///
/// A tensor is a view: slicing rows, reshaping and handing an Arrow column's memory to a model copy
/// nothing. Tensors are immutable once made; compute a new one with ``init(shape:initializingWith:)``
/// or ``map(_:)``.
///
/// ```swift
/// let pixels = try Tensor<Float>([0, 0.5, 1, 0.25], shape: [2, 2])
/// pixels[1, 0]                       // 1
/// try pixels.reshaped(to: [4])
/// ```
public struct Tensor<Element: TensorElement> {
  /// The dimensions, the batch first.
  public let shape: Shape
  /// The number of elements.
  public let count: Int
  /// The owner of the memory.
  private let storage: TensorStorage
  private let start: UnsafePointer<Element>

  /// A view of `shape` over `storage`, `byteOffset` bytes in.
  ///
  /// - Throws: ``TensorError`` when the shape is dynamic, reaches beyond the storage, or the address
  ///   is not aligned for `Element`.
  public init(viewing storage: TensorStorage, byteOffset: Int = 0, shape: Shape) throws {
    guard let count = shape.elementCount else {
      throw TensorError("a tensor needs a fixed shape that fits memory, got \(shape)")
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, byteOffset >= 0, byteOffset <= storage.byteCount,
      bytes <= storage.byteCount - byteOffset
    else {
      throw TensorError(
        "a \(Element.elementType) tensor of shape \(shape) needs \(overflow ? "too many" : "\(bytes)") "
          + "bytes, the memory holds \(storage.byteCount - byteOffset)")
    }
    let address = UnsafeRawPointer(storage.baseAddress + byteOffset)
    guard Int(bitPattern: address) % MemoryLayout<Element>.alignment == 0 else {
      throw TensorError("the memory of a \(Element.elementType) tensor is not aligned")
    }
    self.init(
      shape: shape, count: count, storage: storage,
      start: address.assumingMemoryBound(to: Element.self))
  }

  private init(shape: Shape, count: Int, storage: TensorStorage, start: UnsafePointer<Element>) {
    self.shape = shape
    self.count = count
    self.storage = storage
    self.start = start
  }

  /// A new tensor whose elements `initializer` writes; all of them must be written.
  ///
  /// - Precondition: `shape` is fixed and not negative.
  /// - Throws: what `initializer` throws.
  public init<Failure: Error>(
    shape: Shape,
    initializingWith initializer: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Void
  ) throws(Failure) {
    guard let count = shape.elementCount else {
      preconditionFailure("a tensor needs a fixed shape, got \(shape)")
    }
    let storage = TensorStorage(byteCount: count * MemoryLayout<Element>.stride)
    let memory = storage.baseAddress.bindMemory(to: Element.self, capacity: count)
    try initializer(UnsafeMutableBufferPointer(start: memory, count: count))
    self.init(shape: shape, count: count, storage: storage, start: UnsafePointer(memory))
  }

  /// A tensor with a copy of `scalars`.
  ///
  /// - Throws: ``TensorError`` when their number is not that of `shape`.
  public init(_ scalars: some Collection<Element>, shape: Shape) throws {
    guard shape.elementCount == scalars.count else {
      throw TensorError("\(scalars.count) elements do not fill a tensor of shape \(shape)")
    }
    self.init(shape: shape) { memory in _ = memory.initialize(fromContentsOf: scalars) }
  }

  /// A one-dimensional tensor with a copy of `scalars`.
  public init(_ scalars: [Element]) {
    self.init(shape: [scalars.count]) { memory in _ = memory.initialize(fromContentsOf: scalars) }
  }

  /// A tensor in which every element is `value`.
  public init(repeating value: Element, shape: Shape) {
    self.init(shape: shape) { $0.initialize(repeating: value) }
  }

  /// The number of dimensions.
  public var rank: Int { shape.rank }

  /// The size of the first dimension; 1 for a scalar.
  public var rowCount: Int { shape.dimensions.first ?? 1 }

  /// The number of elements in one row of the batch.
  public var rowStride: Int { shape.dimensions.dropFirst().reduce(1, *) }

  /// The elements in row-major order, borrowed for the length of `body`.
  ///
  /// - Throws: what `body` throws.
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: start, count: count))
  }

  /// The elements' bytes, borrowed for the length of `body`.
  ///
  /// - Throws: what `body` throws.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride))
  }

  /// The storage behind the elements and where in it they begin: for a consumer that keeps the
  /// memory alive itself, such as an Arrow column or a runtime's input value.
  public var memory: (storage: TensorStorage, byteOffset: Int) {
    (storage, UnsafeRawPointer(start) - UnsafeRawPointer(storage.baseAddress))
  }

  /// A copy of the elements in row-major order.
  public var scalars: [Element] { withUnsafeBufferPointer { Array($0) } }

  /// The element at `indices`, one for each dimension.
  ///
  /// - Precondition: as many indices as dimensions, each within its dimension.
  public subscript(indices: Int...) -> Element {
    precondition(indices.count == rank, "\(indices.count) indices for the shape \(shape)")
    var position = 0
    for (index, dimension) in zip(indices, shape) {
      precondition(index >= 0 && index < dimension, "index \(indices) outside the shape \(shape)")
      position = position * dimension + index
    }
    return withUnsafeBufferPointer { $0[position] }
  }

  /// The same elements in another shape; one dimension may be −1 and follows from the others.
  ///
  /// - Throws: ``TensorError`` when the numbers of elements differ.
  public func reshaped(to newShape: Shape) throws -> Tensor {
    var resolved = newShape
    let open = newShape.indices.filter { newShape[$0] < 0 }
    if open.count == 1 {
      let known = Shape(newShape.filter { $0 >= 0 }).elementCount ?? 0
      if known > 0, count.isMultiple(of: known) { resolved[open[0]] = count / known }
    }
    guard resolved.elementCount == count else {
      throw TensorError("a tensor of shape \(shape) cannot be reshaped to \(newShape)")
    }
    return Tensor(shape: resolved, count: count, storage: storage, start: start)
  }

  /// The rows in `range` of the first dimension, sharing this tensor's memory.
  ///
  /// - Precondition: the tensor has a dimension and `range` lies within it.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(rank > 0, "a scalar has no rows")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rowCount, "rows \(range) outside \(shape)")
    return Tensor(
      shape: shape.rowShape.batched(range.count), count: range.count * rowStride, storage: storage,
      start: start + range.lowerBound * rowStride)
  }
}

extension Tensor: Equatable {
  /// Whether shape and elements are equal; NaN differs from NaN, as in floating-point comparison.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    left.shape == right.shape
      && left.withUnsafeBufferPointer { a in
        right.withUnsafeBufferPointer { b in a.elementsEqual(b) }
      }
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let shown = withUnsafeBufferPointer { $0.prefix(8).map { "\($0)" } }
    return "Tensor<\(Element.elementType)>\(shape) [\(shown.joined(separator: ", "))"
      + (count > 8 ? ", …]" : "]")
  }
}

// The storage's bytes are immutable once a tensor shares them.
extension Tensor: @unchecked Sendable {}
