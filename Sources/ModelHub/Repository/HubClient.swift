import FoundationEssentials
import Threads
import Web

/// Asks a hub, with patience: follows where it sends on, waits where it asks for that, and tries again
/// what may go better.
struct HubClient: Sendable {
  let settings: HubSettings
  /// Waits so many seconds.
  var pause: @Sendable (Double) -> Void = { Thread.sleep(for: .seconds($0)) }

  /// How often something is tried that does not get on.
  private static let tries = 5
  /// The same where nobody answers at all.
  private static let triesToConnect = 3
  /// The longest that a hub may ask to wait, in seconds: its own limits are for five minutes.
  private static let longestPause = 330.0

  /// What a request is for.
  struct Subject: Sendable {
    let reference: HubReference
    /// The file, if it is for one.
    var file: String?
  }

  /// Gets what the hub has at `target`.
  ///
  /// - Parameters:
  ///   - target: path and query behind the hub's address.
  ///   - file: takes the body and goes on where it ended.
  /// - Throws: ``HubError``, and what `file` throws of the system.
  func get(
    _ target: String, for subject: Subject, into file: PartialFile? = nil
  ) throws -> WebAnswer {
    try get(settings.endpoint.appending(target), for: subject, into: file)
  }

  /// The same for a whole address.
  func get(
    _ address: WebAddress, for subject: Subject, into file: PartialFile? = nil
  ) throws -> WebAnswer {
    let web = WebClient(settings: settings.web)
    var failures = 0
    var reached = file?.count ?? 0
    while true {
      var trouble: Trouble
      do {
        // The address of a store in which the file lies holds for some minutes only: each attempt
        // begins at the hub.
        let (answer, server) = try follow(address, web, subject, into: file)
        if (200..<300).contains(answer.status), file?.isComplete ?? true { return answer }
        trouble = try self.trouble(with: answer, of: server, subject)
      } catch let failure as WebFailure {
        guard failure.mayPass else { throw unavailable("\(failure)", subject, cause: failure) }
        trouble = Trouble(reason: "\(failure)", cause: failure)
        if case .notConnected = failure { trouble.tries = Self.triesToConnect }
      } catch let wrong as WebSettingsError {
        throw HubError(.settings, wrong.message, cause: wrong)
      } catch let wrong as PartialFile.WrongPart {
        trouble = Trouble(reason: "\(wrong)", cause: wrong)
      }
      if let count = file?.count, count > reached {
        failures = 0
        reached = count
      }
      failures += 1
      guard failures < trouble.tries else {
        throw unavailable(trouble.reason, subject, cause: trouble.cause)
      }
      let wait = trouble.wait ?? Double(1 << (failures - 1))
      guard wait <= Self.longestPause else {
        throw unavailable(
          "\(trouble.reason), for \(Int(wait.rounded(.up))) s", subject, cause: trouble.cause)
      }
      pause(wait)
    }
  }

  /// What may pass.
  private struct Trouble {
    var reason: String
    var cause: (any Error)?
    /// Seconds to wait, if the hub said so.
    var wait: Double?
    var tries = HubClient.tries
  }

  // MARK: Redirections

  /// The answer at the end of all redirections, and who gave it. Only the hub itself sees the token: a
  /// store's address has a signature, and stores refuse what shows two proofs.
  private func follow(
    _ start: WebAddress, _ web: WebClient, _ subject: Subject, into file: PartialFile?
  ) throws -> (WebAnswer, WebAddress) {
    var address = start
    for _ in 0..<10 {
      // Sizes and parts are those of the file, not of a packed form of it.
      var headers = [("User-Agent", "needletail/0.1.0"), ("Accept-Encoding", "identity")]
      headers += file?.rangeHeaders ?? []
      if let token = settings.token, address.isOfSameServer(as: settings.endpoint) {
        headers.append(("Authorization", "Bearer \(token.value)"))
      }
      let answer = try web.get(address, headers: headers, into: file)
      guard [301, 302, 303, 307, 308].contains(answer.status),
        let location = answer.header("location")
      else { return (answer, address) }
      guard let next = address.resolved(location), next.isSecure || !address.isSecure else {
        throw HubError(
          .unavailable,
          "\(subject.reference): \(address) sends on to an address that is not https; ask its "
            + "operator, or name another hub in HF_ENDPOINT")
      }
      address = next
    }
    throw HubError(
      .unavailable,
      "\(subject.reference): \(start) sends on and on (10 times, last to \(address)); check HF_ENDPOINT"
    )
  }

  // MARK: Refusals

  /// What is to be done about an answer that is not what was asked for.
  ///
  /// - Throws: ``HubError`` if another attempt would not help.
  private func trouble(
    with answer: WebAnswer, of server: WebAddress, _ subject: Subject
  ) throws(HubError) -> Trouble {
    let isOfHub = server.isOfSameServer(as: settings.endpoint)
    switch answer.status {
    case 200..<300:
      return Trouble(reason: "\(server) sent less than the whole file")
    case 416:
      return Trouble(reason: "\(server) has no such part of the file")
    case 429:
      return Trouble(
        reason: "\(server.server) has had too many requests (429)"
          + (settings.token == nil ? " and allows more to who shows a token in HF_TOKEN" : ""),
        wait: Self.wait(of: answer))
    case 408, 500, 502, 503, 504:
      return Trouble(
        reason: "\(server.server) answers with the status \(answer.status)",
        wait: Self.wait(of: answer))
    case 401 where !isOfHub, 403 where !isOfHub, 404 where !isOfHub:
      return Trouble(
        reason: "\(server.server), where the file lies, refuses it (\(answer.status))")
    default:
      throw HubRefusal(answer: answer, server: server, subject: subject, settings: settings).error
    }
  }

  /// The seconds for which a server asks.
  static func wait(of answer: WebAnswer) -> Double? {
    // "api";r=0;t=55: nothing is left, and there is more in 55 s (RateLimit of the IETF's draft).
    if let limit = answer.header("ratelimit")?.firstMatch(of: /r\s*=\s*0\s*;\s*t\s*=\s*(\d+)/),
      let seconds = Double(limit.1)
    {
      return seconds + 1
    }
    guard let text = answer.header("retry-after") else { return nil }
    if let seconds = Double(text), seconds >= 0 { return seconds }
    return date(text).map { max(0, $0.timeIntervalSinceNow) }
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// A time as HTTP writes it: `Wed, 21 Oct 2015 07:28:00 GMT`.
  static func date(_ text: String) -> Date? {
    let form = /\w+, (\d{1,2}) (\w{3}) (\d{4}) (\d\d:\d\d:\d\d) (?:GMT|UTC)/
    guard let parts = text.wholeMatch(of: form), let month = months.firstIndex(of: String(parts.2))
    else { return nil }
    return try? Date("\(parts.3)-\(month + 1)-\(parts.1)T\(parts.4)Z", strategy: .iso8601)
  }

  private func unavailable(
    _ reason: String, _ subject: Subject, cause: (any Error)?
  ) -> HubError {
    let what = subject.file.map { "the file \($0)" } ?? "the model"
    var advice =
      "try again later: what has come is kept; or name another hub in HF_ENDPOINT, or a proxy in "
      + "HTTPS_PROXY"
    if "\(reason)".uppercased().contains("CERTIFICATE_VERIFY_FAILED") {
      advice =
        "its certificate is of nobody whom this machine trusts: name the file of your network's "
        + "authorities in SSL_CERT_FILE"
    }
    return HubError(
      .unavailable,
      "\(subject.reference): \(what) cannot be had from \(settings.endpoint): \(reason); \(advice)",
      cause: cause)
  }
}
