import FoundationEssentials
import Needletail
import Texts

/// The files of a package to begin with.
struct Starter {
  let name: String
  let dependency: NeedletailPackage

  /// The files by their paths in the package's folder.
  var files: [(path: String, contents: Data)] {
    [
      ("Package.swift", Data(manifest.utf8)),
      ("Sources/\(name)/Flowers.swift", Data(Self.program.utf8)),
      ("flowers.onnx", StarterFlowers.model),
      ("flowers.csv", Data(StarterFlowers.table.utf8)),
      ("README.md", Data(readme.utf8)),
      (".gitignore", Data(".build/\n.venv/\n".utf8)),
    ]
  }

  private static func literal(_ text: String) -> String {
    let escaped = text.replacingBytes(of: #"\"#, with: #"\\"#)
      .replacingBytes(of: "\"", with: #"\""#)
    return "\"\(escaped)\""
  }

  /// The dependency, and what a product of it names as its package.
  private var declared: (dependency: String, package: String) {
    switch dependency {
    case .repository(let url, let branch):
      // SwiftPM calls a package by the end of its address.
      let end = url.split { "/:".contains($0) }.last.map(String.init) ?? url
      let version = Self.literal(KServeServer.packageVersion)
      let wanted =
        branch.map { "branch: \(Self.literal($0))" } ?? ".upToNextMinor(from: \(version))"
      return (
        ".package(url: \(Self.literal(url)), \(wanted), traits: [])",
        end.hasSuffix(".git") ? String(end.dropLast(4)) : end
      )
    case .folder(let path):
      return (
        ".package(name: \"needletail\", path: \(Self.literal(path)), traits: [])", "needletail"
      )
    }
  }

  private var manifest: String {
    let (dependency, package) = declared
    return """
      // swift-tools-version: 6.2
      import PackageDescription

      let package = Package(
        name: "\(name)",
        dependencies: [
          // With `traits: []` a program has models in ONNX, and Spark, and builds in the least time. Name what
          // else it uses, traits: ["KServe", "TensorFlow", "PyTorch", "Text", "Images"]:
          //   KServe      models on servers, the server, servers beside executors
          //   TensorFlow  SavedModels
          //   PyTorch     compiled packages (.pt2)
          //   Text        pipelines in HuggingFace's folders
          //   Images      JPEG and PNG to tensors
          // Without `traits:` all of them are on.
          \(dependency)
        ],
        targets: [
          .executableTarget(
            name: "\(name)",
            dependencies: [.product(name: "Needletail", package: \(Self.literal(package)))])
        ])

      """
  }

  /// The program; Tests/StarterProgram is compiled with the tests, and is the same text.
  private static let program = """
    import Needletail

    /// Tells the species of flowers by their measures.
    @main
    struct Flowers: SparkProgram {
      static func run(_ spark: SparkSession) async throws {
        let flowers = spark.read.option("header", true).option("inferSchema", true).csv("flowers.csv")
        let predicted = try await flowers.predicting(
          .onnx("flowers.onnx"),
          inputs: ["measures": ["sepal_length", "sepal_width", "petal_length", "petal_width"]],
          outputs: ["species": "predicted"],
          transforms: ["species": .topK(1, labels: ["setosa", "versicolor", "virginica"])])
        try await predicted.select("petal_length", "petal_width", "species", "predicted").show()
      }
    }

    """

  private var readme: String {
    """
    # \(name)

    A program that tells the species of iris flowers by a model, for every row of a table, on Spark.

        swift run

    builds it (some minutes the first time), starts a Spark on this machine and shows the predictions. That needs
    Swift 6.2, Java 17, and Spark and ONNX Runtime from Python's packages, in an environment called `.venv` here
    or above, or one that is activated:

        python3 -m venv .venv
        .venv/bin/pip install '\(StarterNeeds.spark)' \(StarterNeeds.onnxRuntime)

    On a cluster, with the table where its executors see it: `swift run \(name) --remote sc://host:15002`.

    `Sources/\(name)/Flowers.swift` is the program, and `flowers.onnx` the model: `needletail inspect` shows what
    it takes and gives. Models of other kinds need a trait of the package `needletail`: `Package.swift` lists them.

    """
  }
}
