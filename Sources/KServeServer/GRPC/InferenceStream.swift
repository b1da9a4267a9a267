import GRPCCore
import KServeProtocol

/// One call of ModelStreamInfer: requests are taken on as they come, and their responses sent as they
/// are ready.
struct InferenceStream {
  let inference: InferenceService

  /// Serves the requests until there are no more and all are answered.
  func run(
    _ requests: RPCAsyncSequence<Result<InferRequest, KServeError>, any Error>,
    write: (InferStreamResponse) async throws -> Void
  ) async throws {
    let cancellations = CancellationGroup()
    let (responses, source) = AsyncStream<InferStreamResponse>.makeStream()
    try await withRPCCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        let inference = inference
        tasks.addTask {
          defer { source.finish() }
          await withDiscardingTaskGroup { answers in
            do {
              for try await request in requests {
                let cancellation = cancellations.make()
                switch request {
                case .success(let request):
                  answers.addTask {
                    await inference.stream(request, cancellation: cancellation) {
                      source.yield($0)
                    }
                    cancellations.remove(cancellation)
                  }
                case .failure(let error):
                  source.yield(InferStreamResponse(errorMessage: error.message))
                }
              }
            } catch {
              // The stream broke: nobody waits for what is still at work.
              cancellations.cancel()
            }
          }
        }
        do {
          for await response in responses { try await write(response) }
        } catch {
          cancellations.cancel()
          throw error
        }
        try await tasks.waitForAll()
      }
    } onCancelRPC: {
      cancellations.cancel()
    }
  }
}
