/// What to do where the output is already there.
public enum FileSaveMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// Refuse.
  case error
  /// Add files to the folder.
  case append
  /// Replace what is there.
  case overwrite
  /// Leave what is there and write nothing.
  case ignore

  /// The mode that Spark calls `name`; `nil` if there is none.
  public init?(named name: String) {
    switch name.lowercased() {
    case "error", "errorifexists", "default": self = .error
    case "append": self = .append
    case "overwrite": self = .overwrite
    case "ignore": self = .ignore
    default: return nil
    }
  }
}
