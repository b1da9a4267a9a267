import ArrowIPC
import Models
import SparkTypes
import Tensors

/// What is computed of a classifier's numbers.
enum OutputChoice: Sendable, Hashable, Codable {
  /// As the members of ``OutputTransform`` of these names.
  case softmax
  case argmax
  case topK(Int, labels: ClassLabels? = nil, softmax: Bool = false)

  private enum Name: String, CodingKey { case softmax, argmax, topK }

  /// Whether what is decoded has one.
  static func isThere(_ decoder: any Decoder) throws -> Bool {
    try !decoder.container(keyedBy: Name.self).allKeys.isEmpty
  }
}

extension OutputChoice {
  /// What is computed of an output.
  enum Result {
    /// `[rows]`, or `[rows, …]`.
    case numbers(AnyTensor)
    case classes(ArrowColumn)
  }

  /// What it is called in messages, in both forms.
  var name: String {
    switch self {
    case .softmax: ".softmax (--softmax)"
    case .argmax: ".argmax (--argmax)"
    case .topK(let count, _, _): ".topK(\(count)) (--top-k)"
    }
  }

  /// The type of the column; `nil` for that of the output itself.
  func columnType(of output: ModelPrediction.OutputBinding) -> DataType? {
    switch self {
    case .softmax: return nil
    case .argmax: return Self.hasOneVector(output.rowShape) ? .integer : .array(.integer)
    case .topK:
      let score: DataType = output.specification.elementType == .float64 ? .double : .float
      return .array(.struct(["label": .string, "score": score]))
    }
  }

  /// Whether a row has the numbers of one thing that is classified, as far as is known.
  private static func hasOneVector(_ rowShape: Shape?) -> Bool {
    rowShape.map { $0.dropLast().allSatisfy { $0 == 1 } } ?? true
  }

  /// Why an output cannot be transformed, as far as its declaration tells.
  func mismatch(_ output: ModelPrediction.OutputBinding) -> String? {
    let specification = output.specification
    let what = "\(name) of the output"
    if output.isSequence {
      return "\(what) '\(specification.name)', which is a sequence of tensors; take it as it is"
    }
    if output.isMap {
      if case .topK(let count, let labels, let isSoftmax) = self, count > 0, labels == nil,
        !isSoftmax
      {
        return nil
      }
      return
        "\(what) '\(specification.name)', which is a map of names to numbers already; take it as it "
        + "is, or its greatest numbers by its own names: .topK(3) (--top-k \(specification.name)=3)"
    }
    let type = specification.elementType
    guard self == .argmax ? type.isNumeric : type.isFloatingPoint else {
      let expected = self == .argmax ? "numbers" : "floating-point numbers"
      return "\(what) \(specification), which has no \(expected)"
    }
    if let row = output.rowShape {
      guard let classes = row.last, classes != 1 else {
        return "\(what) \(specification)\(Self.noClasses(row))"
      }
      if case .topK = self, !Self.hasOneVector(row) {
        return "\(what) \(specification), which has several classifications a row, \(row): take "
          + ".argmax (--argmax) of it, or the numbers"
      }
      if let problem = mismatch(classes: classes < 0 ? nil : classes) {
        return "\(what) \(specification): \(problem)"
      }
    } else if let problem = mismatch(classes: nil) {
      return "\(what) \(specification): \(problem)"
    }
    return nil
  }

  /// Why there is nothing to choose from in the last dimension of a row.
  private static func noClasses(_ row: Shape) -> String {
    row.elementCount == 1
      ? ", which has one number a row and no classes to choose from; take the number as it is"
      : ", which has one number in its last dimension, where the classes must be; take the numbers as "
        + "they are, or export the model with the classes there"
  }

