import FoundationEssentials
import HostProcesses

/// What an interpreter on this machine says of itself and of Triton's package in it.
struct PythonInstallation: Sendable, Hashable, Codable {
  /// The folder of the interpreter's programs.
  var programs: String
  /// The folder of `libpython`, if the interpreter is built with one.
  var libraries: String?
  /// `3.11`.
  var version: String
  /// The folder of the package `pytriton`, `nil` if it is not installed.
  var pytriton: String?
  /// The version of NumPy, `nil` if it is not installed.
  var numpy: String?

  private static let question = """
    import importlib.metadata, importlib.util, json, os, sys, sysconfig
    spec = importlib.util.find_spec("pytriton")
    try:
        numpy = importlib.metadata.version("numpy")
    except importlib.metadata.PackageNotFoundError:
        numpy = None
    print(json.dumps({
        "programs": os.path.dirname(sys.executable),
        "libraries": sysconfig.get_config_var("LIBDIR"),
        "version": "%d.%d" % sys.version_info[:2],
        "pytriton": spec and list(spec.submodule_search_locations)[0],
        "numpy": numpy,
    }))
    """

  /// Asks the interpreter at `path`, or of that name on the PATH.
  ///
  /// - Throws: ``NeedletailError`` if there is none, or it lacks what Triton needs.
  static func withTriton(_ path: String) throws -> PythonInstallation {
    let found = try ask(path)
    guard found.pytriton != nil else {
      throw NeedletailError(
        .nodeServers,
        "the Python \(path) of this executor lacks Triton; install it there: pip install "
          + "nvidia-pytriton tritonclient[grpc,http] 'numpy<2'")
    }
    let numpy = found.numpy ?? "0"
    guard let major = numpy.split(separator: ".").first.flatMap({ Int($0) }), major == 1 else {
      // This Triton's Python backend hands NumPy 2 wrong data without an error.
      throw NeedletailError(
        .nodeServers,
        "the Python \(path) of this executor has NumPy \(found.numpy ?? "not at all"), with which "
          + "Triton's Python backend gives wrong results; install there: pip install 'numpy<2'")
    }
    return found
  }

  private static func ask(_ path: String) throws -> PythonInstallation {
    let said: CapturedProcess.Result
    do throws(Shell.Failure) {
      said = try CapturedProcess.run(["/usr/bin/env", path, "-c", question])
    } catch {
      throw NeedletailError(
        .nodeServers, "the Python \(path) cannot be started: \(error)", cause: error)
    }
    guard let found = try? JSONDecoder().decode(PythonInstallation.self, from: Data(said.output))
    else {
      throw NeedletailError(
        .nodeServers,
        "the Python \(path) of this executor does not work: "
          + String(decoding: said.errors.suffix(1000), as: UTF8.self))
    }
    return found
  }

  /// The variables with which Triton's Python backend finds this interpreter: it takes it from PATH
  /// and its library from the loader's path.
  func variables(in environment: [String: String]) -> [String: String] {
    func joined(_ first: String?, _ rest: String?) -> String? {
      let parts = [first, rest].compactMap { $0 }.filter { !$0.isEmpty }
      return parts.isEmpty ? nil : parts.joined(separator: ":")
    }
    var variables: [String: String] = [:]
    variables["PATH"] = joined(programs, environment["PATH"] ?? "/usr/bin:/bin")
    variables["LD_LIBRARY_PATH"] = joined(libraries, environment["LD_LIBRARY_PATH"])
    return variables
  }
}
