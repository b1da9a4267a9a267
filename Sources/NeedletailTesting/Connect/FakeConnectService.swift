import CGzip
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

/// The requests of a ``FakeConnectServer``.
final class FakeConnectService: Spark_Connect_SparkConnectService.SimpleServiceProtocol {
  let owner = Mutex<WeakServer?>(nil)
  let version: String

  init(version: String) { self.version = version }

  func server() throws -> FakeConnectServer {
    guard let server = owner.withLock({ $0?.server }) else {
      throw RPCError(code: .unavailable, message: "the fake server has ended")
    }
    return server
  }

  /// The server, unless the client means a session that it does not have.
  private func server(of request: some ObservingSessionRequest) throws -> FakeConnectServer {
    let server = try server()
    let (id, lost) = server.state.withLock { ($0.serverSession, $0.lostSession) }
    if let lost { throw lost }
    let observed = request.clientObservedServerSideSessionID
    if !observed.isEmpty, observed != id {
      throw GoogleRPCStatus.spark(
        "[INVALID_HANDLE.SESSION_CHANGED] The handle is invalid. The existing Spark server driver "
          + "instance has restarted. SQLSTATE: HY000", condition: "INVALID_HANDLE.SESSION_CHANGED")
    }
    return server
  }

  /// A response that tells the server's side of the session.
  private func answering<Response: SessionResponse>(_ response: Response) throws -> Response {
    var response = response
    response.serverSideSessionID = try server().state.withLock { $0.serverSession }
    return response
  }

  // MARK: Executions

  func executePlan(
    request: Spark_Connect_ExecutePlanRequest,
    response: RPCWriter<Spark_Connect_ExecutePlanResponse>, context: ServerContext
  ) async throws {
    let server = try server(of: request)
    let isLost = server.state.withLock { state in
      guard state.lostExecutions > 0 else { return false }
      state.lostExecutions -= 1
      return true
    }
    if isLost { throw RPCError(code: .unavailable, message: "the request got lost") }
    let script = server.state.withLock { $0.script }
    var complete = Spark_Connect_ExecutePlanResponse()
    complete.resultComplete = .init()
    let steps = try script(request.plan) + [.respond(complete)]
    server.state.withLock { state in
      state.log.executions.append(request)
      state.operations[request.operationID] = FakeConnectServer.Operation(
        responses: steps.enumerated().map { ("response-\($0)", $1) })
    }
    try await play(request.operationID, from: 0, response)
  }

  func reattachExecute(
    request: Spark_Connect_ReattachExecuteRequest,
    response: RPCWriter<Spark_Connect_ExecutePlanResponse>, context: ServerContext
  ) async throws {
    let server = try server(of: request)
    let operation = server.state.withLock { state in
      state.log.reattachments.append(request)
      return state.operations[request.operationID]
    }
    guard let operation else {
      throw GoogleRPCStatus.spark(
        "[INVALID_HANDLE.OPERATION_NOT_FOUND] The handle is invalid. Operation not found.",
        condition: "INVALID_HANDLE.OPERATION_NOT_FOUND")
    }
    var start = 0
    if request.hasLastResponseID {
      let last = operation.responses.firstIndex { $0.id == request.lastResponseID }
      guard let last, last + 1 >= operation.firstKept else {
        throw GoogleRPCStatus.spark(
          "[INVALID_CURSOR.POSITION_NOT_AVAILABLE] The cursor is invalid.",
          condition: "INVALID_CURSOR.POSITION_NOT_AVAILABLE")
      }
      start = last + 1
    }
    try await play(request.operationID, from: start, response)
  }

  private func play(
    _ id: String, from start: Int, _ writer: RPCWriter<Spark_Connect_ExecutePlanResponse>
  ) async throws {
    let server = try server()
    let responses = server.state.withLock { $0.operations[id]?.responses ?? [] }
    for index in start..<responses.count {
      switch responses[index].step {
      case .respond(var message):
        message.operationID = id
        message = try answering(message)
        message.responseID = responses[index].id
        try await writer.write(message)
        server.state.withLock { $0.log.sentResponseCount += 1 }
      case .fail(let status): throw status
      case .loseConnection:
        if breaks(id, at: index, server) {
          throw RPCError(code: .unavailable, message: "Network closed for unknown reason")
        }
      case .endStream: if breaks(id, at: index, server) { return }
      case .waitForInterrupt:
        while server.state.withLock({ $0.operations[id]?.isInterrupted == false }) {
          try await Task.sleep(for: .milliseconds(5))
        }
        throw GoogleRPCStatus.spark(
          "[OPERATION_CANCELED] Operation has been canceled.", condition: "OPERATION_CANCELED")
      }
    }
  }

