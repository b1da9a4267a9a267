import AccessTokens
import FoundationEssentials
import ManagedSessions
import Texts

extension ConnectionString {
  /// Reads `dataproc://PROJECT/REGION/SESSION`.
  ///
  /// - Throws: ``SparkError`` that says what is wrong.
  init(dataproc text: String, environment: [String: String]) throws {
    let address = try CloudAddress(
      text, form: "dataproc://PROJECT/REGION/SESSION",
      named: ["create", "runtime"]
        + CloudAddress.tokenSources)
    let parts = address.parts
    guard parts.count == 3 else { throw address.failure("it has \(parts.count) parts, not three") }
    // It becomes a part of the name of the host that gets a token.
    guard parts[1].utf8.allSatisfy({ $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }) else {
      throw address.failure("its region has more than letters, digits and hyphens")
    }
    var values = address.values
    let source = try Self.tokenSource(
      { values.removeValue(forKey: $0) }, environment, address.failure)
    var creation: String?
    switch values["create"] {
    case nil, "false": break
    case "", "true": creation = values["runtime"] ?? "3.0"
    case let other?: throw address.failure("create is '\(other)', it can be true or false")
    }
    if creation == nil, values["runtime"] != nil {
      throw address.failure("runtime= is for a session that is made, with create")
    }
    let host = environment["GOOGLE_CLOUD_DATAPROC_API_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 }
    // What is in the environment now counts, as for other addresses.
    let file = environment["GOOGLE_APPLICATION_CREDENTIALS"].flatMap { $0.isEmpty ? nil : $0 }
    let session = DataprocSession(
      project: parts[0], region: parts[1], name: parts[2],
      api: host ?? "\(parts[1])-dataproc.googleapis.com", credentials: source ?? .google(file),
      creation: creation)
    try self.init(address, .dataproc(session), host: "\(parts[1])-dataproc.googleapis.com")
  }

  /// Reads `emr://serverless/APPLICATION/SESSION`, `emr://ec2/CLUSTER/SESSION` or
  /// `emr://eks/CLUSTER/ENDPOINT?role=ARN`.
  ///
  /// - Throws: ``SparkError`` that says what is wrong.
  init(emr text: String, environment: [String: String]) throws {
    let address = try CloudAddress(
      text,
      form: "emr://serverless/APPLICATION/SESSION, emr://ec2/CLUSTER/SESSION or "
        + "emr://eks/CLUSTER/ENDPOINT?role=ARN",
      named: ["region", "profile", "role"])
    let parts = address.parts
    guard parts.count == 3 else { throw address.failure("it has \(parts.count) parts, not three") }
    let role = address["role"]
    let place: EMRSession.Place
    let variable: String
    switch (parts[0], role) {
    case ("serverless", nil):
      place = .serverless(application: parts[1], session: parts[2])
      variable = "AWS_ENDPOINT_URL_EMR_SERVERLESS"
    case ("ec2", nil):
      place = .machines(cluster: parts[1], session: parts[2])
      variable = "AWS_ENDPOINT_URL_EMR"
    case ("eks", let role?):
      place = .kubernetes(cluster: parts[1], endpoint: parts[2], role: role)
      variable = "AWS_ENDPOINT_URL_EMR_CONTAINERS"
    case ("eks", nil): throw address.failure("it names no role; add ?role=arn:aws:iam::...")
    case ("serverless", _), ("ec2", _): throw address.failure("role= is for emr://eks/")
    default: throw address.failure("it begins with '\(parts[0])'")
    }
    let api = [variable, "AWS_ENDPOINT_URL"].lazy.compactMap { environment[$0] }
      .first { !$0.isEmpty }
    let session = EMRSession(
      place: place, region: address["region"], profile: address["profile"], api: api)
    try self.init(address, .emr(session), host: "amazonaws.com")
    tokenHeader = EMRSession.tokenHeader
  }

  /// - Parameter host: what stands for the server until the cloud has told it.
  private init(_ address: CloudAddress, _ cloud: CloudSession, host: String) throws {
    if let id = address["session_id"], UUID(uuidString: id) == nil {
      throw address.failure("session_id is no UUID")
    }
    self.cloud = cloud
    self.host = host
    port = 443
    useTLS = true
    userAgent = address["user_agent"]
    sessionID = address["session_id"]
    caFile = address["ca_file"]
    headers = [:]
  }
}

/// An address of a cloud's own scheme: parts between slashes, and options.
private struct CloudAddress {
  let parts: [String]
  let values: [String: String]
  private let form: String

  /// The options that name a source of tokens.
  static let tokenSources = [
    "token_env", "token_file", "token_command", "google_credentials",
  ]
  private static let common = ["session_id", "user_agent", "ca_file"]

  /// - Throws: ``SparkError`` if it has not this form.
  init(_ text: String, form: String, named: [String]) throws {
    self.form = form
    let names = named + Self.common
    let scheme = text.firstRange(of: "://").map { text[..<$0.lowerBound] } ?? ""
    // What stands there may be a secret in the wrong place: it is not shown.
    func wrong(_ reason: String) -> SparkError { Self.wrong(String(scheme), reason, form) }
    let halves = text.dropFirst(scheme.utf8.count + 3).split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var values: [String: String] = [:]
    for option in halves.count == 2 ? halves[1].split(separator: "&") : [] {
      let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      guard names.contains(name) else {
        throw wrong("an option of it is unknown; options are \(names.joined(separator: ", "))")
      }
      guard let value = pair.count == 2 ? pair[1].strictlyPercentDecoded : "" else {
        throw wrong("the value of '\(name)' is not percent-encoded correctly")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw wrong("'\(name)' is given twice")
      }
    }
    self.values = values
    parts = try (halves.first ?? "").split(separator: "/", omittingEmptySubsequences: false).map {
      guard let part = $0.strictlyPercentDecoded, !part.isEmpty, !part.contains("/") else {
        throw wrong("a part of it is empty, or has a wrong %")
      }
      return part
    }
    self.scheme = String(scheme)
  }

  private let scheme: String

  subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

  func failure(_ reason: String) -> SparkError { Self.wrong(scheme, reason, form) }

  private static func wrong(_ scheme: String, _ reason: String, _ form: String) -> SparkError {
    SparkError(
      .connectionString, "the address \(scheme)://... is wrong: \(reason); the form is \(form)")
  }
}
