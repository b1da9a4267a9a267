import GRPCCore
import GRPCProtobuf
import KServeProtocol
import SwiftProtobuf

/// gRPC's own question whether a service is there, which load balancers ask.
struct HealthService: RegistrableRPCService {
  let server: KServeServer

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    let server = server
    router.registerUnary(
      "grpc.health.v1.Health", "Check", Grpc_Health_V1_HealthCheckRequest.self,
      Grpc_Health_V1_HealthCheckResponse.self
    ) { (request) throws(KServeError) in
      guard request.service.isEmpty || request.service == KServeService.name else {
        throw KServeError(.notFound, "the service '\(request.service)' is not known")
      }
      return .with { $0.status = server.isReady ? .serving : .notServing }
    }
  }
}
