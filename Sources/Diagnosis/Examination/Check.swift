/// One thing that must be right for programs to work.
package protocol Check: Sendable {
  /// Its name for programs: lower-case words with hyphens, which stay.
  var key: String { get }
  /// What is looked at, for people.
  var name: String { get }
  /// The keys of the checks without which this one cannot be made.
  var needs: [String] { get }
  /// What to do if it is not right, where the finding does not know better.
  var remedy: String { get }

  /// Looks.
  ///
  /// - Throws: why it is not right: a failure whose text is the error's.
  func run() async throws -> Finding
}

extension Check {
  package var needs: [String] { [] }
}
