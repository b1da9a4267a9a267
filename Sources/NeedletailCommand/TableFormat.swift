import FoundationEssentials
import Needletail

/// The format of a table's files, with what Spark must be told to read or write it.
struct TableFormat: Sendable, Equatable {
  /// Spark's name of it.
  var name: String
  var options: [String: String] = [:]
  /// Whether the first line of CSV is taken for names though nobody said that it has them.
  var assumesHeader = false

  var isCSV: Bool { name == "csv" }

  /// The formats that names tell, by the extension.
  private static let known: [String: TableFormat] = {
    let names = [
      "parquet": "parquet", "parq": "parquet", "pq": "parquet", "orc": "orc", "avro": "avro",
      "json": "json", "jsonl": "json", "ndjson": "json", "txt": "text", "text": "text",
      "xml": "xml",
      // Read and written without Spark only.
      "arrow": "arrow", "feather": "arrow", "ipc": "arrow",
    ]
    let csv = TableFormat(name: "csv", options: ["header": "true"], assumesHeader: true)
    var tsv = csv
    tsv.options["sep"] = "\t"
    return names.mapValues { TableFormat(name: $0) }
      .merging(["csv": csv, "tsv": tsv, "tab": tsv]) { $1 }
  }()

  /// Formats of Spark's, and of its best-known packages, that no extension tells.
  private static let others: Set<String> = [
    "binaryfile", "image", "libsvm", "delta", "iceberg", "hudi", "jdbc", "noop", "console",
  ]

  /// Spark's names of compressions, by the extension; those without a name it cannot read.
  private static let compressions: [String: String?] = [
    "gz": "gzip", "gzip": "gzip", "bz2": "bzip2", "deflate": "deflate", "lz4": "lz4",
    "snappy": "snappy", "zst": "zstd", "zip": nil, "7z": nil, "xz": nil, "rar": nil, "tar": nil,
    "tgz": nil, "z": nil, "br": nil,
  ]

  /// Extensions of tables that Spark does not read.
  private static let foreign: Set<String> = [
    "xlsx", "xls", "ods", "npy", "npz", "pkl", "pickle", "h5", "hdf5",
    "hdf", "db", "sqlite", "sqlite3", "duckdb", "sas7bdat", "dta", "sav", "rds", "mat", "html",
    "htm", "yaml", "yml", "toml", "pdf", "proto", "tfrecord", "dat", "data",
  ]

  private static let list = "parquet, csv, tsv, json (one object a line), orc, avro, text, xml"

  /// What a name tells.
  private enum Told {
    case format(TableFormat)
    case nothing
    /// An extension that is not one of a table that Spark reads.
    case foreign(String)
    /// A compression that Spark cannot take off, or not from this format.
    case packed(String)
  }

  private static func told(by path: String) -> Told {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    var words = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst()
      .map { $0.lowercased() }
    var compression: String??
    var packing = ""
    if let last = words.last, let found = compressions[last] {
      compression = found
      packing = last
      words.removeLast()
    }
    guard let last = words.last else {
      return compression.map { $0 == nil } ?? false ? .packed(packing) : .nothing
    }
    guard var format = known[last] else {
      return foreign.contains(last) ? .foreign(last) : .nothing
    }
    if let compression {
      guard let codec = compression, ["csv", "json", "text", "xml"].contains(format.name) else {
        return .packed(packing)
      }
      format.options["compression"] = codec
    }
    return .format(format)
  }

  /// The format of `path`, which is to be written: Parquet, if the name tells none.
  ///
  /// - Throws: ``CommandFailure`` if the name is one of a table that Spark does not write.
  static func writing(_ path: String) throws -> TableFormat {
    switch told(by: path) {
    case .format(let format): return format
    case .nothing: return TableFormat(name: "parquet")
    case .foreign(let word), .packed(let word):
      throw CommandFailure(
        "'\(path)' ends in .\(word), which Spark does not write; name the output otherwise or say "
          + "--output-format (\(list))")
    }
  }

  /// The format of `path`, which is to be read: by its name, by those of the files in it, or by their
  /// first bytes; Parquet, if it is not on this machine and its name tells none.
  ///
  /// - Parameter file: the path on this machine, if it is on this one.
  /// - Throws: ``CommandFailure`` if nothing tells a format, or files tell several.
  static func reading(_ path: String, on file: String?) throws -> TableFormat {
    func refuse(_ word: String, _ path: String) -> CommandFailure {
      CommandFailure(
        "'\(path)' ends in .\(word), which Spark does not read; convert or unpack it, or say "
          + "--input-format if it is one of \(list)")
    }
    switch told(by: path) {
    case .format(var format):
      // Spark sees from each file's name how it is packed.
      format.options["compression"] = nil
      return format
    case .foreign(let word), .packed(let word): throw refuse(word, path)
    case .nothing: break
    }
    guard let file else { return TableFormat(name: "parquet") }
    var found: (format: TableFormat, file: String)?
    for path in DataFiles(file).first(100) {
      var format: TableFormat?
      switch told(by: path) {
      case .format(let told): format = told
      case .foreign(let word), .packed(let word): throw refuse(word, path)
      case .nothing: format = sniffed(path)
      }
      guard var format else {
        throw CommandFailure(
          "the format of '\(path)' is told neither by its name nor by its first bytes; say "
            + "--input-format (\(list))")
      }
      format.options["compression"] = nil
      if let before = found, before.format != format {
        throw CommandFailure(
          "'\(file)' has files of several formats, such as '\(before.file)' and '\(path)'; read those "
            + "of one, or say --input-format")
      }
      found = (format, path)
    }
    return found?.format ?? TableFormat(name: "parquet")
  }

  /// The format whose files begin as this one does.
  private static func sniffed(_ path: String) -> TableFormat? {
    let bytes = FileSystem.contents(of: path, limit: 4) ?? []
    let formats = [
      ("PAR1", "parquet"), ("ORC", "orc"), ("ARRO", "arrow"), ("Obj\u{1}", "avro"), ("{", "json"),
    ]
    return formats.first { bytes.starts(with: $0.0.utf8) }.map { TableFormat(name: $0.1) }
  }
}

extension TableFormat {
  /// The format that the user named.
  ///
  /// - Throws: ``CommandFailure`` if it is none that is known, nor the class of a data source.
  init(named given: String, option: String) throws {
    let folded = given.lowercased()
    if let known = Self.known[folded] {
      self = known
    } else if Self.others.contains(folded) || given.contains(".") {
      self.init(name: given)
    } else {
      throw CommandFailure(
        "\(option) is '\(given)', which is no format; the formats are \(Self.list), and "
          + Self.others.sorted().joined(separator: ", ") + " or the class of a data source")
    }
  }

  /// The value of an option, in whichever case its name is given.
  func option(_ name: String) -> String? {
    options.first { $0.key.lowercased() == name.lowercased() }?.value
  }
}
