import HostProcesses
import Texts

/// The Java that a local Spark runs on.
struct JavaCheck: Check {
  let key = "java"
  let name = "Java"
  let remedy =
    "Install it (Debian and Ubuntu: apt-get install openjdk-17-jre-headless) and, if it is not the first "
    + "on the PATH, set JAVA_HOME to its folder"
  /// What `JAVA_HOME` says; empty if it is not set.
  let home: String
  /// Finds the program `java`, or says why not.
  let find: @Sendable () throws -> String
  /// What the program at a path says when it is asked for its version.
  let ask: @Sendable (String) throws -> String

  /// The oldest that Spark 4 runs on.
  private static let oldest = 17

  func run() async throws -> Finding {
    guard let path = try? find() else {
      // Somebody has chosen one that is not there; else nothing may need it.
      if !home.isEmpty {
        return .fail(
          "JAVA_HOME is \(home), but there is no bin/java in it",
          remedy:
            "Set JAVA_HOME to the folder of a Java 17 or later, or unset it to use the java on the "
            + "PATH: unset JAVA_HOME")
      }
      return .warn(
        "none on the PATH; only a Spark on this machine needs it (for ORC, Avro, XML, SQL, several "
          + "machines)")
    }
    let said: String
    do {
      said = try ask(path)
    } catch {
      return .fail("\(path) cannot be started: \(error.reason)", ["path": path])
    }
    guard let version = Self.version(in: said) else {
      return .fail("\(path) does not tell its version: \(said.inOneLine)", ["path": path])
    }
    let facts = ["path": path, "version": version.text]
    guard version.major >= Self.oldest else {
      return .fail(
        "\(version.text) at \(path) is too old: Spark 4 needs Java \(Self.oldest) or later", facts)
    }
    return .ok("\(version.text) at \(path)", facts)
  }

  /// The version in a line such as `openjdk version "17.0.15" 2025-04-15`; of `1.8.0_392` it is 8.
  static func version(in text: String) -> (major: Int, text: String)? {
    guard let start = text.firstRange(of: "version \"") else { return nil }
    let version = text[start.upperBound...].prefix { $0 != "\"" }
    let numbers = version.split { !$0.isNumber }.compactMap { Int($0) }
    guard let first = numbers.first else { return nil }
    return (first == 1 && numbers.count > 1 ? numbers[1] : first, String(version))
  }

  /// Runs `java -version`.
  static let versionText: @Sendable (String) throws -> String = { path in
    let said = try CapturedProcess.run([path, "-version"], joinsErrors: true).output
    return String(decoding: said, as: UTF8.self)
  }
}
