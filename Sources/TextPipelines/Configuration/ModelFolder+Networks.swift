import FoundationEssentials
import ONNXRuntime

extension ModelFolder {
  /// The first of the model files that is there, in the folder or in its `onnx/`, or the one that was
  /// chosen.
  ///
  /// - Parameter chosen: the file's path in the folder, such as `onnx/model_quantized.onnx`.
  /// - Throws: ``TextPipelineError`` that lists those that are there and tells how to make one.
  func requiredModelFile(
    _ names: [String], chosen: String?, task: String
  ) throws(TextPipelineError) -> String {
    if let chosen { return try chosenFile(chosen) }
    for name in names {
      if let file = modelFile(name) { return file }
    }
    throw failure(
      .missingFile,
      "the folder has no \(names.joined(separator: " or ")), neither in itself nor in onnx/. "
        + (choice.map { "\($0). " } ?? "")
        + "To make it, export the model with `optimum-cli export onnx --model NAME --task \(task) "
        + "FOLDER`, or with torch.onnx.export as the examples' train.py does")
  }

  /// An ONNX file of the folder, under the folder's name in messages.
  func network(_ file: String, _ options: ONNXSessionOptions) throws -> ONNXSession {
    let shown = file.hasPrefix(path) ? name + file.dropFirst(path.count) : file
    return try ONNXSession(path: file, name: shown, options: options)
  }

  /// The path of a model file, in the folder or in its `onnx/`.
  func modelFile(_ name: String) -> String? {
    for folder in directory == path ? [path] : [directory, path] {
      for file in ["\(folder)/\(name)", "\(folder)/onnx/\(name)"]
      where FileManager.default.fileExists(atPath: file) {
        return file
      }
    }
    return nil
  }

  /// A file that was chosen by its path in the folder.
  func chosenFile(_ name: String) throws(TextPipelineError) -> String {
    guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
      throw failure(
        .invalidOption,
        "the option file is \(name), expected a path in the model's folder, which goes to the "
          + "executors as a whole")
    }
    for folder in directory == path ? [path] : [path, directory] {
      let file = "\(folder)/\(name)"
      if FileManager.default.fileExists(atPath: file) { return file }
    }
    throw failure(
      .missingFile,
      "the folder has no \(name), which the option file names. "
        + (choice ?? "There are no ONNX files in it"))
  }

  /// What to choose from; `nil` without any file.
  private var choice: String? {
    let files = networks
    guard let first = files.first else { return nil }
    return "There are \(files.joined(separator: ", ")): choose one with the option file "
      + "(--option file=\(first), or TextPipelineOptions.file)"
  }

  /// The ONNX files in the folder, as paths in it.
  private var networks: [String] {
    var names: [String] = []
    for folder in directory == path ? [path] : [path, directory] {
      for place in ["", "onnx/"] {
        let files =
          (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(place)")) ?? []
        let prefix = String(folder.dropFirst(path.count + 1))
        names += files.filter { $0.hasSuffix(".onnx") }.map {
          prefix.isEmpty ? place + $0 : "\(prefix)/\(place)\($0)"
        }
      }
    }
    return names.sorted()
  }
}
