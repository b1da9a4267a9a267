import Logging
package import MLflow
package import Models
import Synchronization

extension ModelSource {
  /// A model of MLflow, which was logged in the flavor `onnx` or `tensorflow`:
  /// `.mlflow("models:/name@champion")`, `models:/name/3`, `models:/m-ID`, `runs:/ID/path`.
  ///
  /// What it is is asked here, and the caller's thread waits for the server. An alias means the same
  /// version as long as the process lives.
  ///
  /// - Parameter server: its address, such as `https://mlflow.example.com`; `nil` for that of the
  ///   environment (`MLFLOW_TRACKING_URI`). Who asks is told by MLflow's variables in any case.
  /// - Throws: ``MLflowError`` if it cannot be had, or was logged in another form.
  public static func mlflow(_ uri: String, server: String? = nil) throws -> ModelSource {
    guard let server else { return try ModelSource(path: "mlflow:" + uri.withoutScheme) }
    let address = server.hasSuffix("/") ? String(server.dropLast()) : server
    return try ModelSource(path: "mlflow:\(address)/\(uri.withoutScheme)")
  }

  /// What is said of the model where it was logged, and is not so.
  package func contradictions(to model: any Model) -> [String] {
    guard isOfMLflow else { return [] }
    return (try? MLflowModel(path))?.contradictions(to: model) ?? []
  }

  private static let log = Logger(label: "needletail.mlflow")
  private static let told = Mutex<Set<String>>([])

  /// Tells of these, each once.
  func tellContradictions(to model: any Model) {
    for text in contradictions(to: model) {
      if Self.told.withLock({ $0.insert(text).inserted }) { Self.log.warning("\(text)") }
    }
  }
}

extension String {
  fileprivate var withoutScheme: String {
    hasPrefix("mlflow:") ? String(dropFirst("mlflow:".count)) : self
  }
}

extension ModelKinds {
  /// The model of MLflow that is named so.
  ///
  /// - Parameter server: `nil` for that of the environment.
  /// - Throws: ``MLflowError`` if it cannot be had; what a kind throws that cannot use it.
  package func source(ofMLflow name: String, _ server: MLflowServer? = nil) throws -> ModelSource {
    var source = try MLflowModel(name, server).source(of: kinds)
    source.path = name
    return source
  }
}
