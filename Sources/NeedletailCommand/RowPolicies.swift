import ArgumentParser
import Needletail

/// What `--on-null` can say.
enum NullOption: Sendable, Equatable {
  case fail, null
  case fill(String)

  /// - Throws: `ValidationError` for anything else.
  init(_ text: String) throws {
    switch text {
    case "fail": self = .fail
    case "null": self = .null
    case _ where text.hasPrefix("fill="): self = .fill(String(text.dropFirst("fill=".count)))
    default: throw ValidationError("'\(text)' is none of fail, null and fill=VALUE")
    }
  }

  /// The policy for a model with these inputs.
  ///
  /// - Throws: ``CommandFailure`` if the value is no number, and an input takes numbers.
  func policy(for inputs: [TensorSpecification]) throws -> NullPolicy {
    switch self {
    case .fail: return .fail
    case .null: return .skip
    case .fill(let text):
      let number = Double(text)
      if number == nil, let input = inputs.first(where: { $0.elementType != .string }) {
        throw CommandFailure(
          "--on-null fill=\(text): the model's input \(input) takes no texts; fill with a number")
      }
      return .fill(number ?? 0, text: text)
    }
  }
}

extension RaggedPolicy {
  /// What `--on-ragged` says: `fail`, `pad`, `pad=VALUE` or `pad=VALUE:LENGTH`.
  ///
  /// - Throws: `ValidationError` for anything else.
  init(option text: String) throws {
    let problem = ValidationError("'\(text)' is none of fail, pad=VALUE and pad=VALUE:LENGTH")
    if text == "fail" {
      self = .fail
    } else if text == "pad" {
      self = .pad()
    } else if text.hasPrefix("pad=") {
      let parts = text.dropFirst("pad=".count).split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let value = Double(String(parts[0])) else { throw problem }
      guard parts.count > 1 else {
        self = .pad(with: value)
        return
      }
      guard let length = Int(String(parts[1])), length > 0 else { throw problem }
      self = .pad(to: length, with: value)
    } else {
      throw problem
    }
  }
}

extension ErrorPolicy {
  /// What `--on-error` says: `fail`, `null`, `column` or `column=NAME`.
  ///
  /// - Throws: `ValidationError` for anything else.
  init(option text: String) throws {
    switch text {
    case "fail": self = .fail
    case "null": self = .null
    case "column": self = .column()
    case _ where text.hasPrefix("column=") && text != "column=":
      self = .column(String(text.dropFirst("column=".count)))
    default: throw ValidationError("'\(text)' is none of fail, null, column and column=NAME")
    }
  }
}

extension ErrorLimit {
  /// What `--max-errors` says: `100` or `1%`.
  ///
  /// - Throws: `ValidationError` for anything else.
  init(option text: String) throws {
    guard let limit = ErrorLimit(text) else {
      throw ValidationError("'\(text)' is neither a number of rows nor a share from 0% to 100%")
    }
    self = limit
  }
}

extension RowFailures {
  /// What is told of failed rows at the end: how many of how many, then each kind with an example.
  func report(of rows: Int) -> String {
    let lines = groups.map { "\n  \($0.count) x \($0.kind.rawValue), such as \($0.example)" }
    return "\(count) of \(rows) rows failed:" + lines.joined()
  }
}
