import Testing
import Threads

@testable import ONNXRuntime

@Suite("Runs at the same time")
struct RunPolicyTests {
  static let providers: [(ExecutionProvider, RunPolicy)] = [
    (.cpu, .concurrent), (.cuda(), .oneAtATime), (.tensorRT(), .oneAtATime),
    (.openVINO(), .oneAtATime), (.other("XNNPACK"), .oneAtATime),
  ]

  @Test(arguments: providers) func ofProvider(_ provider: ExecutionProvider, _ policy: RunPolicy) {
    #expect(provider.runPolicy == policy)
  }

  @Test(arguments: providers) func ofSession(_ provider: ExecutionProvider, _ policy: RunPolicy) {
    var options = ONNXSessionOptions(providers: [provider, .cpu])
    let cpu = ExecutionProvider.cpu.name
    #expect(options.runPolicy(inUse: [provider.name, cpu]) == policy)
    // A provider that was not required and is missing has no say.
    #expect(options.runPolicy(inUse: [cpu]) == .concurrent)
    options.maximumConcurrentRuns = 3
    #expect(options.runPolicy(inUse: [provider.name, cpu]) == .limited(3))
    #expect(ONNXSessionOptions().runPolicy(inUse: [cpu]) == .concurrent)
  }
}
