import NativeLibraries

/// The machines of the executors.
struct ExecutorsCheck: Check {
  let key = "executors"
  let name = "Executors"
  let needs: [String] = [WorkerCheck.key]
  let remedy = "Ask the operator: 'Please give all executors the same system'"
  let server: any ServerAccess
  /// The level of x86-64 of this machine, for which compilers here may have compiled models.
  var ownLevel = ProcessorFeatures.current.x86Level

  func run() async throws -> Finding {
    let found = try await server.executors().map(\.host)
    let systems = Self.distinct(found.map(\.system))
    let libraries = Self.distinct(found.map { $0.glibc ?? "unknown" })
    let architectures = Self.distinct(found.map(\.architecture))
    let processors = Self.distinct(found.map(\.processor))
    let cores = Self.range(found.map { Int64($0.cores) }) { "\($0)" }
    let memory = Self.range(found.compactMap(\.memory), sizeText)
    let facts = [
      "system": systems, "glibc": libraries, "architecture": architectures,
      "processor": processors, "cores": cores, "memory": memory,
    ]
    let text =
      "\(systems), \(processors), glibc \(libraries), \(cores) cores and \(memory) of memory each"
    if architectures.contains(",") { return .warn(text, facts) }
    if let ownLevel, let least = found.compactMap(\.level).min(), least < ownLevel {
      return .warn(
        "\(text). This machine has x86-64-v\(ownLevel): models that PyTorch compiles here (.pt2) may use "
          + "instructions that processors of x86-64-v\(least) lack, and are refused there then",
        remedy: "Compile such models on a machine like the executors; all others run there", facts)
    }
    return .ok(text, facts)
  }

  static func distinct(_ values: [String]) -> String {
    Set(values).sorted().joined(separator: ", ")
  }

  /// One number, or the least and the greatest.
  static func range(_ values: [Int64], _ text: (Int64) -> String) -> String {
    guard let least = values.min(), let most = values.max() else { return "unknown" }
    return least == most ? text(least) : "\(text(least)) to \(text(most))"
  }
}

/// The folders on the executors that the program and its models use.
struct ExecutorFoldersCheck: Check {
  let key = "executor-folders"
  let name = "Folders on executors"
  let needs: [String] = [WorkerCheck.key]
  let remedy =
    "Give the executors another folder for temporary files: spark.executorEnv.TMPDIR=/path/of/a/folder in "
    + "the cluster's settings"
  let server: any ServerAccess

  func run() async throws -> Finding {
    let found = try await server.executors()
    for executor in found {
      let folder = executor.temporary
      if let problem = folder.problem {
        return .warn(
          "\(folder.path) on \(executor.hostName) cannot be written (\(problem)): models compiled by PyTorch "
            + "and servers beside executors need it")
      }
      if !folder.isExecutable {
        return .warn(
          "programs in \(folder.path) on \(executor.hostName) cannot be started (noexec): models compiled by "
            + "PyTorch cannot be opened")
      }
    }
    let free = found.compactMap(\.temporary.free)
    let temporary = ExecutorsCheck.distinct(found.map(\.temporary.path))
    let least = free.min().map { ", \(sizeText($0)) free" } ?? ""
    return .ok(
      "\(temporary), writable and executable\(least)",
      [
        "temporary": temporary, "files": ExecutorsCheck.distinct(found.map(\.files.path)),
        "free": free.min().map { "\($0)" } ?? "unknown",
      ])
  }
}

/// A library that runs models, on the executors.
struct ExecutorRuntimeCheck: Check {
  let library: RuntimeLibrary
  let server: any ServerAccess

  var key: String { "executor-\(library.key)" }
  var name: String { "\(library.name) on executors" }
  var needs: [String] { [WorkerCheck.key] }
  var remedy: String {
    if library.key == "onnxruntime" {
      return "Install it where this program runs (pip install onnxruntime): it is sent along"
    }
    let package = library.key == "tensorflow" ? "tensorflow-cpu" : library.key
    return "Install it where this program runs (pip install \(package)) and export "
      + "NEEDLETAIL_SHIP=\(library.key); or ask the operator to put it on the executors, and to name the "
      + "folder in spark.executorEnv.NEEDLETAIL_RUNTIMES"
  }

  func run() async throws -> Finding {
    let answers = try await server.runtimes()
    var versions: [String] = []
    var paths: [String] = []
    for answer in answers {
      guard let found = answer.runtimes.first(where: { $0.name == library.name }) else { continue }
      if let problem = found.problem {
        return .fail("it cannot be used on \(answer.hostName): \(problem)")
      }
      guard let version = found.version else {
        return .warn(
          "none found on \(answer.hostName); needed for \(library.purpose) there",
          ["host": answer.hostName])
      }
      versions.append(version)
      if let path = found.path { paths.append(path) }
    }
    guard !versions.isEmpty else { return .warn("no executor has answered") }
    let version = ExecutorsCheck.distinct(versions)
    let facts = ["version": version, "path": ExecutorsCheck.distinct(paths)]
    if Set(versions).count > 1 {
      return .warn(
        "executors have different ones: \(version)",
        remedy: "Ask the operator: 'Please install the same version on all executors'", facts)
    }
    return .ok(version == "unknown" ? "found" : version, facts)
  }
}

/// The GPUs of the executors.
struct ExecutorGPUCheck: Check {
  let key = "executor-gpus"
  let name = "GPUs on executors"
  let needs: [String] = [WorkerCheck.key]
  let remedy =
    "Ask the operator: 'Please install NVIDIA's driver on the executors, or start their containers with "
    + "the GPUs'"
  let server: any ServerAccess

  func run() async throws -> Finding {
    let found = try await server.executors()
    for executor in found {
      if let problem = executor.host.gpus.problem {
        return .warn("\(executor.hostName) has device files of GPUs, but \(problem)")
      }
    }
    let summaries = ExecutorsCheck.distinct(found.compactMap(\.host.gpus.summary))
    let assigned = Set(found.flatMap(\.assignedGPUs)).sorted().joined(separator: ", ")
    let facts = ["devices": summaries, "assigned": assigned]
    if summaries.isEmpty { return .ok("none; models run on the processors", facts) }
    if assigned.isEmpty {
      return .warn(
        "\(summaries), which Spark assigns to no task, so that all use the first",
        remedy: "For one for each task: spark.executor.resource.gpu.amount, "
          + "spark.executor.resource.gpu.discoveryScript and spark.task.resource.gpu.amount in the cluster's "
          + "settings, or --task-gpus where they are set for executors", facts)
    }
    return .ok("\(summaries), of which tasks have the numbers \(assigned)", facts)
  }
}

/// Rows to a worker and back.
struct RoundTripCheck: Check {
  let key = "round-trip"
  let name = "Round trip"
  let needs: [String] = [WorkerCheck.key]
  let remedy =
    "Look for the slow part: the network between here and the server (ping), or executors that are busy "
    + "with other jobs"
  let server: any ServerAccess

  private static let rows = 10_000
  private static let slow = Duration.seconds(5)

  func run() async throws -> Finding {
    let time = try await server.roundTrip(rows: Self.rows)
    let milliseconds = Int(time / .milliseconds(1))
    let text = "\(Self.rows) rows to a worker and back in \(milliseconds) ms"
    let facts = ["rows": "\(Self.rows)", "milliseconds": "\(milliseconds)"]
    return time > Self.slow ? .warn(text, facts) : .ok(text, facts)
  }
}
