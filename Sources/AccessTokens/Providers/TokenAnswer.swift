package import FoundationEssentials
import JSONText

/// The token in a JSON document, as servers of tokens and the clouds' own commands write it: names in any
/// case, with underscores and without.
package struct TokenAnswer {
  private let fields: [String: JSONValue]

  /// `nil` if `bytes` are no JSON object.
  package init?(_ bytes: [UInt8]) {
    guard let json = try? JSONValue(parsing: bytes, rules: .strict), let members = json.members
    else { return nil }
    fields = Dictionary(
      members.map { ($0.0.lowercased().replacing("_", with: ""), $0.1) },
      // Azure's command gives its times twice: as a number and in the machine's own zone.
      uniquingKeysWith: { $0.double == nil ? $1 : $0 })
  }

  /// `access_token` of OAuth and of Databricks, `accessToken` of Azure, `AuthToken` of AWS.
  package var token: String? { text("accesstoken", "authtoken", "token") }

  /// What a server of tokens says against the request.
  package var refusal: String? {
    let parts = [text("error", "errorcode"), text("errordescription", "message")].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: ": ")
  }

  /// `Bearer`, where it is told.
  var kind: String? { text("tokentype") }

  /// When the token ends, if that is told.
  package func expiry(now: Date) -> Date? {
    if let seconds = number("expiresin") { return now.addingTimeInterval(seconds) }
    for name in [
      "expiry", "expireson", "authtokenexpirationtime", "authtokenexpiresat", "expirationtime",
      "expiration", "expiresat",
    ] {
      if let seconds = number(name) { return Date(timeIntervalSince1970: seconds) }
      if let text = text(name), let date = Self.date(text) { return date }
    }
    return nil
  }

  private func text(_ names: String...) -> String? {
    names.lazy.compactMap { fields[$0]?.string }.first { !$0.isEmpty }
  }

  /// Some write numbers as text.
  private func number(_ name: String) -> Double? {
    guard let value = fields[name] else { return nil }
    return value.double ?? value.string.flatMap(Double.init)
  }

  /// A time with its zone, with parts of seconds or without.
  private static func date(_ text: String) -> Date? {
    // More digits than three are not understood, and no blanks, such as before a zone.
    let whole = text.replacing(/\.\d+/, with: "", maxReplacements: 1)
    return try? Date(whole.filter { !$0.isWhitespace }, strategy: .iso8601)
  }
}
