/// Why the names of a classifier's classes cannot be read.
package struct LabelError: Error, CustomStringConvertible {
  /// What is wrong, and in which file.
  package let message: String
  /// The error of a lower layer.
  package let cause: (any Error)?

  init(_ message: String, cause: (any Error)? = nil) {
    self.message = message
    self.cause = cause
  }

  package var description: String { message }
}
