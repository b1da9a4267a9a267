import NativeLibraries
import ONNXRuntime

/// A library that a process looks for at run time.
struct RuntimeFacts: Codable, Sendable, Hashable {
  var name: String
  /// What it says of itself; `nil` if it was not opened, `unknown` if it does not tell.
  var version: String?
  /// Where it was found.
  var path: String?
  /// Why it cannot be used, if a file of it was found.
  var problem: String?
}

/// How a library is looked for, opened and told.
struct RuntimeLibrary: Sendable {
  /// The part of a check's key.
  let key: String
  let name: String
  /// What it is for, as the end of a sentence: "models of the kind ...".
  let purpose: String
  /// What to do if there is none.
  let advice: String
  /// The file on disk; `nil` if there is none, or only the system's loader knows.
  let locate: @Sendable () -> String?
  /// Opens it and tells version and place.
  let open: @Sendable () throws -> (version: String?, path: String)

  /// Looks for it.
  func facts() -> RuntimeFacts {
    do {
      let found = try open()
      return RuntimeFacts(name: name, version: found.version ?? "unknown", path: found.path)
    } catch {
      guard let file = locate() else { return RuntimeFacts(name: name) }
      // Of all places that were tried, the one with the file.
      let lines = "\(error)".split(separator: "\n")
      let reason = lines.first { $0.contains(file) } ?? lines.first ?? ""
      return RuntimeFacts(name: name, path: file, problem: String(reason).inOneLine)
    }
  }

  static let onnxRuntime = RuntimeLibrary(
    key: "onnxruntime", name: "ONNX Runtime", purpose: "ONNX models and HuggingFace's folders",
    advice: ONNXLibrary.search().advice, locate: { ONNXLibrary.locate() },
    open: {
      let library = try ONNXLibrary.shared()
      return ("\(library.version)", library.path)
    })

  /// Those that run models.
  static let all = [onnxRuntime, tensorFlow, torch]
}
