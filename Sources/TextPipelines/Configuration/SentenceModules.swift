import JSONText

/// The modules of a folder of sentence-transformers, as `modules.json` lists them.
struct SentenceModules: Sendable {
  /// A step of the computation.
  struct Module: Sendable {
    /// The class without where it is from: `Pooling`.
    var kind: String
    /// The class as the file names it.
    var type: String
    /// Its folder in the model's.
    var path: String
  }

  /// `nil` for a folder without the file.
  let modules: [Module]?

  /// - Throws: ``TextPipelineError`` if the folder or the file cannot be read.
  init(path: String, name: String) throws(TextPipelineError) {
    try ModelFolder.check(path, name: name)
    let file = "\(path)/modules.json"
    guard ModelFolder.exists(file) else {
      modules = nil
      return
    }
    let list = try JSONValue(contentsOf: file).elements ?? []
    let modules = list.compactMap { module -> Module? in
      guard let type = module["type"]?.string else { return nil }
      return Module(
        kind: String(type.split(separator: ".").last ?? ""), type: type,
        path: module["path"]?.string ?? "")
    }
    guard !modules.isEmpty, modules.count == list.count else {
      throw TextPipelineError(
        .invalidConfiguration, "\(file) must be a list of modules, each with its type and path",
        model: name)
    }
    if let path = modules.map(\.path).first(where: {
      $0.hasPrefix("/") || $0.split(separator: "/").contains("..")
    }) {
      throw TextPipelineError(
        .invalidConfiguration, "\(file) names \(path), which is not in the model's folder",
        model: name)
    }
    self.modules = modules
  }

  /// Where in the folder the network and its tokenizer are.
  var networkPath: String { modules?.first { $0.kind == "Transformer" }?.path ?? "" }

  /// Whether the class is one of sentence-transformers' own.
  private static func isKnown(_ module: Module) -> Bool {
    module.type.hasPrefix("sentence_transformers.")
  }

  /// What besides the network has to be computed here: pooling, then perhaps normalisation.
  struct Steps: Sendable {
    var pooling: Module?
    var normalization: Module?
    /// What is not computed here, or not in this order.
    var others: [String] = []
  }

  var steps: Steps {
    var steps = Steps()
    for (position, module) in (modules ?? []).enumerated() {
      switch module.kind {
      case _ where !Self.isKnown(module): steps.others.append(module.type)
      case "Transformer" where position == 0: break
      case "Pooling" where steps.pooling == nil && steps.normalization == nil:
        steps.pooling = module
      // Dropout only acts in training.
      case "Dropout": break
      case "Normalize" where steps.normalization == nil && steps.pooling != nil:
        steps.normalization = module
      // To make a vector of length 1 so once more changes nothing.
      case "Normalize" where steps.normalization != nil: break
      default: steps.others.append(module.kind)
      }
    }
    return steps
  }
}
