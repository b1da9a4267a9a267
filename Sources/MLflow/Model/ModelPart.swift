import JSONText

/// What of a logged model can be run here, by its path in the model's folder.
package enum ModelPart: Sendable, Hashable {
  /// A file with this ending.
  case file(String, ending: String)
  /// A folder with a SavedModel.
  case savedModel(String)
  /// A folder of HuggingFace's.
  case textFolder(String)

  package var path: String {
    switch self {
    case .file(let path, _), .savedModel(let path), .textFolder(let path): path
    }
  }
}

extension LoggedModel {
  /// What can be run of the files, best first.
  ///
  /// What only Python code around a model makes complete is not among them: without it the numbers would
  /// be others.
  func parts(of files: [String]) -> [ModelPart] {
    var parts: [ModelPart] = []
    if let file = flavors["onnx"]?["data"]?.string, files.contains(file), isInside(file) {
      parts.append(.file(file, ending: "onnx"))
    }
    for flavor in ["tensorflow", "keras"] {
      let said = flavors[flavor]
      let data = said?["data"]?.string ?? "data"
      let folders = [said?["saved_model_dir"]?.string, said.map { _ in data + "/model" }]
      for folder in folders.compactMap({ $0 })
      where isInside(folder) && files.contains(folder + "/saved_model.pb") {
        parts.append(.savedModel(folder))
      }
    }
    if flavors["pytorch"] != nil {
      let packages = files.filter { $0.hasSuffix(".pt2") }
      if packages.count == 1 { parts.append(.file(packages[0], ending: "pt2")) }
    }
    if flavors["transformers"] != nil || flavors["sentence_transformers"] != nil {
      parts += textFolders(files).map { .textFolder($0) }
    }
    return parts
  }

  /// A hostile description must not lead out of the model's folder.
  private func isInside(_ path: String) -> Bool { path.isPlainPath }

  /// The outermost folders with a configuration and a network.
  private func textFolders(_ files: [String]) -> [String] {
    let folders = ["/config.json", "/modules.json"].flatMap { name in
      files.filter { $0.hasSuffix(name) }.map { String($0.dropLast(name.count)) }
    }
    let withNetworks = Set(folders).filter { folder in
      files.contains { file in
        file.hasPrefix(folder + "/")
          && (file.hasSuffix(".onnx") || file.hasSuffix("/saved_model.pb"))
      }
    }
    return withNetworks.filter { folder in
      !withNetworks.contains { folder.hasPrefix($0 + "/") }
    }.sorted()
  }

  // MARK: What cannot be run

  /// Why nothing of the model can be run, and how to log it instead.
  func unsupported(_ reference: MLflowReference, _ files: [String]) -> MLflowError {
    let names = flavors.keys.filter { $0 != "python_function" }.sorted()
    let logged =
      names.isEmpty
      ? "Python code (python_function)"
      : "the flavor \(names.joined(separator: " and "))"
    let missing =
      flavors["onnx"]?["data"]?.string.map {
        "; its file '\($0)' is not among those of the model"
      } ?? ""
    return MLflowError(
      .unsupportedFlavor,
      "\(reference): the model was logged as \(logged)\(missing), and what is run here are the flavors onnx "
        + "(an ONNX file) and tensorflow (a SavedModel). \(advice(names))")
  }

  private func advice(_ names: [String]) -> String {
    let log = "log it with mlflow.onnx.log_model(onnx_model, name=\"model\")"
    func has(_ flavors: String...) -> Bool { flavors.contains { names.contains($0) } }
    if has("sklearn") { return "Convert it with skl2onnx.to_onnx, and \(log)" }
    if has("xgboost", "lightgbm", "catboost", "spark", "h2o") {
      return "Convert it with onnxmltools, and \(log)"
    }
    if has("tensorflow", "keras") {
      return "A Keras file is neither: export it with model.export(FOLDER), and log "
        + "tf.saved_model.load(FOLDER) with mlflow.tensorflow.log_model; or convert it with tf2onnx, and \(log)"
    }
    if has("pytorch") {
      return
        "Export it with torch.onnx.export, and \(log); or compile it to a .pt2 and name that file "
        + "(docs/Torch.md)"
    }
    if has("transformers", "sentence_transformers") {
      return
        "Export it with `optimum-cli export onnx --model MODEL FOLDER` and name FOLDER; or, for "
        + "embeddings, log SentenceTransformer(MODEL, backend=\"onnx\") with mlflow.sentence_transformers."
        + "log_model"
    }
    if has("onnx") { return "Log it again with mlflow.onnx.log_model" }
    return
      "Python code does not run here: convert the model in it to ONNX, and \(log); or predict with "
      + "mlflow.pyfunc.spark_udf, which runs it"
  }
}
