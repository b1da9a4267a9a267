import Foundation
import Models
import Testing

/// What `needletail new` writes.
@Suite(.timeLimit(.minutes(5)))
struct NewTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A dependency as the option gives it, and as the manifest must say it.
  private static let dependencies: [(option: [String], says: [String])] = [
    (
      [],
      [
        ".package(name: \"needletail\", path: \"\(root.path)\", traits: [])",
        "package: \"needletail\"",
      ]
    ),
    (
      ["--package", root.path],
      [
        ".package(name: \"needletail\", path: \"\(root.path)\", traits: [])",
        "package: \"needletail\"",
      ]
    ),
    (
      ["--package", "https://example.com/someone/Needletail-Mirror.git"],
      [
        ".package(url: \"https://example.com/someone/Needletail-Mirror.git\", .upToNextMinor(from: \"",
        "\"), traits: [])\n", "package: \"Needletail-Mirror\"",
      ]
    ),
    (
      ["--package", "git@example.com:needletail.git", "--branch", "main"],
      [
        ".package(url: \"git@example.com:needletail.git\", branch: \"main\", traits: [])",
        "package: \"needletail\"",
      ]
    ),
  ]

  @Test("a package is written", arguments: dependencies.indices)
  func written(index: Int) async throws {
    let command = try Command()
    defer { command.remove() }
    let (option, says) = Self.dependencies[index]
    let outcome = try await command.run(["new", "my-flowers"] + option)
    #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
    #expect(outcome.output.hasSuffix("  cd my-flowers && swift run\n"))
    let folder = command.folder.appending(path: "my-flowers")
    func text(_ name: String) throws -> String {
      try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
    let manifest = try text("Package.swift")
    for part in says { #expect(manifest.contains(part), "\(manifest)") }
    for trait in PackageTrait.allCases {
      #expect(manifest.contains("\"\(trait.rawValue)\""), "\(manifest)")
      #expect(manifest.contains("\n    //   \(trait.rawValue) "), "\(manifest)")
    }
    #expect(
      manifest.contains("\n    .executableTarget(\n      name: \"my-flowers\","), "\(manifest)")
    // The target StarterProgram is compiled with the tests.
    let compiled = Self.root.appending(path: "Tests/StarterProgram/Flowers.swift")
    #expect(
      try text("Sources/my-flowers/Flowers.swift") == String(contentsOf: compiled, encoding: .utf8))
    #expect(try text("flowers.csv").split(separator: "\n").count == 16)
    #expect(try text("README.md").hasPrefix("# my-flowers\n"))
    #expect(try text(".gitignore") == ".build/\n.venv/\n")

    let inspected = try await command.run(["inspect", "my-flowers/flowers.onnx"])
    #expect(inspected.status == 0, "\(inspected.complaint)")
    #expect(inspected.output.contains("  measures: float32[?, 4]\n"))
    #expect(inspected.output.contains("  species: float32[?, 3]\n"))
  }

  /// Variables that lead nowhere, whatever the tests' own are.
  private static let nothing = Dictionary(
    uniqueKeysWithValues: [
      "VIRTUAL_ENV", "NEEDLETAIL_PYTHON", "NEEDLETAIL_RUNTIMES", "NEEDLETAIL_ONNXRUNTIME",
    ].map { ($0, "") })

  /// What is on the `PATH` and in the package's folder, further variables, and what is told.
  private static let needs: [(files: [String], variables: [String: String], steps: [String])] = [
    (
      [], [:],
      [
        "install Swift 6.2 or later (swift.org/install)",
        "install Java 17 or later (Debian, Ubuntu: openjdk-17-jre-headless)",
        "cd flowers && python3 -m venv .venv && .venv/bin/pip install 'pyspark[connect]==4.3.0' "
          + "onnxruntime==1.32.0 && swift run",
      ]
    ),
    (
      ["swift", "java", "active/lib/python3.12/site-packages/onnxruntime/capi/__init__.py"],
      ["VIRTUAL_ENV": "$FOLDER/active"],
      ["cd flowers && $FOLDER/active/bin/pip install 'pyspark[connect]==4.3.0' && swift run"]
    ),
    // A Spark on the PATH.
    (
      ["swift", "java", "spark/bin/spark-submit", "spark/jars/spark.jar"],
      ["PATH": "$FOLDER:$FOLDER/spark/bin"],
      [
        "cd flowers && python3 -m venv .venv && .venv/bin/pip install onnxruntime==1.32.0 && swift run"
      ]
    ),
    // An environment above the package's folder.
    (
      [
        "swift", "java", ".venv/lib/python3.12/site-packages/pyspark/bin/spark-submit",
        ".venv/lib/python3.12/site-packages/onnxruntime/capi/__init__.py",
      ],
      [:], ["cd flowers && swift run"]
    ),
    (
      ["swift"],
      ["SPARK_REMOTE": "sc://host", "NEEDLETAIL_RUNTIMES": "$FOLDER"],
      ["cd flowers && swift run"]
    ),
  ]

  @Test("the environment that the command was installed into is the program's")
  func installed() async throws {
    let command = try Command()
    defer { command.remove() }
    for file in [
      "swift", "java", "env/pyvenv.cfg",
      "env/lib/python3.12/site-packages/pyspark/bin/spark-submit",
    ] {
      try command.write(file, "")
    }
    let program = try command.install(into: "env/bin")
    for missing in [" && $FOLDER/env/bin/pip install onnxruntime==1.32.0", ""] {
      let outcome = try await command.run(
        ["new", "flowers", "--package", "https://example.com/needletail.git"], Self.nothing,
        program: program)
      #expect(outcome.status == 0, "\(outcome.complaint)")
      let expected = "  cd flowers\(missing) && VIRTUAL_ENV=$FOLDER/env swift run\n"
        .replacingOccurrences(of: "$FOLDER", with: command.folder.path)
      #expect(outcome.output.hasSuffix(expected), "\(outcome.output)")
      try FileManager.default.removeItem(at: command.folder.appending(path: "flowers"))
      try command.write("env/lib/python3.12/site-packages/onnxruntime/capi/__init__.py", "")
    }
  }

  @Test("what the machine lacks is told", arguments: needs.indices)
  func steps(index: Int) async throws {
    let command = try Command()
    defer { command.remove() }
    let (files, variables, steps) = Self.needs[index]
    for file in files { try command.write(file, "") }
    func placed(_ text: String) -> String {
      text.replacingOccurrences(of: "$FOLDER", with: command.folder.path)
    }
    let outcome = try await command.run(
      ["new", "flowers"], Self.nothing.merging(variables.mapValues(placed)) { $1 })
    #expect(outcome.status == 0, "\(outcome.complaint)")
    let lines = outcome.output.split(separator: "\n").dropFirst().map(String.init)
    #expect(lines == steps.map { "  " + placed($0) })
  }

  @Test("the versions told are those that the tests have")
  func versions() async throws {
    let command = try Command()
    defer { command.remove() }
    let outcome = try await command.run(["new", "flowers"], Self.nothing)
    let pinned = try String(
      contentsOf: Self.root.appending(path: "requirements.txt"), encoding: .utf8)
    for name in ["pyspark", "onnxruntime"] {
      let line = try #require(pinned.split(separator: "\n").first { $0.hasPrefix(name) })
      #expect(outcome.output.contains(line), "\(outcome.output)")
    }
  }

  @Test("SwiftPM understands the manifest")
  func manifest() async throws {
    let command = try Command()
    defer { command.remove() }
    #expect(try await command.run(["new", "flowers"]).status == 0)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["swift", "package", "dump-package"]
    process.currentDirectoryURL = command.folder.appending(path: "flowers")
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    struct Manifest: Decodable {
      struct Target: Decodable {
        var name: String
        var type: String
      }
      struct Dependency: Decodable {
        struct Folder: Decodable {
          struct Trait: Decodable { var name: String }
          var traits: [Trait]
        }
        var fileSystem: [Folder]
      }
      var name: String
      var dependencies: [Dependency]
      var targets: [Target]
    }
    let manifest = try JSONDecoder().decode(Manifest.self, from: said)
    #expect(manifest.name == "flowers")
    #expect(manifest.targets.map(\.name) == ["flowers"])
    #expect(manifest.targets.map(\.type) == ["executable"])
    #expect(manifest.dependencies.flatMap(\.fileSystem).map(\.traits.count) == [0])
  }

  @Test(
    "what cannot be is refused",
    arguments: [
      (
        ["new", "digits.onnx"],
        "error: the package cannot be called 'digits.onnx': a name begins with a letter, has letters, digits, - and _, and is not Needletail's own"
      ),
      (
        ["new", "Needletail"],
        "error: the package cannot be called 'Needletail': a name begins with a letter, has letters, digits, - and _, and is not Needletail's own"
      ),
      (
        ["new", "there"], "error: there is already 'there' in this folder; take another name"
      ),
      (
        ["new", "flowers", "--branch", "main"],
        "error: --branch is one of a repository: name its address with --package; of a folder what is there is taken"
      ),
      (
        ["new", "flowers", "--package", "there"],
        "error: --package 'there' is neither the address of a repository, such as https://..., nor a folder with Needletail's Package.swift"
      ),
    ])
  func refused(arguments: [String], says: String) async throws {
    let command = try Command()
    defer { command.remove() }
    try command.write("there/file", "")
    let outcome = try await command.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.complaint.prefix { $0 != "\n" } == says)
    #expect(!FileManager.default.fileExists(atPath: command.folder.path + "/flowers"))
  }
}
