/// What `config.json` says of a classifier.
struct ClassifierConfiguration: Sendable {
  var labels: [String]
  var function: ScoreFunction
  var vocabularySize: Int?
  var paddingToken: Int

  /// - Parameter outputCount: the number of the model's outputs for a row, if it says it.
  init(_ folder: ModelFolder, outputCount: Int?) throws(TextPipelineError) {
    let file = folder.configuration
    let architectures = file["architectures"]?.list?.compactMap(\.text) ?? []
    let isClassifier = architectures.contains { $0.hasSuffix("ForSequenceClassification") }
    guard architectures.isEmpty || isClassifier else {
      throw TextPipelineError(
        .unsupportedModel,
        "config.json names the architecture \(architectures.joined(separator: ", ")), expected one "
          + "for sequence classification (such as DistilBertForSequenceClassification)",
        model: folder.path)
    }
    var names = try file.object("id2label").map { entries in
      entries.compactMap { key, value in
        Int(key).flatMap { id in value.text.map { (id, $0) } }
      }
    }
    names?.sort { $0.0 < $1.0 }
    let count = names?.count ?? outputCount ?? 2
    if let names, names.map(\.0) != Array(0..<names.count) || names.isEmpty {
      throw TextPipelineError(
        .invalidConfiguration,
        "id2label in \(file.path) must map \"0\", \"1\", … to labels without gaps",
        model: folder.path)
    }
    labels = names?.map(\.1) ?? (0..<count).map { "LABEL_\($0)" }
    if let outputCount, outputCount != labels.count {
      throw TextPipelineError(
        .invalidConfiguration,
        "the model gives \(outputCount) values for a text, but \(file.path) names \(labels.count) "
          + "labels (\(labels.joined(separator: ", "))) in id2label",
        model: folder.path)
    }
    switch try file.text("problem_type") {
    case "regression": function = .none
    case "multi_label_classification": function = .sigmoid
    case "single_label_classification": function = labels.count == 1 ? .sigmoid : .softmax
    case nil: function = labels.count == 1 ? .sigmoid : .softmax
    case let other?:
      throw TextPipelineError(
        .invalidConfiguration,
        "problem_type in \(file.path) is \"\(other)\", expected single_label_classification, "
          + "multi_label_classification or regression",
        model: folder.path)
    }
    vocabularySize = try file.integer("vocab_size")
    paddingToken = try file.integer("pad_token_id") ?? 0
  }
}
