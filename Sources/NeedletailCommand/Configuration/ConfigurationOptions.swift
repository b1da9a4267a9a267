import ArgumentParser

/// Where else options stand.
struct ConfigurationOptions: ParsableArguments {
  /// Read before the command line is: the file's options are then among the others.
  @Option(
    help: ArgumentHelp(
      "A file with these options in YAML: a line `name: value` for each, lists for those that may be given "
        + "several times. What the command line says goes before it. Paths count from the current folder.",
      valueName: "file"))
  var config: String?
}
