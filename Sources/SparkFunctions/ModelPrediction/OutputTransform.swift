import ArrowIPC
import Models
import SparkTypes
import Tensors

/// What an output of numbers becomes, instead of a column of these numbers: what people read of a
/// classifier.
///
/// ```swift
/// try await images.predicting(
///   .onnx("resnet50.onnx"), transforms: ["logits": .topK(5, softmax: true)])
/// ```
///
/// The classes are in the last dimension of the output.
public enum OutputTransform: Sendable, Hashable, Codable {
  /// Probabilities of the classes, which add up to 1: in the precision of the output's numbers, of those
  /// with 16 bits in that of `float`.
  case softmax
  /// The position of the greatest number, an `int`: the first one among equals, and NaN is greater than
  /// all numbers, as in NumPy.
  case argmax
  /// So many classes with the greatest numbers, `array<struct<label: string, score: float>>` (of an output
  /// with 64 bits `double`), the greatest one first; among equal numbers the first class, and NaN before
  /// all numbers, so that the first of them is that of ``argmax``. Of an output that is a map its keys are
  /// the labels.
  ///
  /// - Parameters:
  ///   - labels: the names of the classes; without them those of `id2label` in a `config.json` beside
  ///     the model, else classes are called by their positions, from 0.
  ///   - softmax: whether the scores are probabilities instead of the output's numbers.
  case topK(Int, labels: ClassLabels? = nil, softmax: Bool = false)
}

/// The names of a classifier's classes, in the order of its outputs: `["cat", "dog"]`.
public struct ClassLabels: Sendable, Hashable, Codable {
  /// One name for each class.
  public var names: [String]
  /// The file that they are from, for messages.
  public var file: String?

  public init(_ names: [String], file: String? = nil) {
    self.names = names
    self.file = file
  }

  /// What has them, at the beginning of a message.
  var origin: String { file.map { "the file \($0) has" } ?? "labels: has" }
}

extension ClassLabels: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: String...) { self.init(elements) }
}

extension OutputTransform {
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

extension OutputTransform {
  /// The same with names for the classes.
  func labelled(_ names: [String]) -> OutputTransform {
    guard case .topK(let count, _, let isSoftmax) = self else { return self }
    return .topK(count, labels: ClassLabels(names), softmax: isSoftmax)
  }

  /// The column of what the model gave.
  ///
  /// - Parameter tensor: `[rows, …, classes]`.
  /// - Throws: ``InferenceError`` if it has no classes, or not as many as there are labels.
  func output(
    _ tensor: AnyTensor, rows: Int, as binding: ModelPrediction.OutputBinding, function: String
  ) throws -> any PredictOutput {
    let type = ModelPrediction.columnType(of: binding)
    if rows == 0 { return try ArrowColumn([ArrowValue](), type: type.arrowType()) }
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
    let isOne = self == .argmax ? type == .integer : self != .softmax
    if isOne, vectors.rowCount != rows {
      throw failure(", which has several classifications a row")
    }
    switch self {
    case .softmax:
      guard let probabilities = vectors.softmax() else {
        throw failure(": no floating-point numbers")
      }
      return try probabilities.reshaped(to: tensor.shape)
    case .argmax:
      guard let greatest = vectors.greatest(1) else { throw failure(": no numbers") }
      let positions = Tensor(greatest.map { Int32($0) })
      return try isOne ? positions : positions.reshaped(to: [rows, greatest.count / rows])
    case .topK(let best, let labels, let isSoftmax):
      // Probabilities may be equal where the numbers are not.
      let scores = isSoftmax ? vectors.softmax() : vectors
      guard let scores, let floats = scores.floats, let greatest = vectors.greatest(best) else {
        throw failure(": no floating-point numbers")
      }
      let column =
        if case .float64(let numbers) = scores {
          try Self.classes(greatest, of: numbers, labels?.names)
        } else {
          try Self.classes(greatest, of: floats, labels?.names)
        }
      return try column.retyped(type.arrowType())
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
