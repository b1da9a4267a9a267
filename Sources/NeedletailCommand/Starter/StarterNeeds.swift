import FoundationEssentials
import Needletail

/// What this machine lacks to build and run a new package.
struct StarterNeeds {
  static let spark = "pyspark[connect]==4.3.0"
  static let onnxRuntime = "onnxruntime==1.32.0"

  let environment: [String: String]
  /// The package's folder, absolute.
  let folder: String
  /// The folder that this command lies in, `nil` if that is unknown.
  let program: String?

  /// What is to be installed on the machine, as sentences without a full stop.
  var programs: [String] {
    var missing: [String] = []
    if !isOnPath("swift") { missing.append("install Swift 6.2 or later (swift.org/install)") }
    let home = value("JAVA_HOME")
    let hasJava = home.map { FileSystem.isFile("\($0)/bin/java") } ?? isOnPath("java")
    if !hasServer, !hasJava {
      missing.append("install Java 17 or later (Debian, Ubuntu: openjdk-17-jre-headless)")
    }
    return missing
  }

  /// The commands that bring Python's packages where the program finds them, and run it, to be given in its
  /// folder.
  var commands: [String] {
    var packages: [String] = []
    if !hasServer, value("SPARK_HOME") == nil, !isInstalled("pyspark/bin/spark-submit"),
      SparkPlaces.homeOnPath(environment) == nil
    {
      packages.append("'\(Self.spark)'")
    }
    if value("NEEDLETAIL_ONNXRUNTIME") == nil, value("NEEDLETAIL_RUNTIMES") == nil,
      !isInstalled("onnxruntime/capi/__init__.py")
    {
      packages.append(Self.onnxRuntime)
    }
    let list = packages.joined(separator: " ")
    if let environment = value("VIRTUAL_ENV") ?? own {
      let run = value("VIRTUAL_ENV") == nil ? "VIRTUAL_ENV=\(environment) swift run" : "swift run"
      return packages.isEmpty ? [run] : ["\(environment)/bin/pip install \(list)", run]
    }
    guard !packages.isEmpty else { return ["swift run"] }
    return ["python3 -m venv .venv", ".venv/bin/pip install \(list)", "swift run"]
  }

  /// The environment that this command was installed into, where nothing else has been named: the program
  /// is built elsewhere and would not look there.
  private var own: String? {
    guard value("NEEDLETAIL_PYTHON") == nil, let program else { return nil }
    let folder = URL(fileURLWithPath: program).deletingLastPathComponent().path
    return FileSystem.isFile("\(folder)/pyvenv.cfg") ? folder : nil
  }

  private var hasServer: Bool { value("SPARK_REMOTE") != nil }

  private func value(_ variable: String) -> String? {
    environment[variable].flatMap { $0.isEmpty ? nil : $0 }
  }

  private func isOnPath(_ program: String) -> Bool {
    (environment["PATH"] ?? "").split(separator: ":").contains {
      FileSystem.isFile("\($0)/\(program)")
    }
  }

  /// Whether one of the environments in which the program will look has this file of a package.
  private func isInstalled(_ file: String) -> Bool {
    PythonEnvironments.folders(environment, above: [folder], program: own.map { "\($0)/bin" })
      .flatMap(PythonEnvironments.packages(of:))
      .contains { FileSystem.isFile("\($0)/\(file)") }
  }
}
