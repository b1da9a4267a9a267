import NativeLibraries

/// ONNX Runtime as found on this machine.
///
/// The package neither links nor needs it to build: the shared library is opened at run time, from
/// wherever `DynamicLibrarySearch` finds it, first of all the file or directory in the environment
/// variable `NEEDLETAIL_ONNXRUNTIME`. The library of the Python package `onnxruntime` serves.
///
/// ```swift
/// let library = try ONNXLibrary.shared()
/// print(library.version, library.availableProviders)
/// ```
public final class ONNXLibrary: Sendable {
  /// The environment variable that names the library's file or its directory.
  public static let environmentVariable = "NEEDLETAIL_ONNXRUNTIME"

  /// The file, or the name that the system's loader resolved.
  public let path: String
  /// The runtime's version.
  public let version: ONNXVersion
  /// The execution providers that the library has, such as `CPUExecutionProvider`, in its own order
  /// of preference. One of them may still fail to start for want of a driver.
  public let availableProviders: [String]
  let api: ONNXAPI
  /// The one environment that all sessions of the library share; it lives as long as the process.
  nonisolated(unsafe) let environment: OpaquePointer

  private static let loaded = LoadedLibraries<ONNXLibrary>()

  /// The version of the function table that is asked for; what came later is read by index.
  private static let tableVersion: UInt32 = 17

  /// The library that the search finds; loaded once for the process.
  ///
  /// - Parameter path: the library's file or directory, instead of the search.
  /// - Throws: `DynamicLibraryError`: nothing can be opened (with all places tried), the file is
  ///   another library, or its version is not supported.
  public static func shared(path: String? = nil) throws -> ONNXLibrary {
    try loaded.shared(search(path: path)) { try ONNXLibrary($0) }
  }

  private init(_ library: DynamicLibrary) throws {
    typealias Base = @convention(c) () -> UnsafePointer<UnsafeRawPointer?>?
    typealias GetTable = @convention(c) (UInt32) -> UnsafePointer<UnsafeRawPointer?>?
    typealias GetVersion = @convention(c) () -> UnsafePointer<CChar>?
    let getBase: Base = try library.function("OrtGetApiBase")
    guard let base = getBase(), let tableEntry = base[0], let versionEntry = base[1] else {
      throw library.failure(.badVersion, "answers with no functions; the file is damaged")
    }
    let text =
      unsafeBitCast(versionEntry, to: GetVersion.self)().map { String(cString: $0) } ?? ""
    version = try Self.checkVersion(text, path: library.path)
    guard let table = unsafeBitCast(tableEntry, to: GetTable.self)(Self.tableVersion) else {
      throw library.failure(
        .badVersion, "is version \(text), but does not offer API version 17")
    }
    path = library.path
    api = ONNXAPI(table: table, version: version)
    do throws(ONNXStatus) {
      environment = try api.object { [api] out in
        // Level 3 is errors: warnings of a start, such as a missing GPU, are noise on an executor.
        api.createEnvironment(3, "needletail", out)
      }
      availableProviders = try api.availableProviders()
    } catch {
      throw ONNXError(
        .modelLoad, "ONNX Runtime at \(library.path) does not start: \(error.text)", cause: error)
    }
  }

  /// The version in `text`.
  ///
  /// - Throws: `DynamicLibraryError` if the package does not support it.
  static func checkVersion(_ text: String, path: String) throws(DynamicLibraryError) -> ONNXVersion
  {
    guard let version = ONNXVersion(text), version.isSupported else {
      throw DynamicLibraryError(
        .badVersion,
        "\(path) is version \(text.isEmpty ? "unknown" : text); \(ONNXVersion.oldest) or a later "
          + "1.x is needed. \(advice)",
        library: name, paths: [path])
    }
    return version
  }
}

extension ONNXLibrary: CustomStringConvertible {
  public var description: String { "ONNX Runtime \(version)" }
}
