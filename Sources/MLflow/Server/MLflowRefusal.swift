import JSONText
import Web

/// A server's "no", in words that say what to do.
struct MLflowRefusal {
  let answer: WebAnswer
  /// What was asked for.
  let subject: String
  let reference: MLflowReference
  let settings: MLflowSettings
  /// Where it was asked for.
  let asked: WebAddress

  private var authorization: MLflowSettings.Authorization? {
    settings.authorization(for: asked)
  }

  /// What to do where nobody was shown.
  private var advice: String {
    settings.knows(asked)
      ? "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
      : "\(settings.tracking) names that server, to which nobody is told who asks; name it yourself: write "
        + "mlflow:\(asked.server)/ before the model"
  }

  /// What the server says itself, in brackets; empty if it says nothing that is short.
  static func told(_ answer: WebAnswer) -> String {
    guard let json = try? JSONValue(parsing: answer.body, rules: .strict),
      let message = json["message"]?.string
    else { return "" }
    let line = message.split(whereSeparator: \.isNewline).first ?? ""
    return line.isEmpty ? "" : " (\(line.prefix(200)))"
  }

  private var code: String {
    (try? JSONValue(parsing: answer.body, rules: .strict))?["error_code"]?.string ?? ""
  }

  var error: MLflowError {
    let told = Self.told(answer)
    switch (answer.status, code) {
    case (401, _):
      return MLflowError(
        .accessDenied,
        "\(reference): \(asked.server) does not let in "
          + (authorization.map { "who shows \($0.source)\(told): check the value" }
            ?? "who shows nothing\(told): \(advice)"))
    case (403, _):
      return MLflowError(
        .accessDenied,
        "\(reference): \(asked.server) refuses \(subject)\(told): "
          + (authorization.map {
            "ask its operator to let the user of \($0.source) read it"
          }
            ?? advice))
    case (_, "RESOURCE_DOES_NOT_EXIST"), (400, "INVALID_PARAMETER_VALUE"):
      return MLflowError(
        .notFound,
        "\(reference): \(asked.server) does not have \(subject)\(told); see the models at "
          + "\(settings.registry)/#/models")
    case (404, _):
      return MLflowError(
        .notFound,
        "\(reference): \(asked.server) knows no such request (404) for \(subject); check that "
          + "MLFLOW_TRACKING_URI is a server of MLflow, with the path that it has behind a proxy")
    default:
      return MLflowError(
        .unavailable,
        "\(reference): \(asked.server) answers with the status \(answer.status)\(told) when it is "
          + "asked for \(subject)")
    }
  }
}
