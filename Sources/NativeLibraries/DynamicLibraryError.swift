public import ErrorCauses

/// Why a native library could not be used.
public struct DynamicLibraryError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// No place held a library that could be opened.
    public static let cannotOpen = Code("LIBRARY_CANNOT_OPEN")
    /// The file opened, but is not the library it should be.
    public static let symbolMissing = Code("LIBRARY_SYMBOL_MISSING")
    /// The library is of a version that is not supported.
    public static let badVersion = Code("LIBRARY_BAD_VERSION")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, and what to do.
  public var message: String
  /// The library's name as messages give it, such as `ONNX Runtime`.
  public var library: String
  /// The files and places concerned, in the order in which they were tried.
  public var paths: [String]

  public init(_ code: Code, _ message: String, library: String, paths: [String]) {
    self.code = code
    self.message = message
    self.library = library
    self.paths = paths
  }

  public var description: String { "[\(code)] \(library): \(message)" }
}

extension DynamicLibraryError: RowFaultError {
  public var rowFault: RowFaultKind? { nil }
}
