package import Deployment
package import Models
package import SparkFunctions

/// A kind of model that a program can name: all that is known of it stands in one file, and its place in
/// one line of ``ModelKinds/builtIn``.
///
/// A kind is asked on the driver, which tells a model's kind from its path and sends what the executors
/// need, and on executors, which load the model. Between them travels a `ModelReference` with options as
/// text; a kind sees its own ``Options`` only.
package protocol ModelKind: Sendable {
  /// What the user may say of such a model.
  associatedtype Options: ModelOptions

  /// What the kind is called where it travels, and in messages.
  var format: ModelFormat { get }

  /// How users know such a model by its path; `nil` if another kind's sign is its own, too.
  var sign: ModelSign? { get }

  /// The model at `path`, a file, folder or address; `nil` if it is of another kind.
  ///
  /// - Throws: ``NeedletailError`` if it is of this kind, but cannot be used.
  func source(at path: String) throws -> ModelSource?

  /// The name of the option that `spelling` means, by default one of the list in any case and with
  /// hyphens; `nil` if there is none.
  func optionName(_ spelling: String) -> String?

  /// `source` with an option, of which it takes the value as it is by default.
  ///
  /// - Throws: ``NeedletailError`` if the value, or one of the others, cannot be had.
  func setting(_ option: String, to value: String, of source: ModelSource) throws -> ModelSource

  /// The options that name files, which are sent to the executors.
  var fileOptions: [String] { get }

  /// The number of rows in a batch if nobody says another.
  var batchSize: Int { get }

  /// Whether a server runs the model, so that there is no file here and none is sent.
  var isServed: Bool { get }

  /// The files that the model's file needs beside it, with their places from its folder.
  ///
  /// - Throws: the runtime's error if one is missing or the model cannot be read.
  func filesBeside(_ path: String) throws -> [FolderFiles.File]

  /// The files that a folder on a hub must have here before the model is loaded, by their paths in it;
  /// those that describe the model are there.
  ///
  /// - Parameter options: those of the model, as they travel.
  /// - Throws: ``HubError`` if the folder lacks one, which says what it has instead.
  func networks(in folder: ListedFolder, _ options: [String: String]) throws -> [String]

  /// The files that the model's file needs beside it, of which only the model's own may be here, by
  /// their paths from its folder.
  ///
  /// - Parameter isListed: whether there is such a file where the model is from.
  /// - Throws: the runtime's error if the model cannot be read.
  func filesNamed(by path: String, where isListed: (String) -> Bool) throws -> [String]

  /// What should be known of the model before it runs on a cluster, though it can be run.
  func warnings(_ model: PlacedModel<Options>) throws -> [String]

  /// The options with which the driver loads a model to know what it takes and gives: on the CPU,
  /// whatever computes it on the executors.
  func planned(_ model: PlacedModel<Options>) throws -> Options

  /// The model for the driver, by default loaded in its process.
  func loadOnDriver(_ model: PlacedModel<Options>) async throws -> any Model

  /// The number of the GPU that the model is loaded on, if the task's decides.
  func gpu(_ model: PlacedModel<Options>) throws -> Int?

  /// Loads the model in this process.
  func load(_ model: PlacedModel<Options>) async throws -> any Model
}

/// What a user looks for to know a kind of model.
package enum ModelSign: Sendable {
  /// A file with this ending.
  case file(String)
  /// A folder with this file in it.
  case folder(String)
  /// An address of this form.
  case address(String)
}

/// The options of one kind of model, decoded.
package protocol ModelOptions: Sendable {
  /// What they are called, in the order in which messages list them.
  static var names: [String] { get }

  /// - Throws: ``NeedletailError`` that names the option whose value it cannot have.
  init(_ values: OptionValues) throws
}

/// A model as it lies on this machine, and what its loading may use.
package struct PlacedModel<Options: ModelOptions>: Sendable {
  /// What to call it in messages: the path that the user gave.
  package let name: String
  /// Its file or folder here, or the address of its server.
  package let path: String
  package var options: Options
  package let worker: WorkerContext

  package init(_ reference: ModelReference, _ path: String, _ worker: WorkerContext) throws {
    name = reference.name
    self.path = path
    options = try Options(OptionValues(reference.options, model: reference.name))
    self.worker = worker
  }
}

extension PlacedModel {
  /// Where files are here that an option names and that came with the model.
  package func files(_ names: [String]) -> [String] { names.map { worker.file($0) } }
}

// MARK: What most kinds have

extension ModelKind {
  package var sign: ModelSign? { nil }
  package var fileOptions: [String] { [] }
  package var batchSize: Int { 64 }
  package var isServed: Bool { false }

  package func source(at path: String) throws -> ModelSource? { nil }

  package func optionName(_ spelling: String) -> String? { listedOption(spelling) }

  package func setting(
    _ option: String, to value: String, of source: ModelSource
  ) throws -> ModelSource { source.with(option, value) }

  package func filesBeside(_ path: String) throws -> [FolderFiles.File] { [] }

  package func networks(
    in folder: ListedFolder, _ options: [String: String]
  ) throws -> [String] {
    guard case .file(let ending)? = sign else { return [] }
    throw folder.isNoFile(ending)
  }

  package func filesNamed(
    by path: String, where isListed: (String) -> Bool
  ) throws -> [String] { [] }

  package func warnings(_ model: PlacedModel<Options>) throws -> [String] { [] }
  package func planned(_ model: PlacedModel<Options>) throws -> Options { model.options }
  package func gpu(_ model: PlacedModel<Options>) throws -> Int? { nil }

  package func loadOnDriver(_ model: PlacedModel<Options>) async throws -> any Model {
    try await load(model)
  }
}

// MARK: What is asked of any kind

extension ModelKind {
  /// The options, in the order in which messages list them.
  package var optionNames: [String] { Options.names }

  /// The option of the list that `spelling` means: on a command line words are often joined by
  /// hyphens (`custom-ops`).
  package func listedOption(_ spelling: String) -> String? {
    let plain = spelling.filter { $0 != "-" }.lowercased()
    return Options.names.first { $0 == spelling || $0.lowercased() == plain }
  }

  /// Loads what the driver asked for, which lies at `path` on this machine.
  package func load(
    _ reference: ModelReference, _ path: String, _ worker: WorkerContext
  ) async throws -> any Model {
    try await load(PlacedModel<Options>(reference, path, worker))
  }

  /// The number of the GPU that a task loads the model on, if its own decides.
  package func gpu(
    _ reference: ModelReference, _ path: String, _ worker: WorkerContext
  ) throws -> Int? {
    try gpu(PlacedModel<Options>(reference, path, worker))
  }

  /// The driver's model, which lies where the reference says; to plan with it, on the CPU.
  package func loadOnDriver(
    _ reference: ModelReference, forPlan isPlanned: Bool
  ) async throws -> any Model {
    var model = try PlacedModel<Options>(reference, reference.file, WorkerContext())
    if isPlanned { model.options = try planned(model) }
    return try await loadOnDriver(model)
  }

  /// What should be known of the driver's model.
  package func warnings(about reference: ModelReference) throws -> [String] {
    try warnings(PlacedModel<Options>(reference, reference.file, WorkerContext()))
  }
}
