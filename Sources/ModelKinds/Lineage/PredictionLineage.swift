import FoundationEssentials
import JSONText
import Models
import SparkFunctions

/// What columns of predictions come from: the model, and what was asked of it.
package struct PredictionLineage: Sendable, Hashable {
  package var source: ModelSource
  /// What was said of the prediction, by the names of the command's options; what was not said is not
  /// there. What changes no values is left out: batch sizes, and how many rows may fail.
  package var settings: [String: String]

  package init(_ source: ModelSource, _ request: PredictionRequest) {
    self.source = source
    settings = request.settings
  }

  /// What a column says of itself: JSON for its metadata.
  package var columnMetadata: String {
    let model = source.plainIdentity
    var told: [(String, JSONValue)] = [
      ("model", .string(model.name)), ("format", .string(model.format)),
    ]
    if let revision = source.knownRevision { told.append(("revision", .string(revision))) }
    told.append(("options", Self.object(model.options)))
    if !settings.isEmpty { told.append(("prediction", Self.object(settings))) }
    told.append(("version", .string(PackageVersion.text)))
    let json = JSONValue.object([("needletail", .object(told))])
    return String(decoding: json.encoded(), as: UTF8.self)
  }

  private static func object(_ texts: [String: String]) -> JSONValue {
    .object(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
  }
}

extension PredictionRequest {
  /// What was said of the prediction and may change its values or their columns.
  fileprivate var settings: [String: String] {
    var settings: [String: String] = [:]
    for (input, columns) in inputs {
      settings["map \(input)"] = columns.names.joined(separator: ",")
    }
    for (output, column) in outputs { settings["output-map \(output)"] = column }
    settings["outputs"] = only?.joined(separator: ",")
    settings["into"] = structure
    settings["batch-dimension"] = batch.map { Self.text($0) }
    if rows != .checked { settings["rows"] = rows.rawValue }
    if nulls != .fail { settings["on-null"] = Self.text(nulls) }
    if ragged != .fail { settings["on-ragged"] = Self.text(ragged) }
    if errors != .fail { settings["on-error"] = Self.text(errors) }
    for (output, transform) in transforms { settings["transform \(output)"] = Self.text(transform) }
    for (input, shape) in shapes { settings["shape \(input)"] = "\(shape)" }
    for (input, value) in constants { settings["constant \(input)"] = "\(value)" }
    return settings
  }

  private static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