  /// Whether the stream breaks here: the first time only.
  private func breaks(_ id: String, at index: Int, _ server: FakeConnectServer) -> Bool {
    server.state.withLock { $0.operations[id]?.broken.insert(index).inserted == true }
  }

  func releaseExecute(
    request: Spark_Connect_ReleaseExecuteRequest, context: ServerContext
  ) async throws -> Spark_Connect_ReleaseExecuteResponse {
    try server().state.withLock { state in
      state.log.releases.append(request)
      if case .releaseUntil(let until) = request.release,
        let operation = state.operations[request.operationID],
        let index = operation.responses.firstIndex(where: { $0.id == until.responseID })
      {
        state.operations[request.operationID]?.firstKept = index + 1
      } else if case .releaseAll = request.release {
        state.operations[request.operationID] = nil
      }
    }
    try await stayingSilent()
    return .init()
  }

  func interrupt(
    request: Spark_Connect_InterruptRequest, context: ServerContext
  ) async throws -> Spark_Connect_InterruptResponse {
    try answering(
      try server(of: request).state.withLock { state in
        state.log.interrupts.append(request)
        let ids =
          request.interruptType == .operationID
          ? [request.operationID] : state.operations.keys.sorted()
        for id in ids { state.operations[id]?.isInterrupted = true }
        return .with { $0.interruptedIds = ids }
      })
  }

  func fetchErrorDetails(
    request: Spark_Connect_FetchErrorDetailsRequest, context: ServerContext
  ) async throws -> Spark_Connect_FetchErrorDetailsResponse {
    try await stayingSilent()
    return try server().state.withLock { $0.errors[request.errorID] ?? .init() }
  }

  /// Waits for the client to give up, if the server is to be silent.
  private func stayingSilent() async throws {
    if try server().state.withLock({ $0.isSilent }) { try await Task.sleep(for: .seconds(60)) }
  }

  // MARK: Session

  func analyzePlan(
    request: Spark_Connect_AnalyzePlanRequest, context: ServerContext
  ) async throws -> Spark_Connect_AnalyzePlanResponse {
    _ = try server(of: request)
    return try answering(try analysis(request))
  }

  private func analysis(
    _ request: Spark_Connect_AnalyzePlanRequest
  ) throws -> Spark_Connect_AnalyzePlanResponse {
    switch request.analyze {
    case .sparkVersion: return .with { $0.sparkVersion.version = version }
    case .schema(let schema):
      let find = try server().state.withLock { $0.schema }
      let type = try find(schema.plan)
      return .with { $0.schema.schema = type }
    case .inputFiles:
      let files = try server().state.withLock { $0.inputFiles }
      return .with { $0.inputFiles.files = files }
    case .isStreaming(let question):
      return .with { $0.isStreaming.isStreaming = question.plan.root.read.isStreaming }
    case .explain:
      let text = try server().state.withLock { $0.explanation }
      return .with { $0.explain.explainString = text }
    case .persist: return .with { $0.persist = .init() }
    case .unpersist: return .with { $0.unpersist = .init() }
    case .ddlParse, nil: throw RPCError(code: .unimplemented, message: "not in the fake server")
    }
  }

