import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Testing

@testable import SparkConnect

/// Profiles of resources: what is sent, how often, and what is refused.
struct ResourceProfileTests {
  private static let full = ResourceProfile(
    executor: .init(
      cores: 4, memory: 2048, memoryOverhead: 512,
      resources: ["gpu": .init(2, discoveryScript: "/bin/gpus", vendor: "nvidia.com")]),
    task: .init(cpus: 2, resources: ["gpu": 0.5]))

  private func answer(_ server: FakeConnectServer, id: Int32 = 7) {
    server.onExecute { plan in
      guard case .createResourceProfileCommand = plan.command.commandType else { return [] }
      return [
        .respond(.with { $0.createResourceProfileCommandResult = .with { $0.profileID = id } })
      ]
    }
  }

  @Test("a profile is sent with Spark's names")
  func message() throws {
    let message = try Self.full.message()
    let executors = message.executorResources
    #expect(
      executors.mapValues(\.amount) == [
        "cores": 4, "memory": 2048, "memoryOverhead": 512, "gpu": 2,
      ])
    #expect(executors.allSatisfy { $0.key == $0.value.resourceName })
    #expect(executors["gpu"]?.discoveryScript == "/bin/gpus")
    #expect(executors["gpu"]?.vendor == "nvidia.com")
    #expect(executors["cores"]?.hasDiscoveryScript == false)
    #expect(message.taskResources.mapValues(\.amount) == ["cpus": 2, "gpu": 0.5])
    #expect(message.taskResources.allSatisfy { $0.key == $0.value.resourceName })
    #expect(
      "\(Self.full)"
        == "executor: cores 4, memory 2048, memoryOverhead 512, gpu 2; task: cpus 2.0, gpu 0.5")
  }

  @Test("a profile is made once in a session, also by queries at the same time")
  func once() async throws {
    try await withSession { session, server in
      answer(server)
      let ids = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 { group.addTask { try await session.resourceProfileID(Self.full) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(ids == Array(repeating: 7, count: 8))
      #expect(server.executionCount == 1)
      answer(server, id: 8)
      let other = ResourceProfile(task: .init(cpus: 1))
      #expect(try await session.resourceProfileID(other) == 8)
      #expect(try await session.resourceProfileID(Self.full) == 7)
      #expect(server.executionCount == 2)
    }
  }

  @Test(
    "a refusal says what was asked for and what to do, and the next try is a new one",
    arguments: [
      (
        "ResourceProfiles are only supported on YARN and Kubernetes and Standalone with dynamic "
          + "allocation enabled.", "spark.dynamicAllocation.enabled=true"
      ),
      (
        "No executor resource configs were specified for the following task configs: gpu",
        "spark.executor.resource.NAME.amount"
      ),
      (
        "TaskResourceProfiles are only supported for Standalone, Yarn and Kubernetes cluster for now "
          + "when dynamic allocation is disabled.", "use a cluster"
      ),
    ])
  func refusals(reason: String, advice: String) async throws {
    try await withSession { session, server in
      server.fail(with: reason)
      let error = await sparkError { _ = try await session.resourceProfileID(Self.full) }
      #expect(error.kind == .server)
      #expect(error.message.contains(reason) && error.message.contains(advice))
      #expect(error.message.contains("gpu 0.5"))
      answer(server)
      let id = try await session.resourceProfileID(Self.full)
      #expect(id == 7)
    }
  }

  @Test(
    "amounts that no resource can have are refused before anything is sent",
    arguments: [
      (ResourceProfile(), "must ask for something"),
      (ResourceProfile(executor: .init(cores: 0)), "0 of 'cores'"),
      (ResourceProfile(executor: .init(resources: ["gpu": .init(-1)])), "-1 of 'gpu'"),
      (ResourceProfile(task: .init(cpus: 0)), "0.0 of 'cpus'"),
      (ResourceProfile(task: .init(resources: ["gpu": 1.5])), "1.5 of 'gpu'"),
      (ResourceProfile(task: .init(resources: ["gpu": .nan])), "nan of 'gpu'"),
      (ResourceProfile(task: .init(resources: ["gpu": .infinity])), "inf of 'gpu'"),
    ])
  func amounts(profile: ResourceProfile, text: String) async throws {
    try await withSession { session, server in
      let error = await sparkError { _ = try await session.resourceProfileID(profile) }
      #expect(error.kind == .invalidArgument)
      #expect(error.message.contains(text), "\(error.message)")
      #expect(server.executionCount == 0)
    }
  }
}
