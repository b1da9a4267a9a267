/// What becomes of a row that a model cannot predict.
///
/// That is a row which fails alone: one of its values is null where none may be, too long, too short or
/// out of range, or the model refuses it. A batch that the model refuses is halved until such a row is
/// alone, and the others get what they would get without it. What would meet other rows too, such as a
/// library that is missing, used up memory or a server that is gone, is none of this and always ends the
/// job.
public enum ErrorPolicy: Sendable, Hashable, Codable {
  /// The row ends the job.
  case fail
  /// The row's predictions are null.
  case null
  /// The row's predictions are null, and a column of this name tells why: a text, which begins with what
  /// is wrong (``RowFaultKind``) and a colon. It is null in all rows that were predicted.
  case column(String = "error")
}

/// How many rows may fail before a job ends: `100`, or `.percent(1)`.
public enum ErrorLimit: Sendable, Hashable, Codable {
  /// So many rows.
  case rows(Int)
  /// So many of a hundred rows.
  case percent(Double)
}

extension ErrorLimit: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self = .rows(value) }
}

extension ErrorLimit: CustomStringConvertible {
  /// The limit as it is written on a command line: `100` or `1%`.
  public init?(_ text: String) {
    let limit: ErrorLimit?
    if text.hasSuffix("%") {
      limit = Double(String(text.dropLast())).map { .percent($0) }
    } else {
      limit = Int(text).map { .rows($0) }
    }
    guard let limit, limit.isPossible else { return nil }
    self = limit
  }

  public var description: String {
    switch self {
    case .rows(let count): "\(count)"
    case .percent(let share):
      share == share.rounded() && abs(share) <= 100 ? "\(Int(share))%" : "\(share)%"
    }
  }

  /// Whether a number of rows can be at the limit.
  var isPossible: Bool {
    switch self {
    case .rows(let count): count >= 0
    case .percent(let share): share >= 0 && share <= 100
    }
  }

  /// Whether `failed` of `rows` rows are too many.
  func isExceeded(by failed: Int, of rows: Int) -> Bool {
    switch self {
    case .rows(let count): failed > count
    case .percent(let share): Double(failed) * 100 > share * Double(rows)
    }
  }
}
