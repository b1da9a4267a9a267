import Glibc
import NativeLibraries
import ProtobufReading

/// A file in ONNX format, and the files with values of its tensors that it names ("external data").
///
/// PyTorch's exporter writes `model.onnx` with the graph and `model.onnx.data` with the weights: a
/// model is all of its files, and goes wherever it goes with all of them. No runtime is needed to read
/// which they are.
///
/// ```swift
/// let file = try ONNXModelFile(path: "model.onnx")
/// print(file.dataFiles.map(\.location))          // ["model.onnx.data"]
/// try file.checkDataFiles()
/// ```
public struct ONNXModelFile: Sendable, Hashable {
  /// A file that the model names.
  public struct DataFile: Sendable, Hashable {
    /// Its path from the model's folder, as the model has it.
    public var location: String
    /// One of the tensors whose values lie in it.
    public var tensor: String
    /// The bytes that it must have, as far as the model tells.
    public var byteCount: Int
  }

  /// The file.
  public let path: String
  /// What to call the model in messages.
  public let name: String
  /// The files that it names, each once, in the model's order. A damaged file tells none.
  public let dataFiles: [DataFile]

  /// Reads which files the model at `path` names.
  ///
  /// - Parameters:
  ///   - path: a file in ONNX.
  ///   - name: what to call the model in messages; `nil` for `path`.
  /// - Throws: ``ONNXError`` if the file cannot be read, or is something else that is often found in a
  ///   model's place.
  public init(path: String, name: String? = nil) throws(ONNXError) {
    self.path = path
    self.name = name ?? path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(path, name: self.name) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ONNXError(
        .modelLoad, "it is no file; an ONNX model is a file, and what it needs lies beside it",
        model: self.name)
    }
    let count = Int(status.st_size)
    guard count > 0 else { throw ONNXError(.modelLoad, "the file has no bytes", model: self.name) }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else { throw Self.unreadable(path, name: self.name) }
    defer { munmap(address, count) }
    let bytes = UnsafeRawBufferPointer(start: address, count: count)
    if let other = Self.otherKind(bytes) { throw ONNXError(.modelLoad, other, model: self.name) }
    var names = ExternalData()
    names.visitModel(ProtobufReader(bytes))
    dataFiles = names.files
  }

  /// The folder in which the model's file lies, as its path tells.
  public var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func unreadable(_ path: String, name: String) -> ONNXError {
    let reason = errno
    if reason == ENOENT, let target = FileSystem.target(ofLink: path) {
      return ONNXError(
        .modelLoad,
        "it is a link to \(target), which does not exist; fetch the file that it stands for",
        model: name)
    }
    return ONNXError(
      .modelLoad, "it cannot be read: \(String(cString: strerror(reason)))", model: name)
  }

  /// What a file is that begins with `bytes`, if people often have it in a model's place.
  private static func otherKind(_ bytes: UnsafeRawBufferPointer) -> String? {
    let start = String(decoding: bytes.prefix(64), as: UTF8.self)
    if start.hasPrefix("version https://git-lfs") {
      return
        "the file only says where the model is to be had (a pointer of Git LFS); fetch the model "
        + "itself, with `git lfs pull`"
    }
    let text = start.drop { $0.isWhitespace }.lowercased()
    if text.hasPrefix("<!doctype") || text.hasPrefix("<html") {
      return "the file is a web page, not a model; download the model itself"
    }
    return nil
  }
}

/// Collects the files that a model's tensors name (`onnx.proto`; `TensorProto.external_data`), as far as
/// the model is not damaged.
private struct ExternalData {
  private(set) var files: [ONNXModelFile.DataFile] = []
  private var positions: [String: Int] = [:]
  /// Graphs within graphs, against a file that was made to exhaust the stack.
  private var depth = 0

  /// `ModelProto`.
  mutating func visitModel(_ fields: ProtobufReader) {
    try? fields.eachMessage { number, message in
      switch number {
      case 7: visitGraph(message)
      case 20:
        try? message.eachMessage { number, graph in
          if number == 1 || number == 2 { visitGraph(graph) }
        }
      case 25:
        try? message.eachMessage { number, node in if number == 7 { visitNode(node) } }
      default: break
      }
    }
  }

  /// `GraphProto`.
  private mutating func visitGraph(_ fields: ProtobufReader) {
    guard depth < 64 else { return }
    depth += 1
    try? fields.eachMessage { number, message in
      switch number {
      case 1: visitNode(message)
      case 5: visitTensor(message)
      case 15: visitSparse(message)
      default: break
      }
    }
    depth -= 1
  }

  /// `NodeProto`, whose attributes may hold tensors and graphs.
  private mutating func visitNode(_ fields: ProtobufReader) {
    try? fields.eachMessage { number, attribute in
      guard number == 5 else { return }
      try? attribute.eachMessage { number, message in
        switch number {
        case 5, 10: visitTensor(message)
        case 6, 11: visitGraph(message)
        case 22, 23: visitSparse(message)
        default: break
        }
      }
    }
  }

  /// `SparseTensorProto`.
  private mutating func visitSparse(_ fields: ProtobufReader) {
    try? fields.eachMessage { number, message in
      if number == 1 || number == 2 { visitTensor(message) }
    }
  }

  /// `TensorProto`.
  private mutating func visitTensor(_ fields: ProtobufReader) {
    var fields = fields
    var name = ""
    var entries: [String: String] = [:]
    var isExternal = false
    while let field = try? fields.next() {
      switch (field.number, field.value) {
      case (8, .bytes(let range)): name = fields.text(range)
      case (13, .bytes(let range)):
        // `StringStringEntryProto`.
        var (key, value) = ("", "")
        try? fields.message(range).eachMessage { number, message in
          if number == 1 { key = message.text }
          if number == 2 { value = message.text }
        }
        entries[key] = value
      // Of values that were taken into the model's file the entries may be left.
      case (14, .number(let place)): isExternal = place == 1
      default: break
      }
    }
    guard isExternal, let location = entries["location"] else { return }
    let length = entries["length"].flatMap { Int($0) } ?? 0
    let (end, overflow) = (entries["offset"].flatMap { Int($0) } ?? 0)
      .addingReportingOverflow(length)
    let byteCount = overflow ? Int.max : max(end, 0)
    if let position = positions[location] {
      if byteCount > files[position].byteCount {
        files[position].byteCount = byteCount
        files[position].tensor = name
      }
      return
    }
    positions[location] = files.count
    files.append(.init(location: location, tensor: name, byteCount: byteCount))
  }
}
