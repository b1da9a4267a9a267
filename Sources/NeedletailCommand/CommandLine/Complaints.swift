import Needletail
import Texts

/// What is wrong with a command, gathered so that all of it is told at once.
struct Complaints {
  private(set) var errors: [any Error] = []

  /// Does what finds out whether something is wrong.
  ///
  /// - Returns: what `body` gives; `nil` if it fails, which is noted.
  @discardableResult
  mutating func note<Result>(_ body: () throws -> Result) -> Result? {
    do {
      return try body()
    } catch {
      add(error)
      return nil
    }
  }

  /// Notes an error, unless the same was noted before.
  mutating func add(_ error: any Error) {
    let text = "\(error)"
    if errors.contains(where: { "\($0)" == text }) { return }
    errors.append(error)
  }

  /// All of it as one error, the only one as it is.
  ///
  /// - Parameter first: an error that is told first, unless it was noted too.
  func joined(behind first: any Error) -> any Error {
    let isNoted = errors.contains { "\($0)" == "\(first)" }
    let all = isNoted ? errors : [first] + errors
    return all.count == 1 ? first : CommandFailure(several: all)
  }

  /// - Throws: what was noted, if anything was.
  func check() throws {
    guard let first = errors.first else { return }
    throw joined(behind: first)
  }
}

extension CommandFailure {
  /// Several things that are wrong, each told in a line of its own.
  init(several errors: [any Error]) {
    let statuses = errors.map { CommandFailure.status(of: $0) }
    self.init(
      errors.map(\.reasonWithPath).joined(separator: "\nerror: "),
      status: statuses.contains(Self.usage) ? Self.usage : statuses.first ?? 1,
      cause: errors.first)
  }

  /// The same with a line behind it.
  func followed(by line: String) -> CommandFailure {
    CommandFailure("\(description)\n\(line)", status: status, cause: cause)
  }
}
