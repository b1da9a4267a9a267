import Glibc
import JSONText
import Web

/// Asks the servers of MLflow, with patience: tries again what may go better.
package struct MLflowClient: Sendable {
  let settings: MLflowSettings
  /// Waits so many seconds.
  let pause: @Sendable (Double) -> Void

  /// How often something is tried that does not get on.
  private static let tries = 5
  /// The same where nobody answers at all.
  private static let triesToConnect = 3
  /// The longest pause that a server may ask for, in seconds.
  private static let longestPause = 120.0

  /// Waits so many seconds.
  package static let wait: @Sendable (Double) -> Void = { usleep(UInt32($0 * 1_000_000)) }

  /// What the server of `base` answers at `target`, as JSON.
  ///
  /// - Parameters:
  ///   - query: names and values, which are encoded here.
  ///   - subject: what the request is for, for messages.
  /// - Throws: ``MLflowError``.
  func json(
    _ base: WebAddress, _ target: String, _ query: [(String, String)], for subject: String,
    of reference: MLflowReference
  ) throws -> JSONValue {
    let parts = query.map { "\($0.0)=\($0.1.asPathPart)" }.joined(separator: "&")
    let address = base.appending(target + (parts.isEmpty ? "" : "?" + parts))
    let answer = try get(address, for: subject, of: reference)
    do {
      return try JSONValue(parsing: answer.body, rules: .strict)
    } catch {
      throw MLflowError(
        .damaged,
        "\(reference): what \(address) answers is no JSON; check that \(base) is a server of MLflow",
        cause: error)
    }
  }

  /// Gets what is at an address.
  ///
  /// - Parameter file: takes the body and goes on where it ended.
  /// - Throws: ``MLflowError``, and what `file` throws of the system.
  func get(
    _ address: WebAddress, for subject: String, of reference: MLflowReference,
    into file: ArtifactDownload? = nil
  ) throws -> WebAnswer {
    let web = WebClient(settings: settings.web)
    var failures = 0
    var reached = file?.count ?? 0
    func unavailable(_ reason: String, _ cause: (any Error)?) -> MLflowError {
      let isTrust = reason.uppercased().contains("CERTIFICATE_VERIFY_FAILED")
      return MLflowError(
        .unavailable,
        "\(reference): \(subject) cannot be had from \(address.server): \(reason); "
          + (isTrust
            ? "name the file of your network's authorities in MLFLOW_TRACKING_SERVER_CERT_PATH"
            : "check \(settings.variable(of: address)), and that the server runs"),
        cause: cause)
    }
    while true {
      let reason: String
      var cause: (any Error)?
      var tries = Self.tries
      var wait: Double?
      do {
        let answer = try follow(address, web, subject, reference, into: file)
        if (200..<300).contains(answer.status) {
          if file?.isComplete ?? true { return answer }
          reason = "less than the whole file came (\(file?.count ?? 0) bytes)"
        } else if [408, 416, 429, 500, 502, 503, 504].contains(answer.status) {
          reason = "the status \(answer.status)" + MLflowRefusal.told(answer)
          wait = answer.header("retry-after").flatMap { Double($0) }
        } else {
          throw MLflowRefusal(
            answer: answer, subject: subject, reference: reference, settings: settings,
            asked: address
          ).error
        }
      } catch let failure as WebFailure {
        guard failure.mayPass else { throw unavailable("\(failure)", failure) }
        if case .notConnected = failure { tries = Self.triesToConnect }
        (reason, cause) = ("\(failure)", failure)
      } catch let wrong as WebSettingsError {
        throw MLflowError(.settings, wrong.message, cause: wrong)
      } catch let wrong as ArtifactDownload.WrongPart {
        (reason, cause) = ("\(wrong)", wrong)
      }
      if let count = file?.count, count > reached { (failures, reached) = (0, count) }
      failures += 1
      let seconds = max(wait ?? Double(1 << (failures - 1)), 0)
      guard failures < tries, seconds <= Self.longestPause else { throw unavailable(reason, cause) }
      pause(seconds)
    }
  }

  /// The answer at the end of all redirections. Only the servers that the user named see who asks, and
  /// messages name servers alone: a whole address in a store may be as good as a key.
  private func follow(
    _ start: WebAddress, _ web: WebClient, _ subject: String, _ reference: MLflowReference,
    into file: ArtifactDownload?
  ) throws -> WebAnswer {
    var address = start
    for _ in 0..<5 {
      var headers = [("User-Agent", "needletail/0.1.0"), ("Accept-Encoding", "identity")]
      headers += file?.rangeHeaders ?? []
      if settings.knows(address) {
        if let shown = settings.authorization(for: address) {
          headers.append(("Authorization", shown.header))
        }
        if let workspace = settings.workspace { headers.append(("X-MLFLOW-WORKSPACE", workspace)) }
      }
      let answer = try web.get(address, headers: headers, into: file)
      guard [301, 302, 303, 307, 308].contains(answer.status),
        let location = answer.header("location")
      else { return answer }
      guard let next = address.resolved(location), next.isSecure || !address.isSecure else {
        throw MLflowError(
          .unavailable,
          "\(reference): \(address.server) sends on to an address that is none of http, or from https "
            + "to one that is not; ask its operator")
      }
      address = next
    }
    throw MLflowError(
      .unavailable,
      "\(reference): \(start) sends on and on, last to \(address.server); check "
        + settings.variable(of: start))
  }
}

extension MLflowSettings {
  /// The variable that names the server of an address, with its value.
  fileprivate func variable(of address: WebAddress) -> String {
    let isRegistry =
      address.isOfSameServer(as: registry) && !address.isOfSameServer(as: tracking)
    return isRegistry
      ? "MLFLOW_REGISTRY_URI (\(registry))" : "MLFLOW_TRACKING_URI (\(tracking))"
  }
}
