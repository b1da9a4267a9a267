/// What somebody says of the dimension that counts a model's rows, where the model itself does not.
///
/// ```swift
/// "N"                                   // the dimension that the model calls N, wherever it is
/// .axes(["x": 0, "state": 1])           // by position, of the tensors that have one
/// .none                                 // no dimension: each row holds whole tensors
/// ```
public struct BatchDimension: Sendable, Hashable, Codable {
  package enum Form: Sendable, Hashable, Codable {
    case names([String])
    case axes([String: Int])
    case none
  }

  package let form: Form

  private init(_ form: Form) { self.form = form }

  /// The dimensions that the model calls `names`; several names are several names of the same.
  public static func named(_ names: String...) -> BatchDimension { BatchDimension(.names(names)) }

  /// The positions, counted from 0, of the dimension in the tensors that have it. Inputs that are not
  /// listed have none: rows that are run together share them.
  public static func axes(_ positions: [String: Int]) -> BatchDimension {
    BatchDimension(.axes(positions))
  }

  /// The model takes no batches: each row of the table holds whole tensors, and is a run of its own.
  public static let none = BatchDimension(.none)

  /// The dimension as it is written on a command line: `N`, `N,M`, `x:0,state:1` or `none`.
  public init(_ text: String) {
    let parts = text.split(separator: ",").map(String.init)
    let positions = parts.compactMap { part -> (String, Int)? in
      guard let colon = part.lastIndex(of: ":"), colon != part.startIndex,
        let axis = Int(part[part.index(after: colon)...])
      else { return nil }
      return (String(part[..<colon]), axis)
    }
    if text == "none" {
      form = .none
    } else if !parts.isEmpty, positions.count == parts.count {
      form = .axes(Dictionary(positions, uniquingKeysWith: { $1 }))
    } else {
      form = .names(parts)
    }
  }
}

extension BatchDimension: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension BatchDimension: CustomStringConvertible {
  public var description: String {
    switch form {
    case .names(let names): names.joined(separator: ",")
    case .axes(let axes):
      axes.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
    case .none: "none"
    }
  }
}

/// What is to be thought of the rows of a batch: whether those that run together change each other's
/// predictions.
public enum RowRelation: String, Sendable, Hashable, Codable, CaseIterable {
  /// Made-up rows, and some batches of a loaded model, are compared with rows alone; it is an error if
  /// they differ by more than rounding explains.
  case checked
  /// They do not, which nobody needs to check.
  case independent
  /// They do, and that is wanted: a prediction then depends on how the table is cut into batches.
  case dependent
}
