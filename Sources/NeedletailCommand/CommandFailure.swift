import ArgumentParser
import FoundationEssentials
import Glibc
import Needletail
import Texts

/// Why a command did not do what it was told: one line on standard error, and the exit status.
struct CommandFailure: CausedError {
  /// The exit status of a command line that is wrong (`EX_USAGE`).
  static let usage: Int32 = 64

  let description: String
  /// 64 if the command line is wrong, 1 if the job failed.
  let status: Int32
  /// The library's error that ended the command.
  let cause: (any Error)?

  var message: String { description }

  init(_ error: any Error) {
    self.init(error.reasonWithPath, status: Self.status(of: error), cause: error)
  }

  init(_ description: String, status: Int32 = usage, cause: (any Error)? = nil) {
    self.description = description
    self.status = status
    self.cause = cause
  }

  /// An option, or a name in one, that has one value and was given two.
  static func twice(_ what: String, _ first: String, _ second: String) -> CommandFailure {
    let values = mayBeSecret(what) ? "" : ", with '\(first)' and '\(second)'"
    return CommandFailure("\(what) is given twice\(values); give it once")
  }

  /// Whether the values of an option may be such as no log should show: a token, a password, the address
  /// of a server with them.
  private static func mayBeSecret(_ what: String) -> Bool {
    let name = what.lowercased().filter { $0 != "-" }
    return ["remote", "token", "header.", "password", "secret", "key"].contains {
      name.contains($0)
    }
  }

  /// The status that an error gives the command.
  static func status(of error: any Error) -> Int32 {
    switch error {
    case let failure as CommandFailure: failure.status
    case is ValidationError: usage
    case let error as NeedletailError where error.code == .usage: usage
    case let error as FileTableError where error.isOfCommandLine: usage
    case let error as HubError where error.isOfCommandLine: usage
    case let error as MLflowError where error.isOfCommandLine: usage
    case is LocalTableError: usage
    // The server does not have the model that was named.
    case let error as KServeError where error.code == .notFound: usage
    default: 1
    }
  }

  func print() {
    StatusLine.shared.clear()
    StatusLine.shared.note(Terminal.error.colored("error:", .red) + " \(description)")
  }
}

extension HubError {
  /// Whether the model that the user named is none, as opposed to one that cannot be had now.
  fileprivate var isOfCommandLine: Bool { code == .invalidReference || code == .notFound }
}

extension MLflowError {
  /// Whether the model that the user named is none that can be run, as opposed to one that cannot be had
  /// now.
  fileprivate var isOfCommandLine: Bool {
    [.invalidReference, .notFound, .settings, .unsupportedFlavor, .unsupportedStore].contains(code)
  }
}

extension FileTableError {
  /// Whether what the user named cannot be, as opposed to what went wrong with it.
  fileprivate var isOfCommandLine: Bool {
    switch code {
    case .notFound, .exists, .invalidOption, .unsupported, .libraryMissing: true
    default: false
    }
  }
}
