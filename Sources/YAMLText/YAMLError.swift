/// What is wrong with text that should be YAML, and where.
package struct YAMLError: Error, Hashable, CustomStringConvertible {
  package let message: String
  /// From 1.
  package let line: Int

  package var description: String { "line \(line): \(message)" }
}
