import JSONText
import LabelFiles

/// What `config.json` says of a classifier.
struct ClassifierConfiguration: Sendable {
  var labels: [String]
  var function: ScoreFunction
  var vocabularySize: Int?
  var paddingToken: Int

  /// - Parameter outputCount: the number of the model's outputs for a row, if it says it.
  init(_ folder: ModelFolder, outputCount: Int?) throws {
    let file = folder.configuration
    let architectures = file["architectures"]?.elements?.compactMap(\.string) ?? []
    let isClassifier = architectures.contains { $0.hasSuffix("ForSequenceClassification") }
    guard architectures.isEmpty || isClassifier else {
      throw folder.failure(
        .unsupportedModel,
        "config.json names the architecture \(architectures.joined(separator: ", ")), expected one "
          + "for sequence classification (such as DistilBertForSequenceClassification)")
    }
    let names = try Self.labels(file, folder)
    // Without id2label, transformers does not look at label2id either.
    let count = try names?.count ?? Self.labelCount(file, folder) ?? outputCount ?? 2
    labels = names ?? (0..<count).map { "LABEL_\($0)" }
    if let outputCount, outputCount != count {
      throw folder.failure(
        .invalidConfiguration,
        "the model gives \(outputCount) values for a text, but \(file.path) names \(count) "
          + "labels (\(labels.joined(separator: ", "))) in id2label or num_labels")
    }
    switch try file.text("problem_type") {
    case "regression": function = .none
    case "multi_label_classification": function = .sigmoid
    case "single_label_classification", nil: function = labels.count == 1 ? .sigmoid : .softmax
    case let other?:
      throw folder.failure(
        .invalidConfiguration,
        "problem_type in \(file.path) is \"\(other)\", expected single_label_classification, "
          + "multi_label_classification or regression")
    }
    vocabularySize = try file.integer("vocab_size")
    paddingToken = try file.integer("pad_token_id") ?? 0
  }

  /// The names in `id2label`.
  private static func labels(
    _ file: ConfigurationFile, _ folder: ModelFolder
  ) throws(TextPipelineError) -> [String]? {
    guard let entries = try file.object("id2label") else { return nil }
    do throws(LabelError) {
      return try LabelNames.inOrder(entries, of: "id2label in \(file.path)")
    } catch {
      throw folder.failure(.invalidConfiguration, error.message)
    }
  }

  /// More labels than any classifier has.
  private static let mostLabels = 1 << 20

  /// `num_labels`.
  private static func labelCount(
    _ file: ConfigurationFile, _ folder: ModelFolder
  ) throws(TextPipelineError) -> Int? {
    guard let count = try file.integer("num_labels") else { return nil }
    guard (1...mostLabels).contains(count) else {
      throw folder.failure(
        .invalidConfiguration, "num_labels in \(file.path) is \(count), expected 1 to \(mostLabels)"
      )
    }
    return count
  }
}
