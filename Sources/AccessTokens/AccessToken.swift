public import FoundationEssentials
import Texts

/// What shows a server who calls; its text is in no description.
public struct AccessToken: Sendable, Hashable {
  /// The text that goes behind `Bearer`.
  public let value: String
  /// When it ends; `nil` if that is not known.
  public let expiry: Date?
  /// When its provider is asked again, though it may be good still; `nil` for shortly before its end.
  public let renewal: Date?

  /// A token.
  ///
  /// - Parameters:
  ///   - value: the text that goes behind `Bearer`.
  ///   - expiry: when it ends; without it the end that a JSON web token tells of itself.
  ///   - renewal: when its provider shall be asked again; `nil` for shortly before its end.
  public init(_ value: String, expiry: Date? = nil, renewal: Date? = nil) {
    self.value = value
    self.expiry = expiry ?? Self.expiry(ofWebToken: value)
    self.renewal = renewal
  }

  /// The `exp` of a JSON web token; nobody checks its signature here, for it is only a hint.
  private static func expiry(ofWebToken text: String) -> Date? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let claims = Data(base64URL: parts[1]),
      let seconds = try? JSONDecoder().decode(Claims.self, from: claims).exp
    else { return nil }
    return Date(timeIntervalSince1970: seconds)
  }

  private struct Claims: Decodable {
    let exp: Double?
  }
}

extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "a token" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["expiry": expiry as Any]) }
}

/// A text that is in no description and in no message.
public struct Secret: Sendable, Hashable {
  /// The text.
  public let value: String

  /// Keeps `value` out of descriptions.
  public init(_ value: String) { self.value = value }

  /// `text` without the secret, for what a server or a program says; a few letters are no secret, and
  /// stand in other words.
  package func hidden(in text: String) -> String {
    value.utf8.count < 4 ? text : text.replacingBytes(of: value, with: "***")
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "***" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Data {
  /// Bytes from the form of base 64 that addresses and web tokens have, without padding.
  init?(base64URL text: some StringProtocol) {
    var plain = String(text).replacing("-", with: "+").replacing("_", with: "/")
    plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
    self.init(base64Encoded: plain)
  }

  /// The form of base 64 that web tokens have.
  var base64URL: String {
    base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }
}
