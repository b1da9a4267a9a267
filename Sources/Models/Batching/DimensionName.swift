import Tensors

/// What a model's name of a varying dimension says.
struct DimensionName: Hashable {
  let text: String
  /// Names that exporters make up: equal ones mean equal sizes, different ones mean nothing.
  let isMadeUp: Bool

  /// - Returns: `nil` for a name that only says that the size varies.
  init?(_ text: String?) {
    guard let text,
      !["", "none", "?", "-1", "dynamic", "unknown", "unk"].contains(text.lowercased())
    else { return nil }
    let folded = text.lowercased()
    self.text = text
    isMadeUp =
      folded.hasPrefix("unk__") || folded.contains("dynamic_axes") || folded.contains("_dim_")
      || folded.contains("dynamicdimension")
      || (["s", "u"].contains(folded.prefix(1)) && Int(folded.dropFirst()) != nil)
  }

  /// Whether the name says outright that the dimension is the batch.
  var saysBatch: Bool { text.lowercased().contains("batch") }

  /// Whether it is one that people give to the batch.
  var mayBeBatch: Bool {
    let folded = text.lowercased()
    return saysBatch || ["n", "b", "bs"].contains(folded)
      || ["row", "sample", "example", "instance"].contains(where: folded.contains)
  }

  /// Whether it is one that people give to what is within a row: its parts in time or space.
  var saysOther: Bool {
    let folded = text.lowercased()
    if saysBatch { return false }
    return ["t", "s", "l", "h", "w", "c"].contains(folded)
      || ["seq", "time", "token", "length", "frame", "step", "width", "height", "channel"]
        .contains(where: folded.contains)
  }
}

extension TensorSpecification {
  /// The name of dimension `axis`, if the model has one for it.
  func dimensionName(_ axis: Int) -> DimensionName? {
    guard shape.indices.contains(axis), shape[axis] < 0, dimensionNames.indices.contains(axis)
    else { return nil }
    return DimensionName(dimensionNames[axis])
  }

  /// Whether a dimension varies that nobody has named.
  var hasUnnamedDimension: Bool {
    shape.indices.contains { shape[$0] < 0 && dimensionName($0).map(\.isMadeUp) ?? true }
  }

  /// The positions of the varying dimensions that have one of `names`.
  func axes(named names: Set<String>) -> [Int] {
    shape.indices.filter { axis in dimensionName(axis).map { names.contains($0.text) } ?? false }
  }

  /// The tensor with the names of its dimensions: `state: float32[2, N, 128]`.
  public var declaration: String {
    "\(name): \(elementType)" + (hasShape ? namedShape : " of any shape")
  }

  /// The shape with the names of its varying dimensions: `[batch, 784]`.
  var namedShape: String {
    let parts = shape.indices.map { axis in
      if shape[axis] >= 0 { return String(shape[axis]) }
      return dimensionNames.indices.contains(axis) ? dimensionNames[axis] ?? "?" : "?"
    }
    return "[" + parts.joined(separator: ", ") + "]"
  }
}
