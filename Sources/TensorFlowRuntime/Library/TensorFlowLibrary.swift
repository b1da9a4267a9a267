import Glibc
import NativeLibraries
import Synchronization

/// TensorFlow as found on this machine.
///
/// The package neither links nor needs it to build: `libtensorflow_cc.so.2` is opened at run time,
/// from wherever `DynamicLibrarySearch` finds it, first of all the file or directory in the
/// environment variable `NEEDLETAIL_TENSORFLOW`. The library of the Python packages `tensorflow-cpu`
/// and `tensorflow` serves, with `libtensorflow_framework.so.2` beside it; Python is not needed. If
/// there is none, `libtensorflow.so` of TensorFlow's archives for C is looked for in the same places.
///
/// TensorFlow writes nothing to standard error unless the environment variable
/// `TF_CPP_MIN_LOG_LEVEL` says otherwise (0 for everything) before the library is opened.
///
/// ```swift
/// let library = try TensorFlowLibrary.shared()
/// print(library)                                      // TensorFlow 2.21.0
/// ```
public final class TensorFlowLibrary: Sendable {
  /// The environment variable that names the library's file or its directory.
  public static let environmentVariable = "NEEDLETAIL_TENSORFLOW"

  /// The file, or the name that the system's loader resolved.
  public let path: String
  /// The runtime's version, such as `2.21.0`.
  public let version: String
  let api: TensorFlowAPI
  /// Libraries of operators that were loaded into the process.
  private let operatorLibraries = Mutex<Set<String>>([])

  private static let loaded = LoadedLibraries<TensorFlowLibrary>()

  /// The library that the search finds; loaded once for the process.
  ///
  /// - Parameter path: the library's file or directory, instead of the search.
  /// - Throws: `DynamicLibraryError`: nothing can be opened (with all places tried), the file is
  ///   another library, or its version is not supported.
  public static func shared(path: String? = nil) throws -> TensorFlowLibrary {
    try loaded.shared({ try open(path: path) }) { try TensorFlowLibrary($0) }
  }

  /// Whether nobody asked for TensorFlow's messages. Only what is set before the library opens has
  /// an effect; failures reach callers as errors.
  private static let isQuiet = {
    if getenv("TF_CPP_MIN_LOG_LEVEL") != nil { return false }
    setenv("TF_CPP_MIN_LOG_LEVEL", "3", 0)
    return true
  }()

  private static func open(path: String?) throws(DynamicLibraryError) -> DynamicLibrary {
    do {
      return try open(search(path: path))
    } catch {
      if let library = try? open(searchForC(path: path)) { return library }
      throw error
    }
  }

  private static func open(
    _ search: DynamicLibrarySearch
  ) throws(DynamicLibraryError) -> DynamicLibrary {
    guard isQuiet else { return try DynamicLibrary.open(search) }
    return try StandardErrorFilter.withoutLines { line in
      line.hasPrefix("WARNING: All log messages before absl::InitializeLog()")
        || line.contains("oneDNN custom operations are on.")
    } _: { () throws(DynamicLibraryError) in
      try DynamicLibrary.open(search)
    }
  }

  private init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    api = try TensorFlowAPI(library)
    path = library.path
    version = api.version().map { String(cString: $0) } ?? ""
    try Self.checkVersion(version, path: library.path)
  }

  /// - Throws: `DynamicLibraryError` unless `text` is a version 2.
  static func checkVersion(_ text: String, path: String) throws(DynamicLibraryError) {
    if text.hasPrefix("2.") { return }
    throw DynamicLibraryError(
      .badVersion,
      "\(path) is version \(text.isEmpty ? "unknown" : text); a version 2 is needed. \(advice)",
      library: name, paths: [path])
  }

  /// Loads a library with operators of its own (TensorFlow Text, for example), once.
  func loadOperators(_ file: String) throws(TensorFlowStatus) {
    try operatorLibraries.withLock { known throws(TensorFlowStatus) in
      if known.contains(file) { return }
      do throws(TensorFlowStatus) {
        do throws(TensorFlowStatus) {
          _ = try api.checked { api.loadLibrary(file, $0) }
        } catch {
          guard OperatorLibrary.opensPython(for: file, refused: error.text) else { throw error }
          _ = try api.checked { api.loadLibrary(file, $0) }
        }
      } catch {
        let advice = OperatorLibrary.advice(
          for: error.text,
          instead:
            "the library that the module loads with tf.load_op_library, which has the operators "
            + "alone")
        throw TensorFlowStatus(
          code: 3,
          text: "\(file) cannot be used as a library with operators: \(error.text)\(advice)",
          cause: error)
      }
      known.insert(file)
    }
  }
}

extension TensorFlowLibrary: CustomStringConvertible {
  public var description: String { "TensorFlow \(version)" }
}
