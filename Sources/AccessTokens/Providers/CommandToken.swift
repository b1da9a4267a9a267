import FoundationEssentials
import HostProcesses
import Synchronization
import Texts
import Threads

/// A command that prints a token: a cloud's own client, or a script.
package struct CommandToken: TokenProvider {
  private let command: String
  private let environment: [String: String]
  /// The parameter or field that names the command, for messages.
  private let setting: String
  /// Seconds that the command may take.
  private let limit: Int

  package init(
    command: String, environment: [String: String], setting: String = "token_command",
    limit: Int = 60
  ) {
    self.command = command
    self.environment = environment
    self.setting = setting
    self.limit = limit
  }

  /// Seconds after which it is asked again if it does not tell when the token ends.
  private static let freshness = 300.0
  /// How much of its complaints is told.
  private static let longestComplaint = 500

  // The command itself may have a password in it.
  package var source: String { "the command '\(program)'" }
  package var advice: String {
    "run it by hand and see whether it gives a token of this server; log in again if it asks for that"
  }

  private var program: String {
    command.split(separator: " ").first.map(String.init) ?? command
  }

  package func token() async throws -> AccessToken {
    let output = try await output()
    let now = Date()
    if output.first(where: { !" \n\r\t".utf8.contains($0) }) == UInt8(ascii: "{") {
      guard let answer = TokenAnswer(output), let text = answer.token else {
        throw TokenError(
          .refused,
          "\(source) prints JSON without a token; expected it as access_token, accessToken, authToken "
            + "or token")
      }
      let expiry = answer.expiry(now: now)
      let token = AccessToken(try checked(text, of: "what \(source) prints"), expiry: expiry)
      return token.expiry == nil ? fresh(token.value) : token
    }
    let text = try checked(String(decoding: output, as: UTF8.self), of: "what \(source) prints")
    return fresh(text)
  }

  /// What the command prints.
  ///
  /// - Throws: ``TokenError`` if it cannot be started, fails, or takes too long.
  package func output() async throws -> [UInt8] {
    let (status, output, complaint) = try await run()
    guard status == 0 else {
      let said = complaint.isEmpty ? "" : ": \(complaint)"
      throw TokenError(
        .refused,
        "\(source), which \(setting) names, fails with status \(status)\(said); \(advice)")
    }
    return output
  }

  /// A token that may not tell when it ends.
  private func fresh(_ text: String) -> AccessToken {
    AccessToken(text, renewal: Date(timeIntervalSinceNow: Self.freshness))
  }

  /// Its status, its output, and the end of what it says to people.
  private func run() async throws -> (Int32, [UInt8], String) {
    let process: CapturedProcess
    do throws(Shell.Failure) {
      process = try CapturedProcess(["/bin/sh", "-c", command], environment: environment)
    } catch {
      throw TokenError(.settings, "\(source) cannot be started: \(error)", cause: error)
    }
    let late = TokenError(
      .refused,
      "\(source), which \(setting) names, has printed no token for \(limit) s; \(advice)")
    let end = FirstResult<CapturedProcess.Result>()
    // A thread of its own: reading waits, also for what the command leaves behind.
    guard Thread.start({ end.set(.success(process.result())) }) else {
      process.terminate()
      throw TokenError(.refused, "\(source) cannot be read: \(NoThread())", cause: NoThread())
    }
    let seconds = limit
    let timer = Task {
      try await Task.sleep(for: .seconds(seconds))
      process.terminate()
      end.set(.failure(late))
    }
    defer { timer.cancel() }
    let result = try await end.value()
    let complaint = String(decoding: result.errors, as: UTF8.self).trimmed
    return (result.status, result.output, String(complaint.suffix(Self.longestComplaint)))
  }
}

/// The first of several results, which one task waits for.
private final class FirstResult<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, any Error>)
    case set(Result<Value, any Error>)
  }

  private let state = Mutex(State.open)

  func set(_ result: Result<Value, any Error>) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
      switch state {
      case .open:
        state = .set(result)
        return nil
      case .awaited(let continuation):
        state = .set(result)
        return continuation
      case .set: return nil
      }
    }
    waiting?.resume(with: result)
  }

  func value() async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let known = state.withLock { state -> Result<Value, any Error>? in
        if case .set(let result) = state { return result }
        state = .awaited(continuation)
        return nil
      }
      if let known { continuation.resume(with: known) }
    }
  }
}
