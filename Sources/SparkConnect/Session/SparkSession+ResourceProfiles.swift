import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

extension SparkSession {
  /// The id of `profile` on the server, which is told of it when it is first used in this session.
  ///
  /// - Throws: ``SparkError`` if an amount cannot be or the server refuses the profile.
  package func resourceProfileID(_ profile: ResourceProfile) async throws -> Int {
    let registration = profileIDs.withLock { profileIDs -> Task<Int, any Error> in
      if let known = profileIDs[profile] { return known }
      let task = Task { try await self.createResourceProfile(profile) }
      profileIDs[profile] = task
      return task
    }
    do {
      return try await registration.value
    } catch {
      profileIDs.withLock { $0[profile] = nil }
      throw error
    }
  }

  private func createResourceProfile(_ profile: ResourceProfile) async throws -> Int {
    let message = try profile.message()
    let plan = Spark_Connect_Plan.with {
      $0.command.createResourceProfileCommand.profile = message
    }
    let result = Collected<Int>()
    do {
      try await execute(plan, calls: []) { response in
        if case .createResourceProfileCommandResult(let profile) = response.responseType {
          result.set(Int(profile.profileID))
        }
      }
    } catch var error as SparkError where error.kind == .server {
      error.message =
        "the server refuses the resource profile (\(profile)): \(error.message)"
        + Self.advice(for: error.message)
      throw error
    }
    guard let id = result.value else {
      throw SparkError(.result, "the server did not tell the id of the resource profile")
    }
    return id
  }

  /// What to do about Spark's reason, which names no settings.
  private static func advice(for reason: String) -> String {
    if reason.contains("TaskResourceProfiles are only supported") {
      return
        ". A local Spark takes no profiles; use a cluster, or leave resources: out (--task-cpus, "
        + "--task-gpus)"
    }
    if reason.contains("with dynamic allocation enabled") {
      return
        ". Requests for executors need a server with spark.dynamicAllocation.enabled=true; without it, "
        + "ask for `task` resources only, of executors as they run"
    }
    if reason.contains("No executor resource configs were specified") {
      return
        ". The executors were started without that resource (spark.executor.resource.NAME.amount); start "
        + "the server with it, or, in Swift, ask for it in the profile's `executor` too"
    }
    return ""
  }
}
