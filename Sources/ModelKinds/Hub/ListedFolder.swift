import ModelHub

/// A folder on a hub, whose files are listed, and fetched only as far as a model needs them.
package struct ListedFolder: Sendable {
  /// What to call it in messages: the id that the user gave.
  package let name: String
  /// `org/name` of the repository.
  let repository: String
  /// The paths of its files in it.
  package let files: [String]
  /// The folders in it that `modules.json` names; sentence-transformers has network and tokenizer in one.
  let modules: [String]
  private let listed: Set<String>

  init(name: String, repository: String, files: [String], modules: [String] = []) {
    self.name = name
    self.repository = repository
    self.files = files
    self.modules = modules
    listed = Set(files)
  }

  /// Whether it has a file.
  package func has(_ file: String) -> Bool { listed.contains(file) }

  /// The files below a folder in it.
  package func files(below folder: String) -> [String] {
    files.filter { $0.hasPrefix(folder + "/") }
  }

  /// Where a network's file is: in one of the folders or in the `onnx/` there, as pipelines look for it.
  func place(of file: String, in folders: [String]) -> String? {
    for folder in folders {
      let start = folder.isEmpty ? "" : folder + "/"
      if let found = [start + file, "\(start)onnx/\(file)"].first(where: has) { return found }
    }
    return nil
  }

  /// The file, or the files of the folder, that the option `file` names.
  ///
  /// - Throws: ``HubError`` that lists those that there are.
  func chosen(_ file: String) throws(HubError) -> [String] {
    for folder in [""] + modules.map({ $0 + "/" }) {
      if has(folder + file) { return [folder + file] }
      let below = files(below: folder + file)
      if !below.isEmpty { return below }
    }
    throw HubError(
      .notFound, "\(name): the model has no \(file), which the option file names. \(choice)")
  }

  /// Why there is nothing to run.
  ///
  /// - Parameter files: what was looked for.
  func lacks(_ files: [String]) -> HubError {
    HubError(
      .notFound,
      "\(name): the model has no \(files.joined(separator: " or ")), neither in itself nor in onnx/. "
        + choice)
  }

  /// Why the name of a folder does not serve for a model that is a file with this ending.
  func isNoFile(_ ending: String) -> HubError {
    let known = files.filter { $0.lowercased().hasSuffix("." + ending) }
    guard let first = known.first else {
      return HubError(.notFound, "\(name): the model has no file .\(ending). \(choice)")
    }
    return HubError(
      .invalidReference,
      "\(name) is a folder, and a model .\(ending) is a file: name one, such as \(name)/\(first); it has "
        + known.prefix(20).joined(separator: ", "))
  }

  /// What there is instead.
  var choice: String {
    let networks = files.filter { $0.hasSuffix(".onnx") || $0.hasSuffix(".pt2") }
    if let first = networks.first {
      return "There are \(networks.prefix(20).joined(separator: ", ")): choose one with the option "
        + "file (--option file=\(first), file: \"\(first)\" in Swift), or name it as a model of its own: "
        + "\(name)/\(first)"
    }
    let weights = files.filter { file in
      [".safetensors", ".bin", ".h5", ".gguf", ".msgpack"].contains { file.hasSuffix($0) }
    }
    return (weights.isEmpty ? "" : "It has \(weights.prefix(5).joined(separator: ", ")), which ")
      + (weights.isEmpty ? "It has nothing that can be run here" : "cannot be run here")
      + ": export it with `optimum-cli export onnx --model \(repository) FOLDER` and name FOLDER, or "
      + "look on the hub for the same model with ONNX files"
  }
}
