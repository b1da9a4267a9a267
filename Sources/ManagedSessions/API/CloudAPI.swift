import AccessTokens
import FoundationEssentials
import JSONText
import Web

/// A cloud's interface of HTTP and JSON: what is asked, asked again where that may help, and told if it does
/// not.
struct CloudAPI {
  /// The cloud's name, for messages.
  let name: String
  let settings: WebSettings
  /// Makes an error of what was refused: the status, the cloud's words, their code.
  let refusal: (Int, String, String) -> CloudError
  /// Waits so many seconds.
  var pause: @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }

  private static let tries = 3
  /// The longest that it may ask to wait, in seconds.
  private static let longestPause = 10.0

  /// The document that the cloud answers.
  ///
  /// - Parameter send: sends the request; called for each attempt, since signatures have a time in them.
  /// - Throws: ``CloudError``, `CancellationError`.
  func answer(
    of address: WebAddress, _ send: (WebClient) async throws -> WebAnswer
  ) async throws -> JSONValue {
    var failures = 0
    while true {
      failures += 1
      let reason: String
      var wait = 0.5 * Double(failures)
      do {
        let answer = try await send(WebClient(settings: settings))
        if (200..<300).contains(answer.status) {
          guard let json = try? JSONValue(parsing: answer.body, rules: .strict) else {
            throw CloudError(
              .settings, "\(name) at \(address.server) answers something else than JSON")
          }
          return json
        }
        let (code, words) = Self.said(answer)
        guard [429, 500, 502, 503, 504].contains(answer.status) || code.contains("Throttl") else {
          throw refusal(answer.status, code, words)
        }
        reason = "it answers with HTTP \(answer.status)" + (words.isEmpty ? "" : ": \(words)")
        wait = answer.header("retry-after").flatMap(Double.init) ?? wait
      } catch let failure as WebFailure {
        guard failure.mayPass else { throw unreachable(address, "\(failure)", cause: failure) }
        reason = "\(failure)"
      } catch let wrong as WebSettingsError {
        throw CloudError(.settings, wrong.message, cause: wrong)
      }
      guard failures < Self.tries, wait <= Self.longestPause else {
        throw unreachable(address, reason, cause: nil)
      }
      try await pause(wait)
    }
  }

  private func unreachable(
    _ address: WebAddress, _ reason: String, cause: (any Error)?
  ) -> CloudError {
    let advice =
      reason.uppercased().contains("CERTIFICATE_VERIFY_FAILED")
      ? "its certificate is of nobody whom this machine trusts: name the file of your network's "
        + "authorities in SSL_CERT_FILE, or as ca_file in the address"
      : "check the region in the address, the network and HTTPS_PROXY, or try again later"
    return CloudError(
      .unavailable, "\(name) at \(address.server) cannot be asked: \(reason); \(advice)",
      cause: cause)
  }

  /// The code and the words of a refusal: Google's, or AWS' in its two forms.
  private static func said(_ answer: WebAnswer) -> (code: String, words: String) {
    guard let json = try? JSONValue(parsing: answer.body, rules: .strict) else { return ("", "") }
    if let error = json["error"], error.members != nil {
      return (error["status"]?.string ?? "", short(error["message"]?.string))
    }
    let kind = answer.header("x-amzn-errortype") ?? json["__type"]?.string ?? ""
    let code = kind.prefix { $0 != ":" }.split(separator: "#").last.map(String.init) ?? ""
    return (code, short(json["message"]?.string ?? json["Message"]?.string))
  }

  private static func short(_ text: String?) -> String { String((text ?? "").prefix(400)) }
}
