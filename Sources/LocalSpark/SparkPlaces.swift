import NativeLibraries

/// Where a Spark may be, in the order in which the runtimes' libraries are looked for, too.
package enum SparkPlaces {
  /// The names that the folder of a Spark has in one that holds runtimes.
  private static let names = ["pyspark", "spark"]

  /// The folders to look into, without that of `SPARK_HOME`, which excludes them.
  static func homes(_ environment: [String: String]) -> [String] {
    var homes: [String] = []
    let runtimes = environment[DynamicLibrarySearch.runtimesVariable] ?? ""
    for folder in runtimes.split(separator: ":").map(String.init) {
      homes += [folder] + names.map { "\(folder)/\($0)" }
    }
    if let program = programFolder {
      homes += names.map { "\(program)/../lib/\($0)" }
    }
    let environments = SparkInstallation.pythonEnvironments(environment)
    homes += environments.flatMap(PythonEnvironments.packages).map { $0 + "/pyspark" }
    if environments.isEmpty {
      homes.append("\(FileSystem.currentDirectory)/.venv/lib/python3*/site-packages/pyspark")
    }
    var seen: Set<String> = []
    return homes.filter { seen.insert($0).inserted }
  }

  /// The Spark whose `spark-submit` is on the `PATH`: a distribution's own, a link to it, or the script that
  /// the package `pyspark` puts beside its Python.
  package static func homeOnPath(_ environment: [String: String]) -> String? {
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      guard let file = FileSystem.resolved("\(folder)/spark-submit"), FileSystem.isFile(file) else {
        continue
      }
      let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        .joined(separator: "/")
      let homes = [root] + PythonEnvironments.packages(of: root).map { $0 + "/pyspark" }
      let home = homes.first {
        FileSystem.isDirectory("\($0)/jars") && FileSystem.isFile("\($0)/bin/spark-submit")
      }
      if let home { return home }
    }
    return nil
  }

  private static var programFolder: String? {
    guard let program = FileSystem.target(ofLink: "/proc/self/exe"),
      let slash = program.lastIndex(of: "/")
    else { return nil }
    return String(program[..<slash])
  }
}
