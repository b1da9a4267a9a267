import Foundation
import JSONText
import KServeProtocol

/// Answers that were recorded from servers which are neither Triton nor ours.
enum RecordedServers {
  /// KServe's Python server 0.16 with a model `dbl` that doubles rows of three floats: null for what is
  /// optional, and no configuration.
  static func kserve(_ request: HTTPPeer.Request) -> HTTPPeer.Answer {
    switch (request.method, request.path) {
    case ("GET", "/v2"):
      return .json(
        #"{"name":"kserve","version":"0.16.0","extensions":["model_repository_extension"]}"#)
    case ("GET", "/v2/models/dbl"):
      return .json(
        #"{"name":"dbl","versions":null,"platform":"","inputs":[{"name":"x","datatype":"FP32","#
          + #""shape":[-1,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,3]}]}"#)
    case ("POST", "/v2/models/dbl/infer"):
      return doubled(request) { outputs in
        #"{"model_name":"dbl","model_version":null,"id":"1","parameters":null,"outputs":[\#(outputs)]}"#
      }
    default: return .notFound
    }
  }

  /// MLServer 1.7.1 with a model of the same kind.
  static func mlserver(_ request: HTTPPeer.Request) -> HTTPPeer.Answer {
    switch (request.method, request.path) {
    case ("GET", "/v2"):
      return .json(#"{"name":"mlserver","version":"1.7.1","extensions":[]}"#)
    case ("GET", "/v2/models/dbl"):
      return .json(
        #"{"name":"dbl","versions":[],"platform":"","inputs":[{"name":"x","datatype":"FP32","shape":"#
          + #"[-1,3],"parameters":{"content_type":null}}],"outputs":[{"name":"y","datatype":"FP32","#
          + #""shape":[-1,3]}],"parameters":{}}"#)
    case ("POST", "/v2/repository/index"):
      return .json(#"[{"name":"dbl","version":null,"state":"READY","reason":""}]"#)
    case ("POST", "/v2/models/dbl/infer"):
      return doubled(request) { outputs in
        #"{"model_name":"dbl","id":"a-b","parameters":{},"outputs":[\#(outputs)]}"#
      }
    default: return .notFound
    }
  }

  /// A server with no more than the two calls that a prediction needs.
  static func minimal(_ request: HTTPPeer.Request) -> HTTPPeer.Answer {
    switch (request.method, request.path) {
    case ("GET", "/v2/models/dbl"), ("POST", "/v2/models/dbl/infer"): kserve(request)
    default: HTTPPeer.Answer(status: 404, body: "404 page not found")
    }
  }

  /// The numbers of the input, doubled, as the output `y`; refuses what is not in JSON, as MLServer does.
  private static func doubled(
    _ request: HTTPPeer.Request, _ response: (String) -> String
  ) -> HTTPPeer.Answer {
    guard request.headers["content-type"] == "application/json",
      let message = try? JSONValue(parsing: Array(request.body), rules: JSONRules(isLenient: true)),
      let input = message["inputs"]?.elements?.first
    else { return .json(#"{"error":"the body is no JSON"}"#, status: 500) }
    let numbers = (input["data"]?.elements ?? []).map { element in
      switch element {
      case .integer(let number): Double(number)
      case .number(let number): number
      default: Double.nan
      }
    }
    // orjson has null for what JSON has no word for.
    let data = numbers.map { $0.isFinite ? "\($0 * 2)" : "null" }.joined(separator: ",")
    let shape = String(decoding: input["shape"]?.encoded() ?? [], as: UTF8.self)
    return .json(
      response(
        #"{"name":"y","shape":\#(shape),"datatype":"FP32","parameters":null,"data":[\#(data)]}"#))
  }
}
