/// Why a table in files could not be read or written.
public struct FileTableError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// There is no such file or folder.
    public static let notFound = Code("FILE_NOT_FOUND")
    /// There is something where a file or folder is to be written.
    public static let exists = Code("FILE_EXISTS")
    /// The file or its store refuses access.
    public static let denied = Code("FILE_ACCESS_DENIED")
    /// The file is damaged, cut off, or of another format.
    public static let malformed = Code("FILE_MALFORMED")
    /// Something that is not done here, though the file or option is right.
    public static let unsupported = Code("FILE_UNSUPPORTED")
    /// The disk or the quota is full.
    public static let noSpace = Code("FILE_NO_SPACE")
    /// The file is not the one that it was when the reading was planned.
    public static let changed = Code("FILE_CHANGED")
    /// Columns or types do not fit.
    public static let schema = Code("FILE_SCHEMA")
    /// The files are those of a table in a format (Delta, Iceberg, Hudi) that counts only some of them.
    public static let tableFormat = Code("FILE_TABLE_FORMAT")
    /// An option or argument makes no sense.
    public static let invalidOption = Code("FILE_INVALID_OPTION")
    /// The library that reads and writes files is not there, or not the right one.
    public static let libraryMissing = Code("FILE_LIBRARY_MISSING")
    /// A disk or the network failed.
    public static let io = Code("FILE_IO")
    /// The reading was stopped.
    public static let cancelled = Code("FILE_CANCELLED")
    /// Memory ran out.
    public static let outOfMemory = Code("FILE_OUT_OF_MEMORY")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected and what to do.
  public var message: String
  /// The file or folder, as the user would write it.
  public var path: String?

  public init(_ code: Code, _ message: String, path: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
  }

  public var description: String {
    // Most messages say in a sentence which file it is.
    let place = path.map { message.contains("'\($0)'") ? "" : "\($0): " } ?? ""
    return "[\(code)] \(place)\(message)"
  }
}
