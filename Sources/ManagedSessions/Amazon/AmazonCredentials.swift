import AccessTokens
import FoundationEssentials
import JSONText
import Texts
import Web

/// Finds keys for AWS where its own tools find them: variables, a profile, the container's or the machine's
/// role. A profile that is named counts alone.
struct AmazonCredentials: Sendable {
  let profile: String?
  let environment: [String: String]

  /// Seconds in which a machine of AWS must tell of itself: elsewhere nobody answers.
  private static let patience = 2

  private func value(_ name: String) -> String? {
    environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Where the keys come from, for messages.
  var source: String {
    if let profile { return "the profile '\(profile)' of AWS" }
    return value("AWS_ACCESS_KEY_ID") != nil
      ? "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
      : "the profile '\(value("AWS_PROFILE") ?? "default")' of AWS, or this machine's role"
  }

  /// The region that the profile or a variable names.
  ///
  /// - Throws: ``CloudError`` if there is none.
  func region() throws(CloudError) -> String {
    let variable = profile == nil ? value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") : nil
    if let variable { return variable }
    let found = try AmazonProfile(profile, environment: environment)
    guard let region = found["region"] ?? value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") else {
      throw CloudError(
        .settings,
        "the region of AWS is not told; add ?region=eu-central-1 to the address, or export AWS_REGION"
      )
    }
    return region
  }

  /// - Throws: ``CloudError`` that says where keys were looked for; `CancellationError`.
  func keys() async throws -> AmazonKeys {
    if profile == nil, let id = value("AWS_ACCESS_KEY_ID") {
      guard let secret = value("AWS_SECRET_ACCESS_KEY") else {
        throw CloudError(
          .settings, "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not; export both")
      }
      return AmazonKeys(keyID: id, secret: secret, sessionToken: value("AWS_SESSION_TOKEN"))
    }
    let profile = try AmazonProfile(profile, environment: environment)
    if let keys = try await keys(of: profile) { return keys }
    let isNamed = self.profile != nil || value("AWS_PROFILE") != nil
    if isNamed {
      throw CloudError(
        .settings,
        profile.exists
          ? "the profile '\(profile.name)' of AWS has no keys; expected aws_access_key_id and "
            + "aws_secret_access_key, or credential_process"
          : "there is no profile '\(profile.name)' in \(profile.files.joined(separator: " and "))")
    }
    if let keys = try await containerKeys() { return keys }
    if let keys = try await machineKeys() { return keys }
    throw CloudError(
      .settings,
      "there are no keys for AWS: not in AWS_ACCESS_KEY_ID, not in \(profile.files[1]), and this machine "
        + "has no role; run aws configure, or export what aws configure export-credentials prints")
  }

  // MARK: Profiles

  private func keys(of profile: AmazonProfile) async throws -> AmazonKeys? {
    if let id = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] {
      return AmazonKeys(
        keyID: id, secret: secret, sessionToken: profile["aws_session_token"])
    }
    if let command = profile["credential_process"] {
      let setting = "credential_process in \(profile.files[0])"
      do {
        let output = try await CommandToken(
          command: command, environment: environment, setting: setting
        ).output()
        return try Self.keys(in: output, of: "what \(setting) prints", token: "SessionToken")
      } catch let error as TokenError {
        throw CloudError(.settings, error.message, cause: error)
      }
    }
    for field in ["role_arn", "sso_session", "sso_start_url", "login_session"]
    where profile[field] != nil {
      throw CloudError(
        .settings,
        "the profile '\(profile.name)' of AWS has its keys by \(field), which only AWS' own tool "
          + "understands: eval \"$(aws configure export-credentials --profile \(profile.name) --format "
          + "env)\" exports them, or make a profile whose credential_process is aws configure "
          + "export-credentials --profile \(profile.name)")
    }
    return nil
  }

  /// Keys in a document.
  private static func keys(
    in body: [UInt8], of source: String, token: String
  ) throws(CloudError) -> AmazonKeys {
    guard let json = try? JSONValue(parsing: body, rules: .strict),
      let id = json["AccessKeyId"]?.string, let secret = json["SecretAccessKey"]?.string
    else {
      throw CloudError(
        .settings, "\(source) has no AccessKeyId and SecretAccessKey; expected JSON with them")
    }
    return AmazonKeys(keyID: id, secret: secret, sessionToken: json[token]?.string)
  }

  // MARK: Roles

  private func settings() throws(CloudError) -> WebSettings {
    do throws(WebSettingsError) {
      // Neither of the two is reached through a proxy.
      return try WebSettings(environment: [:], timeout: Self.patience)
    } catch {
      throw CloudError(.settings, error.message, cause: error)
    }
  }

  /// The keys of a container's role; `nil` if this is none.
  private func containerKeys() async throws -> AmazonKeys? {
    let relative = value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    guard
      let text = relative.map({ "http://169.254.170.2\($0)" })
        ?? value("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    else { return nil }
    guard let address = WebAddress(text) else {
      throw CloudError(
        .settings, "AWS_CONTAINER_CREDENTIALS_FULL_URI is '\(text)', which is no address")
    }
    var token = value("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if let file = value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
      token = FileManager.default.contents(atPath: file)
        .map { String(decoding: $0, as: UTF8.self).trimmed }
    }
    let answer: WebAnswer
    do {
      answer = try await WebClient(settings: settings()).fetch(
        address, headers: token.map { [("Authorization", $0)] } ?? [])
    } catch let failure as WebFailure {
      throw CloudError(
        .unavailable, "the container's keys cannot be had from \(address): \(failure)",
        cause: failure)
    }
    guard answer.status == 200 else {
      throw CloudError(
        .refused,
        "the container's keys cannot be had: \(address) answers with HTTP \(answer.status)")
    }
    return try Self.keys(in: answer.body, of: "what \(address) answers", token: "Token")
  }

  /// The keys of a machine's role; `nil` if this is no machine of AWS, or it has none.
  private func machineKeys() async throws -> AmazonKeys? {
    if value("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
    let text = value("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254"
    guard let server = WebAddress(text) else {
      throw CloudError(
        .settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT is '\(text)', which is no address")
    }
    let client = WebClient(settings: try settings())
    do {
      let pass = try await client.put(
        server.appending("/latest/api/token"),
        headers: [("X-aws-ec2-metadata-token-ttl-seconds", "300")])
      guard pass.status == 200 else { return nil }
      let headers = [("X-aws-ec2-metadata-token", String(decoding: pass.body, as: UTF8.self))]
      let roles = server.appending("/latest/meta-data/iam/security-credentials/")
      let names = try await client.fetch(roles, headers: headers)
      let role = String(decoding: names.body, as: UTF8.self).prefix { !$0.isNewline }
      guard names.status == 200, !role.isEmpty else { return nil }
      let answer = try await client.fetch(roles.appending("/\(role)"), headers: headers)
      guard answer.status == 200 else { return nil }
      return try Self.keys(in: answer.body, of: "what \(server.server) answers", token: "Token")
    } catch is WebFailure {
      return nil
    }
  }
}
