import KServeProtocol
import NIOCore

enum HTTPInference {
  struct Form {}
  static func request(model: String, version: String, body: TensorBytes, headerLength: Int?)
    throws(KServeError) -> (InferRequest, Form)
  {
    throw KServeError(.unimplemented, "no codec")
  }
  static func response(_ response: InferResponse, form: Form) throws(KServeError) -> HTTPResponse {
    throw KServeError(.unimplemented, "no codec")
  }
}