  /// Why it does not fit so many classes; `nil` for a number that is unknown.
  private func mismatch(classes: Int?) -> String? {
    guard case .topK(let count, let labels, _) = self else { return nil }
    if let labels, let classes, labels.names.count != classes {
      return
        "\(labels.origin) \(labels.names.count) labels, expected \(classes), one for each class; "
        + "name the file that belongs to the model with labels: (--labels)"
    }
    let most = classes ?? labels?.names.count
    guard count > 0, count <= most ?? count else {
      return "\(count) classes are wanted, "
        + (most.map { most in
          (classes == nil ? "and \(labels?.origin ?? "") \(most)" : "the model has \(most)")
            + "; take at least one, and at most .topK(\(most)) (--top-k \(most))"
        } ?? "it must be at least one")
    }
    return nil
  }
}

extension OutputChoice {
  /// What is computed of what the model gave.
  ///
  /// - Parameters:
  ///   - tensor: `[rows, …, classes]`, at least one row.
  ///   - decimals: how many decimal places scores keep; `nil` for all.
  /// - Throws: ``InferenceError`` if it has no classes, or not as many as there are labels.
  func result(
    _ tensor: AnyTensor, rows: Int, as binding: ModelPrediction.OutputBinding, decimals: Int?,
    function: String
  ) throws -> Result {
    func failure(_ message: String) -> InferenceError {
      InferenceError(
        .invalidOutput,
        "\(name) of the output '\(binding.specification.name)', of shape \(tensor.shape) for \(rows) "
          + "rows\(message)", function: function)
    }
    guard tensor.shape.rank > 1, let classes = tensor.shape.last, classes > 1,
      let count = tensor.shape.elementCount
    else { throw failure(Self.noClasses(tensor.shape.rowShape)) }
    if let problem = mismatch(classes: classes) { throw failure(": \(problem)") }
    let vectors = try tensor.reshaped(to: [count / classes, classes])
    let isOne = self == .argmax ? Self.hasOneVector(binding.rowShape) : self != .softmax
    if isOne, vectors.rowCount != rows {
      throw failure(", which has several classifications a row")
    }
    switch self {
    case .softmax:
      guard let probabilities = vectors.softmax() else {
        throw failure(": no floating-point numbers")
      }
      return .numbers(try probabilities.reshaped(to: tensor.shape))
    case .argmax:
      guard let greatest = vectors.greatest(1) else { throw failure(": no numbers") }
      let positions = AnyTensor.int32(Tensor(greatest.map { Int32($0) }))
      return .numbers(
        try isOne ? positions : positions.reshaped(to: [rows, greatest.count / rows]))
    case .topK(let best, let labels, let isSoftmax):
      // Probabilities, and rounded numbers, may be equal where the numbers are not.
      let all = isSoftmax ? vectors.softmax() : vectors
      let scores = decimals.flatMap { all?.rounded(decimals: $0) } ?? all
      guard let scores, let floats = scores.floats, let greatest = vectors.greatest(best) else {
        throw failure(": no floating-point numbers")
      }
      let column =
        if case .float64(let numbers) = scores {
          try Self.classes(greatest, of: numbers, labels?.names)
        } else {
          try Self.classes(greatest, of: floats, labels?.names)
        }
      return .classes(
        try column.retyped(ModelPrediction.columnType(of: binding).arrowType()))
    }
  }

  /// Classes of each row, as many of each, with their scores.
  private static func classes<Score: NumericTensorElement>(
    _ best: [Int], of scores: Tensor<Score>, _ names: [String]?
  ) throws -> ArrowColumn {
    let count = best.count / scores.rowCount
    let width = scores.rowStride
    let values = scores.withUnsafeBufferPointer { scores in
      best.enumerated().map { scores[$0 / count * width + $1] }
    }
    let labels = try StringTensor(best.map { names?[$0] ?? "\($0)" })
    let column = try ArrowColumn.structure([
      ("label", .strings(labels)), ("score", ArrowColumn(Tensor(values))),
    ])
    return .lists(of: column, rows: scores.rowCount, width: count)
  }
}
