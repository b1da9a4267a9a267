import Testing

@testable import Diagnosis

/// What the checks of this machine say of other machines.
struct LocalCheckTests {
  /// A check with what was found, and parts of what it says.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var check: any Check
    var status: Finding.Status
    var says: String
    var remedy: String? = nil

    var testDescription: String { name }
  }

  private static func host(cores: Int = 4, memory: Int64? = 8 << 30) -> HostFacts {
    HostFacts(
      system: "Debian GNU/Linux 12 (bookworm)", architecture: "x86_64", glibc: "2.36",
      cores: cores, memory: memory, gpus: GPUFacts())
  }

  private static func folder(
    problem: String? = nil, isExecutable: Bool = true, free: Int64? = 5 << 30
  ) -> TemporaryFolderCheck {
    let facts = FolderFacts(
      path: "/tmp", problem: problem, isExecutable: isExecutable, free: free)
    return TemporaryFolderCheck(look: { facts })
  }

  private static func java(
    home: String = "", path: String? = "/usr/bin/java", says: String = ""
  ) -> JavaCheck {
    JavaCheck(
      home: home, find: { try path ?? missing() }, ask: { _ in says })
  }

  private static func spark(
    home: String = "", path: String? = "/opt/spark", jars: [String] = []
  ) -> SparkCheck {
    SparkCheck(home: home, find: { try path ?? missing() }, jars: { _ in jars })
  }

  private struct Missing: Error {}

  private static func missing() throws -> String { throw Missing() }

  private static func library(
    version: String? = nil, path: String? = nil, problem: String? = nil
  ) -> LibraryCheck {
    let facts = RuntimeFacts(name: "PyTorch", version: version, path: path, problem: problem)
    return LibraryCheck(library: .torch, look: { facts })
  }

  private static func gpu(_ facts: GPUFacts, providers: [String]? = nil) -> GPUCheck {
    GPUCheck(look: { facts }, providers: { providers })
  }

  private static let h200 = GPUFacts(
    devices: [GPUFacts.Device(name: "NVIDIA H200", memory: 150_754_820_096)], cuda: "12.4",
    deviceFiles: ["nvidia0"])

  private static let system: [Case] = [
    Case(
      name: "program", check: ProgramCheck(version: "0.1.0", host: { host() }), status: .ok,
      says: "needletail 0.1.0 on Debian GNU/Linux 12 (bookworm), x86_64, glibc 2.36"),
    Case(
      name: "capacity", check: CapacityCheck(host: { host() }), status: .ok,
      says: "4 cores, 8 GiB of memory"),
    Case(
      name: "one core", check: CapacityCheck(host: { host(cores: 1, memory: nil) }), status: .ok,
      says: "1 core, memory unknown"),
    Case(
      name: "little memory", check: CapacityCheck(host: { host(memory: 1 << 30) }), status: .warn,
      says: "4 cores, 1 GiB of memory", remedy: "a local Spark alone takes 2 GiB"),
    Case(
      name: "folder", check: folder(), status: .ok,
      says: "/tmp, writable and executable, 5 GiB free"),
    Case(
      name: "read-only folder", check: folder(problem: "Read-only file system"), status: .fail,
      says: "/tmp cannot be written: Read-only file system",
      remedy: "export TMPDIR=/path/of/a/folder"),
    Case(
      name: "noexec folder", check: folder(isExecutable: false), status: .fail,
      says: "mounted with noexec", remedy: "mount -o remount,exec /tmp"),
    Case(
      name: "full folder", check: folder(free: 1 << 20), status: .warn, says: "1 MiB free",
      remedy: "Make room there"),
  ]

  private static let installations: [Case] = [
    Case(
      name: "Java 17", check: java(says: "openjdk version \"17.0.15\" 2025-04-15\nOpenJDK ..."),
      status: .ok, says: "17.0.15 at /usr/bin/java"),
    Case(
      name: "Java 8", check: java(says: "java version \"1.8.0_392\""), status: .fail,
      says: "1.8.0_392 at /usr/bin/java is too old: Spark 4 needs Java 17 or later",
      remedy: "apt-get install openjdk-17-jre-headless"),
    Case(
      name: "silent Java", check: java(says: "Segmentation fault"), status: .fail,
      says: "does not tell its version: Segmentation fault"),
    Case(
      name: "Java that does not start",
      check: JavaCheck(home: "", find: { "/usr/bin/java" }, ask: { _ in try missing() }),
      status: .fail, says: "/usr/bin/java cannot be started: Missing()",
      remedy: "apt-get install openjdk-17-jre-headless"),
    Case(
      name: "no Java", check: java(path: nil), status: .warn, says: "none on the PATH",
      remedy: "apt-get install openjdk-17-jre-headless"),
    Case(
      name: "wrong JAVA_HOME", check: java(home: "/opt/java", path: nil), status: .fail,
      says: "JAVA_HOME is /opt/java, but there is no bin/java in it", remedy: "unset JAVA_HOME"),
    Case(
      name: "Spark 4",
      check: spark(jars: ["a.jar", "spark-core_2.13-4.3.0.jar", "spark-connect_2.13-4.3.0.jar"]),
      status: .ok, says: "4.3.0 at /opt/spark"),
    Case(
      name: "Spark 3.5", check: spark(jars: ["spark-core_2.12-3.5.8.jar"]), status: .fail,
      says: "3.5.8 at /opt/spark is too old: Spark 4.0 to 4.3 is supported",
      remedy: "pip install 'pyspark[connect]==4.3.0'"),
    Case(
      name: "Spark 4.4", check: spark(jars: ["spark-core_2.13-4.4.0.jar"]), status: .warn,
      says: "newer than this program"),
    Case(
      name: "without Connect", check: spark(jars: ["spark-core_2.13-4.0.1.jar"]), status: .fail,
      says: "4.0.1 at /opt/spark comes without Spark Connect"),
    Case(name: "no jars", check: spark(), status: .fail, says: "no jar of Spark's core"),
    Case(
      name: "no Spark", check: spark(path: nil), status: .warn,
      says: "this program reads and writes Parquet", remedy: "pip install"),
    Case(
      name: "wrong SPARK_HOME", check: spark(home: "/opt/spark", path: nil), status: .fail,
      says: "SPARK_HOME is /opt/spark", remedy: "unset SPARK_HOME"),
  ]

  private static let libraries: [Case] = [
    Case(
      name: "library", check: library(version: "2.13.0", path: "/lib/libtorch_cpu.so"), status: .ok,
      says: "2.13.0 at /lib/libtorch_cpu.so"),
    Case(
      name: "library of the system", check: library(version: "unknown", path: "libtorch_cpu.so"),
      status: .ok, says: "libtorch_cpu.so, of the system"),
    Case(
      name: "no library", check: library(), status: .warn,
      says: "none found; needed for models compiled by PyTorch (.pt2)",
      remedy: "pip install torch"),
    Case(
      name: "broken library", check: library(path: "/lib/libtorch_cpu.so", problem: "no libgomp"),
      status: .fail, says: "it cannot be used: no libgomp", remedy: "NEEDLETAIL_TORCH"),
  ]

  private static let graphics: [Case] = [
    Case(
      name: "no GPU", check: gpu(GPUFacts()), status: .ok,
      says: "none; models run on the processor"),
    Case(
      name: "GPU", check: gpu(h200, providers: ["CUDAExecutionProvider"]), status: .ok,
      says: "NVIDIA H200 (140 GiB), CUDA 12.4"),
    Case(
      name: "GPU without its runtime", check: gpu(h200, providers: ["CPUExecutionProvider"]),
      status: .warn, says: "for processors only", remedy: "pip install onnxruntime-gpu"),
    Case(
      name: "GPU without a driver",
      check: gpu(GPUFacts(deviceFiles: ["nvidia0"], problem: "libcuda.so.1 cannot be opened")),
      status: .warn, says: "device files (nvidia0), but libcuda.so.1 cannot be opened",
      remedy: "docker run --gpus all"),
  ]

  @Test(
    "each finding has its text and its remedy",
    arguments: system + installations + libraries + graphics)
  func finding(_ example: Case) async throws {
    let report = try await Examination(
      version: "0.1.0", scope: .local, checks: [example.check]
    ).run()
    let entry = try #require(report.checks.first)
    #expect(entry.status == example.status)
    #expect(entry.finding.contains(example.says), "\(entry.finding)")
    #expect((entry.remedy == nil) == (entry.status == .ok))
    if let remedy = example.remedy {
      #expect(entry.remedy?.contains(remedy) == true, "\(entry.remedy ?? "")")
    }
  }

  @Test("the checks of this machine have names of their own, and need one another in order")
  func keys() {
    for examination in [
      Examination.local(version: ""), Examination.remote("sc://localhost", version: ""),
    ] {
      let keys = examination.checks.map(\.key)
      #expect(Set(keys).count == keys.count)
      for (place, check) in examination.checks.enumerated() {
        for need in check.needs { #expect(keys[..<place].contains(need), "\(check.key)") }
        #expect(!check.remedy.isEmpty && !check.name.isEmpty)
      }
    }
  }

  @Test("two GPUs of a kind are counted")
  func several() {
    var facts = Self.h200
    facts.devices += facts.devices
    #expect(facts.summary == "2 × NVIDIA H200 (140 GiB), CUDA 12.4")
    #expect(GPUFacts.cudaVersion(12080) == "12.8")
    #expect(
      ["nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm", "nvidia", "null"].filter(
        GPUFacts.isDeviceFile) == ["nvidia0", "nvidia12"])
  }

  @Test("a folder of this machine can be looked at")
  func realFolder() throws {
    let missing = FolderFacts.of("/nonexistent/folder")
    #expect(missing.problem != nil && !missing.isExecutable)
    let here = FolderFacts.ofTemporaryFiles()
    #expect(here.problem == nil)
    #expect((here.free ?? 0) > 0)
  }

  @Test("the system's name is that of os-release")
  func systemName() {
    #expect(HostFacts.systemName("ID=x\nPRETTY_NAME=\"Rocky Linux 9\"\n") == "Rocky Linux 9")
    #expect(HostFacts.systemName("ID=x") == nil)
    #expect(HostFacts.here().glibc?.hasPrefix("2.") == true)
  }
}