  func config(
    request: Spark_Connect_ConfigRequest, context: ServerContext
  ) async throws -> Spark_Connect_ConfigResponse {
    try answering(
      try server(of: request).state.withLock { state in
        var response = Spark_Connect_ConfigResponse()
        func pair(_ key: String, _ value: String?) -> Spark_Connect_KeyValue {
          .with {
            $0.key = key
            if let value { $0.value = value }
          }
        }
        switch request.operation.opType {
        case .set(let set): for pair in set.pairs { state.log.settings[pair.key] = pair.value }
        case .unset(let unset): for key in unset.keys { state.log.settings[key] = nil }
        case .getOption(let get):
          response.pairs = get.keys.map {
            pair($0, state.log.settings[$0] ?? state.defaults[$0])
          }
        case .getAll(let all):
          response.pairs = state.log.settings.filter { $0.key.hasPrefix(all.prefix) }
            .map { pair($0.key, $0.value) }
        case .isModifiable(let keys): response.pairs = keys.keys.map { pair($0, "true") }
        case nil: break
        }
        return response
      })
  }

  func releaseSession(
    request: Spark_Connect_ReleaseSessionRequest, context: ServerContext
  ) async throws -> Spark_Connect_ReleaseSessionResponse {
    try server().state.withLock { $0.log.releasedSessions.append(request.sessionID) }
    return .init()
  }

  func cloneSession(
    request: Spark_Connect_CloneSessionRequest, context: ServerContext
  ) async throws -> Spark_Connect_CloneSessionResponse {
    _ = try server(of: request)
    return try answering(
      .with {
        $0.sessionID = request.sessionID
        $0.newSessionID = request.newSessionID
      })
  }

  // MARK: Artifacts

  func addArtifacts(
    request: RPCAsyncSequence<Spark_Connect_AddArtifactsRequest, any Error>, context: ServerContext
  ) async throws -> Spark_Connect_AddArtifactsResponse {
    let server = try server()
    let (failure, isDamaged) = server.state.withLock { ($0.artifactFailure, $0.damagesArtifacts) }
    var finished: [FakeConnectServer.Artifact] = []
    var open: (artifact: FakeConnectServer.Artifact, total: Int64, chunks: Int64)?
    func checked(_ chunk: Spark_Connect_AddArtifactsRequest.ArtifactChunk) throws -> Data {
      let crc = chunk.data.withUnsafeBytes { bytes in
        needletail_crc32(0, bytes.baseAddress, bytes.count)
      }
      guard Int64(crc) == chunk.crc else {
        throw RPCError(code: .dataLoss, message: "crc \(chunk.crc), expected \(crc)")
      }
      return chunk.data
    }
    for try await message in request {
      _ = try self.server(of: message)
      if let failure { throw failure }
      switch message.payload {
      case .batch(let batch):
        for single in batch.artifacts {
          let data = try checked(single.data)
          finished.append(.init(name: single.name, bytes: data, chunkSizes: [data.count]))
        }
      case .beginChunk(let begin):
        let data = try checked(begin.initialChunk)
        open = (
          .init(name: begin.name, bytes: data, chunkSizes: [data.count]), begin.totalBytes,
          begin.numChunks
        )
      case .chunk(let chunk):
        let data = try checked(chunk)
        open?.artifact.bytes += data
        open?.artifact.chunkSizes.append(data.count)
      case nil: throw RPCError(code: .invalidArgument, message: "an empty message")
      }
      if let done = open, done.chunks == Int64(done.artifact.chunkSizes.count) {
        guard done.total == Int64(done.artifact.bytes.count) else {
          throw RPCError(code: .invalidArgument, message: "the sizes do not add up")
        }
        finished.append(done.artifact)
        open = nil
      }
    }
    if open != nil { throw RPCError(code: .invalidArgument, message: "an artifact is incomplete") }
    let artifacts = finished
    server.state.withLock { state in
      state.log.artifacts += artifacts
      state.cachedArtifacts.formUnion(artifacts.map(\.name).filter { $0.hasPrefix("cache/") })
    }
    return try answering(
      .with {
        $0.artifacts = artifacts.map { artifact in
          .with {
            $0.name = artifact.name
            $0.isCrcSuccessful = !isDamaged
          }
        }
      })
  }

  func artifactStatus(
    request: Spark_Connect_ArtifactStatusesRequest, context: ServerContext
  ) async throws -> Spark_Connect_ArtifactStatusesResponse {
    try answering(
      try server(of: request).state.withLock { state in
        .with {
          for name in request.names {
            $0.statuses[name] = .with { $0.exists = state.cachedArtifacts.contains(name) }
          }
        }
      })
  }
}
