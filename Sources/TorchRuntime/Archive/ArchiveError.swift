/// What is wrong with a file that should be a ZIP archive.
struct ArchiveError: Error, Hashable, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
