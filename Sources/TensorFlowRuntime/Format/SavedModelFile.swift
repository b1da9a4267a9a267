import Glibc
import NativeLibraries
import ProtobufReading

/// The `saved_model.pb` of a SavedModel (`tensorflow/core/protobuf/saved_model.proto`).
struct SavedModelFile: Sendable {
  static let fileName = "saved_model.pb"

  var metaGraphs: [MetaGraph] = []

  /// Reads the file in the directory `path`.
  ///
  /// - Parameter model: what to call the model in messages.
  /// - Throws: ``TensorFlowError`` if there is none or it is damaged.
  init(directory path: String, model: String) throws(TensorFlowError) {
    let bytes = try Self.read(path, model: model)
    do throws(ProtobufError) {
      try bytes.withUnsafeBufferPointer { bytes throws(ProtobufError) in
        let reader = ProtobufReader(UnsafeRawBufferPointer(bytes))
        try reader.eachMessage { number, message throws(ProtobufError) in
          if number == 2 { metaGraphs.append(try MetaGraph(message)) }
        }
      }
    } catch {
      throw TensorFlowError(
        .modelLoad,
        "\(Self.fileName) is damaged or cut off: \(error). Export or copy the model again",
        model: model, cause: error)
    }
    if metaGraphs.isEmpty {
      throw TensorFlowError(
        .modelLoad,
        "\(Self.fileName) (\(bytes.count) bytes) holds no graph. Export or copy the model again",
        model: model)
    }
  }

  /// The graph that was saved with exactly `tags`.
  ///
  /// - Throws: ``TensorFlowError`` that lists the tags of the graphs there are.
  func metaGraph(tags: [String], model: String) throws(TensorFlowError) -> MetaGraph {
    if let graph = metaGraphs.first(where: { $0.tags == Set(tags) }) { return graph }
    let list = metaGraphs.map { "[" + $0.tags.sorted().joined(separator: ", ") + "]" }
    throw TensorFlowError(
      .modelLoad,
      "it has no graph with the tags [\(tags.joined(separator: ", "))]; there are "
        + "\(list.joined(separator: ", ")). Save the model again with the tag serve, or name the tags in "
        + "Swift: SavedModelOptions.tags",
      model: model)
  }

  private static func read(
    _ directory: String, model: String
  ) throws(TensorFlowError) -> [UInt8] {
    let path = "\(directory)/\(fileName)"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let reason = errno
      if reason == ENOENT || reason == ENOTDIR {
        throw TensorFlowError(.modelLoad, missing(in: directory), model: model)
      }
      throw TensorFlowError(
        .modelLoad, "\(fileName) cannot be opened: \(String(cString: strerror(reason)))",
        model: model)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw TensorFlowError(.modelLoad, "\(fileName) is no file", model: model)
    }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, filled in
      while filled < buffer.count, let base = buffer.baseAddress {
        let number = Glibc.read(descriptor, base + filled, buffer.count - filled)
        if number < 0 && errno == EINTR { continue }
        if number < 0 { failure = errno }
        if number <= 0 { break }
        filled += number
      }
    }
    if failure != 0 {
      throw TensorFlowError(
        .modelLoad, "\(fileName) cannot be read: \(String(cString: strerror(failure)))",
        model: model)
    }
    return bytes
  }

  /// Why there is no model in `directory`, and what to do.
  private static func missing(in directory: String) -> String {
    var status = stat()
    guard stat(directory, &status) == 0 else { return "there is no such directory" }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      return
        "it is a file; a SavedModel is a directory with \(fileName) in it. Give that directory; "
        + "a .keras or .h5 file must be turned into one in Python with `model.export(directory)`"
    }
    for other in ["saved_model.pbtxt", "saved_model.cpb"]
    where access("\(directory)/\(other)", F_OK) == 0 {
      return "it has \(other), a form that is not supported; save the model again as \(fileName)"
    }
    return "the directory has no \(fileName); give the one that `model.export(directory)` or "
      + "`tf.saved_model.save(model, directory)` wrote"
  }

  /// - Throws: ``TensorFlowError`` if the values of the graph's variables are missing.
  static func checkVariables(
    of graph: MetaGraph, directory: String, model: String
  ) throws(TensorFlowError) {
    guard graph.hasVariables else { return }
    let folder = "variables"
    func check(_ file: String) throws(TensorFlowError) {
      let name = "\(folder)/\(file)"
      if access("\(directory)/\(name)", F_OK) == 0 { return }
      throw TensorFlowError(
        .modelLoad,
        "the model has variables, but the file \(name) with their values "
          + missing(name, in: directory),
        model: model)
    }
    try check("variables.index")
    // The values lie in parts, whose names tell how many there are: variables.data-00000-of-00002.
    var counts: Set<Int> = []
    for name in FileSystem.entries(of: "\(directory)/\(folder)")
    where name.hasPrefix("variables.data-") {
      if let count = name.split(separator: "-").last.flatMap({ Int($0) }), count > 0 {
        counts.insert(count)
      }
    }
    func digits(_ number: Int) -> String {
      String(repeating: "0", count: max(5 - "\(number)".count, 0)) + "\(number)"
    }
    guard counts.count < 2 else { return }
    let count = counts.first ?? 1
    for part in 0..<min(count, 100_000) {
      try check("variables.data-\(digits(part))-of-\(digits(count))")
    }
  }

  /// - Throws: ``TensorFlowError`` if a file that the graph reads is missing, such as a vocabulary.
  static func checkAssets(
    of graph: MetaGraph, directory: String, model: String
  ) throws(TensorFlowError) {
    for name in graph.assets {
      let path = "assets/\(name)"
      guard access("\(directory)/\(path)", F_OK) != 0 else { continue }
      throw TensorFlowError(
        .modelLoad, "the file \(path), which the model reads, \(missing(path, in: directory))",
        model: model)
    }
  }

  /// How to say that the file `name` is not there.
  private static func missing(_ name: String, in directory: String) -> String {
    guard let target = FileSystem.target(ofLink: "\(directory)/\(name)") else {
      return "is missing; copy the whole directory that was exported"
    }
    return "is a link to \(target), which does not exist; fetch the file that it stands for"
  }
}
