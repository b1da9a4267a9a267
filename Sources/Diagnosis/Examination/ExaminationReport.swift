/// What the checks have found.
package struct ExaminationReport: Sendable, Encodable {
  /// Where it was looked.
  package enum Scope: String, Sendable, Encodable {
    case local, remote
  }

  package struct Entry: Sendable, Hashable {
    package let key: String
    package let name: String
    package let status: Finding.Status
    package let finding: String
    package let remedy: String?
    package let facts: [String: String]

    init(_ check: any Check, _ found: Finding) {
      key = check.key
      name = check.name
      status = found.status
      finding = found.text.inOneLine
      remedy = found.remedy?.inOneLine
      facts = found.facts
    }
  }

  /// The program's version.
  package let version: String
  package let scope: Scope
  /// `host:port`; `nil` for this machine, or if the address is none.
  package let server: String?
  package let checks: [Entry]

  /// Whether nothing failed.
  package var isHealthy: Bool { !checks.contains { $0.status == .fail } }

  // Programs find each key in each report: what there is not is null.
  private enum Key: String, CodingKey {
    case version, scope, server, ok, checks
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(version, forKey: .version)
    try container.encode(scope, forKey: .scope)
    try container.encode(server, forKey: .server)
    try container.encode(isHealthy, forKey: .ok)
    try container.encode(checks, forKey: .checks)
  }
}

extension ExaminationReport.Entry: Encodable {
  private enum Key: String, CodingKey {
    case key, name, status, finding, remedy, facts
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(key, forKey: .key)
    try container.encode(name, forKey: .name)
    try container.encode(status, forKey: .status)
    try container.encode(finding, forKey: .finding)
    try container.encode(remedy, forKey: .remedy)
    try container.encode(facts, forKey: .facts)
  }
}
