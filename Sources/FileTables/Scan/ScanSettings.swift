import SparkTypes

/// How the files of a scan are read.
struct ScanSettings: Sendable {
  let format: FileFormat
  let options: FileOptions
  /// Where times without a zone are meant, and what timestamps carry.
  let zone: ZoneRules
  let csv: CSVOptions
  let json: JSONOptions
  let maxPartitionBytes: Int64
  let openCostInBytes: Int64
  let mergesSchemas: Bool
  /// Whether the next row group is fetched from a store while the batches of one are used; Spark has no
  /// such option, and ignores it.
  let prefetches: Bool
  /// All columns that the files have, also those that are not selected: what CSV counts its values by.
  var dataSchema = StructType([]) {
    didSet {
      places = Dictionary(
        dataSchema.fields.enumerated().map { (ExactName($1.name), $0) },
        uniquingKeysWith: { first, _ in first })
    }
  }
  /// The number of each of these by its name: each split asks for all of them.
  private(set) var places: [ExactName: Int] = [:]

  init(
    _ format: FileFormat, options: FileOptions, zone: ZoneRules, isTabbed: Bool
  ) throws(FileTableError) {
    self.format = format
    self.options = options
    self.zone = zone
    csv = format == .csv ? try CSVOptions(options, isTabbed: isTabbed) : CSVOptions()
    json = format == .json ? try JSONOptions(options) : JSONOptions()
    maxPartitionBytes = try options.bytes("maxPartitionBytes", default: 128 << 20)
    openCostInBytes = try options.bytes("openCostInBytes", default: 4 << 20)
    mergesSchemas = try options.boolean("mergeSchema", default: false)
    prefetches = try options.boolean("prefetch", default: true)
  }
}
