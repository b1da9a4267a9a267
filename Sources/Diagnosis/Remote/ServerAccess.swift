import Deployment
import SparkConnect

/// The ways to a server, in the order in which they can be gone.
protocol ServerAccess: Sendable {
  /// Where the server is.
  ///
  /// - Throws: why the address is none.
  func target() throws -> ConnectionString
  /// The same, once its cloud was asked if it is a session in one.
  func resolve() async throws -> ConnectionString
  /// The address that the server's name stands for.
  func address() throws -> String
  /// Whether its port takes connections.
  func connect() async throws
  /// What it says first: over TLS if the target says so, else in the clear.
  func greeting() async throws -> Greeting
  /// Opens a session.
  func open() async throws
  /// Spark's version, as the open session knows it.
  func version() throws -> String
  /// The engine behind it if it is not Spark.
  func otherEngine() async throws -> ServerEngine?
  /// How the open session was told to run functions.
  func executionMode() throws -> ExecutionMode
  /// Sets a setting of the session, and takes it back.
  func set(_ key: String, _ value: String) async throws
  /// Sends a file of so many bytes.
  func send(_ byteCount: Int) async throws
  /// What the workers on executors say of their surroundings; they are asked once.
  func executors() async throws -> [ExecutorFacts]
  /// How these came to run the program.
  func chosenMode() throws -> ChosenMode
  /// What they have found to run models; they are asked once.
  func runtimes() async throws -> [ExecutorRuntimes]
  /// How long so many rows take to a worker and back, in one batch.
  func roundTrip(rows: Int) async throws -> Duration
  /// Ends the session.
  func close() async
}

extension ServerAccess {
  func resolve() async throws -> ConnectionString { try target() }

  /// Why the server does not let the session choose its worker; `nil` if it does.
  ///
  /// - Throws: what keeps it from answering.
  func refusal() async throws -> SparkError? {
    do {
      try await set(WorkerSettings.executable, "./needletail-doctor")
      return nil
    } catch let error as SparkError where error.isRefusal {
      return error
    }
  }
}

/// How executors have come to run the program.
enum ChosenMode: Sendable, Hashable {
  /// They start it in the place of Python.
  case direct
  /// Their own Python passes the batches to it; the reason is told where nobody has asked for that.
  case shim(reason: String?)
}
