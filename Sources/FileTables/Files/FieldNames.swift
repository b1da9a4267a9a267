import ArrowIPC
import SparkTypes

/// Where the columns of a file are, by their names without regard to case: a file with many is not looked
/// through for each.
struct FieldNames: Sendable {
  private var places: [ExactName: [Int]] = [:]

  init(_ fields: [ArrowField]) {
    for (index, field) in fields.enumerated() {
      places[ExactName(folding: field.name), default: []].append(index)
    }
  }

  /// The positions of the fields called `name`.
  func places(of name: String) -> [Int] { places[ExactName(folding: name)] ?? [] }
}
