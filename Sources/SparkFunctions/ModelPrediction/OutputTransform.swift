import Models
import SparkTypes
import Tensors

/// What an output becomes, instead of a column of its numbers: what people read of a classifier, rounded
/// numbers, and the column's form.
///
/// ```swift
/// try await images.predicting(
///   .onnx("resnet50.onnx"), transforms: ["logits": .topK(5, softmax: true).rounded(3)])
/// try await reviews.predicting(.embeddings("all-MiniLM-L6-v2"), transforms: ["embedding": .as(.vector)])
/// ```
///
/// The classes are in the last dimension of the output. Numbers are computed first, then rounded, and then
/// put into the form, in whichever order that is written.
public struct OutputTransform: Sendable, Hashable {
  /// What is computed of a classifier's numbers; `nil` for the numbers themselves.
  var choice: OutputChoice?
  /// How many decimal places numbers keep; `nil` for all.
  var decimals: Int?
  /// The form of the column; `nil` for that of the output.
  var form: OutputForm?

  /// Probabilities of the classes, which add up to 1: in the precision of the output's numbers, of those
  /// with 16 bits in that of `float`.
  public static let softmax = OutputTransform(choice: .softmax)

  /// The position of the greatest number, an `int`: the first one among equals, and NaN is greater than
  /// all numbers, as in NumPy.
  public static let argmax = OutputTransform(choice: .argmax)

  /// So many classes with the greatest numbers, `array<struct<label: string, score: float>>` (of an output
  /// with 64 bits `double`), the greatest one first; among equal numbers the first class, and NaN before
  /// all numbers, so that the first of them is that of ``argmax``. Of an output that is a map its keys are
  /// the labels.
  ///
  /// - Parameters:
  ///   - labels: the names of the classes; without them those of `id2label` in a `config.json` beside
  ///     the model, else classes are called by their positions, from 0.
  ///   - softmax: whether the scores are probabilities instead of the output's numbers.
  public static func topK(
    _ count: Int, labels: ClassLabels? = nil, softmax: Bool = false
  ) -> OutputTransform {
    OutputTransform(choice: .topK(count, labels: labels, softmax: softmax))
  }

  /// The numbers with at most so many decimal places; see the method of the same name.
  public static func rounded(_ decimals: Int) -> OutputTransform {
    OutputTransform().rounded(decimals)
  }

  /// The numbers in a column of that form.
  public static func `as`(_ form: OutputForm) -> OutputTransform { OutputTransform().as(form) }

  /// Rounds the floating-point numbers, also the probabilities and scores of ``softmax`` and
  /// ``topK(_:labels:softmax:)``, which are chosen before, and the values of maps.
  ///
  /// It is computed as by NumPy's `round`, in the precision of the column, `float` or `double` (vectors
  /// have doubles): a number is multiplied by 10 to the power of `decimals`, rounded to the nearest whole
  /// number, to the even one of two that are as near, and divided by that power. Numbers that are too great
  /// to have a fraction then, NaN and infinity stay as they are.
  ///
  /// - Parameter decimals: decimal places, 0 to 15.
  public func rounded(_ decimals: Int) -> OutputTransform {
    var transform = self
    transform.decimals = decimals
    return transform
  }

  /// Gives the column that form.
  public func `as`(_ form: OutputForm) -> OutputTransform {
    var transform = self
    transform.form = form
    return transform
  }

  /// Those that are most, for `--round`.
  package static let decimalsRange = 0...15
}

extension OutputTransform {
  /// How many classes are wanted, and their names, if it is ``topK(_:labels:softmax:)``.
  package var best: (count: Int, labels: ClassLabels?)? {
    guard case .topK(let count, let labels, _)? = choice else { return nil }
    return (count, labels)
  }

  /// Whether the column has positions of classes, which are whole numbers.
  package var isArgmax: Bool { choice == .argmax }

  /// The same with names for the classes.
  package func labelled(_ labels: ClassLabels?) -> OutputTransform {
    guard case .topK(let count, _, let isSoftmax)? = choice else { return self }
    var transform = self
    transform.choice = .topK(count, labels: labels, softmax: isSoftmax)
    return transform
  }

  /// What it is called in messages, in both forms.
  var name: String { choice?.name ?? decimals.map(Self.name(rounding:)) ?? form?.name ?? "" }

  static func name(rounding decimals: Int) -> String { ".rounded(\(decimals)) (--round)" }

  /// The type of the column; `nil` for that of the output itself.
  func columnType(of output: ModelPrediction.OutputBinding) -> DataType? {
    let numbers = choice?.columnType(of: output)
    return form?.columnType(of: numbers ?? ModelPrediction.numbersType(of: output)) ?? numbers
  }

  /// Why an output cannot be transformed, as far as its declaration tells.
  func mismatch(_ output: ModelPrediction.OutputBinding) -> String? {
    choice?.mismatch(output) ?? roundingMismatch(output) ?? formMismatch(output)
  }

  private func roundingMismatch(_ output: ModelPrediction.OutputBinding) -> String? {
    guard let decimals else { return nil }
    let what = "\(Self.name(rounding: decimals)) of the output '\(output.specification.name)'"
    guard Self.decimalsRange.contains(decimals) else {
      return "\(what): there are \(Self.decimalsRange.lowerBound) to "
        + "\(Self.decimalsRange.upperBound) decimal places"
    }
    if choice == .argmax {
      return "\(what), which becomes a position, a whole number: take one of both"
    }
    guard output.isMap || output.specification.elementType.isFloatingPoint else {
      return
        "\(what), whose values are \(output.specification.elementType) and have no decimal places; "
        + "leave it out"
    }
    return nil
  }

  private func formMismatch(_ output: ModelPrediction.OutputBinding) -> String? {
    guard let form else { return nil }
    let what = "\(form.name) of the output '\(output.specification.name)'"
    if best != nil {
      return "\(what), which becomes a list of classes, no row of numbers: take one of both"
    }
    if output.isMap || output.isSequence {
      return
        "\(what), which is a \(output.isMap ? "map of names to numbers" : "sequence of tensors"); "
        + "take it as it is"
    }
    return form.mismatch(choice == .argmax ? .int32 : output.specification.elementType).map {
      "\(what), \($0)"
    }
  }
}

extension OutputTransform: Codable {
  private enum Key: String, CodingKey { case rounded, form }

  /// What is computed stands beside the rest under its own name, and alone if there is no more.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    try choice?.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encodeIfPresent(decimals, forKey: .rounded)
    try values.encodeIfPresent(form, forKey: .form)
  }

  /// What ``encode(to:)`` has written; also what is computed alone, as older plans have it.
  ///
  /// - Throws: what the decoder throws.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    decimals = try values.decodeIfPresent(Int.self, forKey: .rounded)
    form = try values.decodeIfPresent(OutputForm.self, forKey: .form)
    choice = try OutputChoice.isThere(decoder) ? OutputChoice(from: decoder) : nil
  }

  init(choice: OutputChoice? = nil) { self.choice = choice }
}
