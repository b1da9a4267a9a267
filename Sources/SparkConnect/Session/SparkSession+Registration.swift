import SparkConnectProtocol
import SwiftProtobuf

extension SparkSession {
  /// Makes `function` callable by its name in SQL within this session, in the place of a function that
  /// had the name. The program is brought to the executors now: queries in SQL do not tell what they call.
  ///
  /// - Parameter argumentCount: how many arguments each call has.
  /// - Throws: ``SparkError`` if the server refuses, or is lost, or its executors cannot run functions;
  ///   `CancellationError` when the task is cancelled.
  package func registerFunction(_ function: InlineFunction, argumentCount: Int) async throws {
    // Stand for the arguments until it is known how calls are sent, which depends on their number.
    let places = (0..<argumentCount).map { place in
      Spark_Connect_Expression.with { $0.literal.integer = Int32(place) }
    }
    let message = try function.message(places, names: [], version: majorMinorVersion)
    var registered = function
    // The arguments are known to the server alone, and only in queries.
    registered.check = { _ in }
    let call = InlineCall(function: registered, arguments: [], input: range(0))
    try await execute(.with { $0.registerFunction = message }, calls: [call])
  }
}
