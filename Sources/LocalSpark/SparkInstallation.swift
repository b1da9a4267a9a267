public import FoundationEssentials
import HostProcesses
import NativeLibraries

/// A Spark distribution on this machine, and the Java to run it.
public struct SparkInstallation: Sendable, Hashable {
  /// The folder that holds `bin/spark-submit` and `jars`.
  public var home: String
  /// The `java` executable.
  public var java: String

  /// The Python that `home` is installed in, for Python functions beside ours; `nil` for a
  /// distribution of its own.
  package var python: String? {
    var folder = URL(fileURLWithPath: home)
    // ENVIRONMENT/lib/python3.x/site-packages/pyspark
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    let path = folder.path + "/bin/python"
    return Self.isFile(path) ? path : nil
  }

  public init(home: String, java: String) {
    self.home = home
    self.java = java
  }

  /// Finds Spark and Java.
  ///
  /// Spark is looked for as the runtimes are: `SPARK_HOME` alone, if it is set; else the folders in
  /// `NEEDLETAIL_RUNTIMES` (or `pyspark` and `spark` in them), those two in `../lib` beside the program's
  /// folder, the package `pyspark` of the Python environments named by `NEEDLETAIL_PYTHON` and
  /// `VIRTUAL_ENV`, of the one that the program was installed into, or of those called `.venv` in the
  /// current folder, the program's folder, or a folder above them; last `spark-submit` on the `PATH`.
  /// Java: `JAVA_HOME` alone, if it is set, else `java` on the `PATH`.
  ///
  /// - Throws: ``NeedletailError`` that says what is missing, where it was looked for and how to get
  ///   it.
  public static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> SparkInstallation {
    SparkInstallation(home: try findHome(environment), java: try findJava(environment))
  }

  /// The folder of Spark alone; throws as ``find(environment:)``.
  package static func findHome(_ environment: [String: String]) throws -> String {
    if let home = environment["SPARK_HOME"], !home.isEmpty {
      guard isFile(home + "/bin/spark-submit") else {
        throw NeedletailError(
          .missingRequirement,
          "SPARK_HOME is \(home), but there is no bin/spark-submit in it; set it to the folder of a "
            + "Spark 4 distribution, or unset it to use the pip package pyspark")
      }
      return home
    }
    var searched = SearchedPlaces()
    for home in SparkPlaces.homes(environment) {
      if isFile(home + "/bin/spark-submit") { return home }
      searched.add(home, "no bin/spark-submit in it")
    }
    if let home = SparkPlaces.homeOnPath(environment) { return home }
    searched.add("spark-submit on the PATH")
    throw NeedletailError(
      .missingRequirement,
      searched.message(
        "no Spark was found to run locally",
        advice:
          "Install it with `python3 -m venv .venv && .venv/bin/pip install 'pyspark[connect]==4.3.0'`, "
          + "or set SPARK_HOME, or name a running server with --remote sc://host:port or SPARK_REMOTE"
      ))
  }

  /// The version of the Spark at `home`; `nil` if it has no jar of Spark's core.
  package static func version(ofHome home: String) -> String? {
    version(amongJars: FileSystem.entries(of: home + "/jars"))
  }

  /// The version in the name of Spark's core, `spark-core_2.13-4.3.0.jar`.
  package static func version(amongJars jars: [String]) -> String? {
    guard let core = jars.first(where: { $0.hasPrefix("spark-core_") && $0.hasSuffix(".jar") })
    else { return nil }
    return core.dropLast(4).split(separator: "-", maxSplits: 2).last.map { String($0) }
  }

  /// The `java` alone; throws as ``find(environment:)``.
  package static func findJava(_ environment: [String: String]) throws -> String {
    if let home = environment["JAVA_HOME"], !home.isEmpty {
      let java = home + "/bin/java"
      guard isFile(java) else {
        throw NeedletailError(
          .missingRequirement,
          "JAVA_HOME is \(home), but there is no bin/java in it; set it to a Java 17 installation, "
            + "or unset it to use the java on the PATH")
      }
      return java
    }
    var searched = SearchedPlaces()
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      let java = folder + "/java"
      if isFile(String(java)) { return String(java) }
      searched.add(String(java))
    }
    throw NeedletailError(
      .missingRequirement,
      searched.message(
        "a local Spark needs Java 17 or later, and there is no java on the PATH",
        advice:
          "Install it (Debian and Ubuntu: apt-get install openjdk-17-jre-headless) or set JAVA_HOME, or "
          + "name a running server with --remote sc://host:port or SPARK_REMOTE"))
  }

  /// The Python environments to look into, nearest first.
  static func pythonEnvironments(_ environment: [String: String]) -> [String] {
    let program = (try? ProcFile.programPath()) ?? ""
    let folder = URL(fileURLWithPath: program).deletingLastPathComponent().path
    return PythonEnvironments.folders(
      environment, above: [FileManager.default.currentDirectoryPath, folder], program: folder)
  }

  private static func isFile(_ path: String) -> Bool {
    FileManager.default.isReadableFile(atPath: path) && !FileManager.default.isFolder(path)
  }
}
