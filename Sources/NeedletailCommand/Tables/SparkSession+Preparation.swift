import Needletail

extension SparkSession {
  /// Tells the session the settings, and sends it the libraries that formats need.
  ///
  /// - Parameter isOwn: whether the Spark was started for this command, which told it both then.
  func prepare(
    _ settings: [String: String], jars: [String], formats: [String], isOwn: Bool
  ) async throws {
    guard isOwn else {
      if !settings.isEmpty { try await conf.set(settings) }
      return try await SparkJars.send(jars, formats: formats, to: self)
    }
    // Some can be told as it starts alone, and the others are checked only when they are told later.
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      if try await conf.isModifiable(name) { try await conf.set(name, value) }
    }
  }
}
