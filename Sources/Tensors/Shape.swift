/// The dimensions of a tensor, outermost first, for example `[1024, 28, 28]`.
///
/// A model's declared shape may have dimensions that are only known at run time; those are
/// ``Shape/dynamic`` (−1, as in ONNX and TensorFlow).
public struct Shape: Sendable, Hashable, Codable {
  /// The size of each dimension.
  public var dimensions: [Int]

  /// The mark of a dimension that is known only at run time.
  public static let dynamic = -1

  public init(_ dimensions: some Sequence<Int>) { self.dimensions = Array(dimensions) }

  public init(from decoder: any Decoder) throws {
    dimensions = try decoder.singleValueContainer().decode([Int].self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(dimensions)
  }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// Whether any dimension is known only at run time.
  public var isDynamic: Bool { dimensions.contains { $0 < 0 } }

  /// The number of elements, 1 for a scalar; `nil` if a dimension is dynamic or the product does
  /// not fit an `Int`.
  public var elementCount: Int? {
    var count = 1
    for dimension in dimensions {
      guard dimension >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// The shape without its first dimension: what one row of a batch looks like.
  public var rowShape: Shape { Shape(dimensions.dropFirst()) }

  /// This shape behind a leading batch dimension.
  public func batched(_ rows: Int) -> Shape { Shape([rows] + dimensions) }

  /// Whether a tensor of shape `other` fits this declared shape, dynamic dimensions matching all.
  public func admits(_ other: Shape) -> Bool {
    rank == other.rank && zip(dimensions, other.dimensions).allSatisfy { $0 < 0 || $0 == $1 }
  }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { dimensions = elements }
}

extension Shape: RandomAccessCollection, MutableCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { dimensions.count }
  public subscript(position: Int) -> Int {
    get { dimensions[position] }
    set { dimensions[position] = newValue }
  }
}

extension Shape: CustomStringConvertible {
  public var description: String {
    "[" + dimensions.map { $0 < 0 ? "?" : String($0) }.joined(separator: ", ") + "]"
  }
}
