package import ArrowIPC

/// A value that travels in a plan.
package enum ScanValue: Codable, Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  /// By its bits, which JSON does not change.
  case float(UInt64)
  case string(String)

  /// `nil` for values of other kinds.
  package init?(_ value: ArrowValue) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    case .float(let number): self = .float(number.bitPattern)
    case .string(let text): self = .string(text)
    default: return nil
    }
  }

  package var arrowValue: ArrowValue {
    switch self {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(number)
    case .float(let bits): .float(Double(bitPattern: bits))
    case .string(let text): .string(text)
    }
  }
}
