import Glibc
import NativeLibraries

/// How whoever reads a message gets the plug-in. It fits one version of PyTorch, so that no package of the
/// command has it: its script is at hand where the program was built, and else is that of the sources.
struct TorchPluginAdvice {
  static let script = "scripts/build-torch-plugin"

  /// Where the program lies.
  var programDirectory: String?
  /// PyTorch's library that is in use.
  var libraryPath: String?

  init(programDirectory: String?, libraryPath: String?) {
    (self.programDirectory, self.libraryPath) = (programDirectory, libraryPath)
  }

  /// For this process.
  init(libraryPath: String?) {
    let surroundings = DynamicLibrarySearch.Surroundings.process(variables: [])
    self.init(programDirectory: surroundings.executableDirectory, libraryPath: libraryPath)
  }

  /// What to do, with the plug-in's command.
  var text: String {
    let place: String
    if checkout != nil {
      place = "for this PyTorch with `\(command)`"
    } else {
      place =
        "for this PyTorch from Needletail's sources, of the version that `needletail --version` tells and "
        + "with a compiler of C++20, by `\(command)` in their folder"
    }
    let variable = TorchPlugin.environmentVariable
    return
      "The package has operators that PyTorch's C interface lacks. Build the plug-in \(place); that "
      + "puts it beside PyTorch's libraries, where it is found. One that lies elsewhere is named by "
      + "\(variable)=FILE. Or write the model without these operators."
  }

  /// The command that builds it.
  var command: String {
    let script = checkout.map { "\($0)/\(Self.script)" } ?? Self.script
    guard let libraryPath, let slash = libraryPath.lastIndex(of: "/") else {
      return "\(script) PYTHON"
    }
    if let python { return "\(script) \(python)" }
    // Its headers are those of a Python that has the same version.
    return "\(script) PYTHON \(libraryPath[..<slash])"
  }

  /// The interpreter of the environment that PyTorch is installed in.
  private var python: String? {
    guard let path = libraryPath, let range = path.firstRange(of: "/lib/python") else { return nil }
    let python = path[..<range.lowerBound] + "/bin/python"
    return access(String(python), X_OK) == 0 ? String(python) : nil
  }

  /// The checkout in which the program was built.
  private var checkout: String? {
    var folder = Substring(programDirectory ?? "")
    while let slash = folder.lastIndex(of: "/") {
      if access("\(folder)/\(Self.script)", X_OK) == 0 { return String(folder) }
      folder = folder[..<slash]
    }
    return nil
  }
}
