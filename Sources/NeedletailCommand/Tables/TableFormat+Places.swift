import Needletail

extension TableFormat {
  /// What a table of Spark's catalog has that nobody said the format of.
  static let ofCatalog = TableFormat(name: "table")

  /// Whether Spark knows the format and this command does not.
  var isOfCatalog: Bool { self.name == Self.ofCatalog.name }

  /// The format of what is read.
  ///
  /// - Parameters:
  ///   - named: the format that the user named for it alone.
  ///   - file: the path on this machine, if it is on this one.
  /// - Throws: ``CommandFailure`` if nothing tells it, or the name is none of a format.
  static func reading(
    _ places: TableOptions, _ named: String?, on file: String?
  ) throws -> TableFormat {
    guard let input = places.input else { return ofCatalog }
    if let named { return try TableFormat(named: named, option: "--input-format") }
    if let format = places.format { return try TableFormat(named: format, option: "--format") }
    return try reading(input, on: file)
  }

  /// The format of what is written.
  ///
  /// - Throws: ``CommandFailure`` if it is none.
  static func writing(_ places: TableOptions, _ named: String?) throws -> TableFormat {
    if let named { return try TableFormat(named: named, option: "--output-format") }
    if let format = places.format { return try TableFormat(named: format, option: "--format") }
    guard let output = places.output else { return ofCatalog }
    return try writing(output)
  }
}
