/// A request that belongs to a session.
package protocol SessionRequest: Sendable {
  init()
  var sessionID: String { get set }
  var userContext: Spark_Connect_UserContext { get set }
  var clientType: String { get set }
}

/// A request that tells which session of the server the client means; the server refuses it if it has
/// been started again since.
package protocol ObservingSessionRequest: SessionRequest {
  var clientObservedServerSideSessionID: String { get set }
}

/// A response that tells which session of the server has answered.
package protocol SessionResponse: Sendable {
  var serverSideSessionID: String { get set }
}

extension Spark_Connect_ExecutePlanRequest: ObservingSessionRequest {}
extension Spark_Connect_AnalyzePlanRequest: ObservingSessionRequest {}
extension Spark_Connect_ConfigRequest: ObservingSessionRequest {}
extension Spark_Connect_AddArtifactsRequest: ObservingSessionRequest {}
extension Spark_Connect_ArtifactStatusesRequest: ObservingSessionRequest {}
extension Spark_Connect_InterruptRequest: ObservingSessionRequest {}
extension Spark_Connect_ReattachExecuteRequest: ObservingSessionRequest {}
extension Spark_Connect_ReleaseExecuteRequest: ObservingSessionRequest {}
extension Spark_Connect_FetchErrorDetailsRequest: ObservingSessionRequest {}
extension Spark_Connect_CloneSessionRequest: ObservingSessionRequest {}
extension Spark_Connect_ReleaseSessionRequest: SessionRequest {}

extension Spark_Connect_ExecutePlanResponse: SessionResponse {}
extension Spark_Connect_AnalyzePlanResponse: SessionResponse {}
extension Spark_Connect_ConfigResponse: SessionResponse {}
extension Spark_Connect_AddArtifactsResponse: SessionResponse {}
extension Spark_Connect_ArtifactStatusesResponse: SessionResponse {}
extension Spark_Connect_InterruptResponse: SessionResponse {}
extension Spark_Connect_ReleaseExecuteResponse: SessionResponse {}
extension Spark_Connect_ReleaseSessionResponse: SessionResponse {}
extension Spark_Connect_CloneSessionResponse: SessionResponse {}
