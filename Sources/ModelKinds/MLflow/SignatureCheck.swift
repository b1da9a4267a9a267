import MLflow
import Models
import Tensors

/// Compares what was logged of a model with what it says itself, which is what counts.
///
/// Columns of tables are looked at as MLflow feeds them: each to the input of its name, or all of them
/// together as the rows of the only input.
struct SignatureCheck {
  private let subject: String

  init(of subject: String) { self.subject = subject }

  func contradictions(
    _ signature: LoggedSignature, inputs: [TensorSpecification], outputs: [TensorSpecification]
  ) -> [String] {
    (signature.inputs.map { compare($0, with: inputs, "input") } ?? [])
      + (signature.outputs.map { compare($0, with: outputs, "output") } ?? [])
  }

  private func compare(
    _ entries: [LoggedSignature.Entry], with own: [TensorSpecification], _ what: String
  ) -> [String] {
    let names = own.map(\.name).joined(separator: ", ")
    func told(_ text: String) -> String {
      "\(subject): the signature \(text); the model's own counts"
    }
    let isTable = entries.contains { if case .column = $0.kind { true } else { false } }
    let named = Set(own.map(\.name))
    // The columns of a table are the values in a row of one tensor.
    if isTable, own.count == 1, let only = own.first,
      !entries.contains(where: { $0.name.map(named.contains) ?? false })
    {
      let size = only.shape.dimensions.dropFirst().reduce(1) { $0 < 0 || $1 < 0 ? -1 : $0 * $1 }
      guard entries.count > 1, only.hasShape, size >= 0, size != entries.count else { return [] }
      return [
        told(
          "names \(entries.count) columns, and the model's \(what) \(only) has \(size) values in a row"
        )
      ]
    }
    var result: [String] = []
    for entry in entries {
      let found =
        entry.name == nil
        ? (own.count == 1 ? own.first : nil) : own.first { $0.name == entry.name }
      guard let found else {
        if isTable, entry.name == nil, entries.count == own.count { continue }
        let called = entry.name.map { "'\($0)'" } ?? "without a name"
        result.append(told("has an \(what) \(called), and the model has \(names)"))
        continue
      }
      if let difference = difference(entry, found) {
        result.append(told("says of the \(what) '\(found.name)' that it is \(difference)"))
      }
    }
    let said = Set(entries.compactMap(\.name))
    if !said.isEmpty {
      for specification in own where !said.contains(specification.name) {
        result.append(told("does not have the model's \(what) \(specification)"))
      }
    }
    return result
  }

  /// What is not the same; `nil` if nothing is.
  private func difference(
    _ entry: LoggedSignature.Entry, _ own: TensorSpecification
  ) -> String? {
    switch entry.kind {
    case .column(let type):
      guard let element = Self.element(ofColumn: type), element != own.elementType else {
        return nil
      }
      // MLflow itself narrows these.
      if element == .float64, own.elementType == .float32 { return nil }
      return "\(type), and the model's is \(own)"
    case .tensor(let type, let shape):
      let isSameShape =
        !own.hasShape
        || own.shape.dimensions.count == shape.count
          && zip(own.shape.dimensions, shape).allSatisfy { $0 < 0 || $1 < 0 || $0 == $1 }
      let element = Self.element(ofArray: type)
      if isSameShape, element.map({ $0 == own.elementType }) ?? true { return nil }
      let dimensions = shape.map { $0 < 0 ? "?" : "\($0)" }.joined(separator: ", ")
      return "\(type)[\(dimensions)], and the model's is \(own)"
    }
  }

  /// The type that numpy calls so; `nil` if it may be any.
  private static func element(ofArray type: String) -> ElementType? {
    if ["object", "str", "bytes"].contains(type) || type.hasPrefix("str") || type.hasPrefix("bytes")
    {
      return .string
    }
    return ElementType(rawValue: type)
  }

  /// The type that MLflow calls so; `nil` if it may be any.
  private static func element(ofColumn type: String) -> ElementType? {
    switch type {
    case "boolean": .bool
    case "integer": .int32
    case "long": .int64
    case "float": .float32
    case "double": .float64
    case "string", "binary": .string
    default: nil
    }
  }
}
