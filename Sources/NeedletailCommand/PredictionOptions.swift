import ArgumentParser
import Needletail

/// What a command line says of a prediction besides the model and the tables.
struct PredictionOptions: ParsableArguments {
  @Option(
    name: .customLong("map"),
    help: ArgumentHelp(
      "The columns that feed an input of the model; several for one input are joined.",
      valueName: "input=column,..."),
    transform: InputMapping.init)
  var mappings: [InputMapping] = []

  @Option(
    name: .customLong("shape"),
    help: ArgumentHelp(
      "The shape of one row of an input whose declared one varies, such as image=3,224,224; may be "
        + "given several times.", valueName: "input=size,..."),
    transform: InputShape.init)
  var shapes: [InputShape] = []

  @Option(
    name: .customLong("constant"),
    help: ArgumentHelp(
      "A value of an input that no column feeds, the same for all rows: a number, true or false, a text, "
        + "a JSON array, or zeros; may be given several times.", valueName: "input=value"),
    transform: ConstantAssignment.init)
  var constants: [ConstantAssignment] = []

  @Option(
    name: .customLong("output-map"),
    help: ArgumentHelp(
      "The name of the column for an output of the model.", valueName: "output=column"),
    transform: NamedValue.output)
  var outputMappings: [NamedValue] = []

  @Option(
    help: ArgumentHelp(
      "The outputs of the model that are wanted, in the order of their columns (default: all that a "
        + "column can hold); may be given several times.",
      valueName: "output,..."))
  var outputs: [String] = []

  @Option(
    help: ArgumentHelp(
      "Gives an output's softmax, probabilities that add up to 1, instead of its numbers; may be given "
        + "several times.", valueName: "output"))
  var softmax: [String] = []

  @Option(
    help: ArgumentHelp(
      "Gives the position of an output's greatest number, an int, instead of its numbers: the first one "
        + "among equals; may be given several times.", valueName: "output"))
  var argmax: [String] = []

  @Option(
    help: ArgumentHelp(
      "Gives the K best classes of an output with their scores, the best one first, instead of its "
        + "numbers; with --softmax of it the scores are probabilities. The output may be left out where "
        + "there is one to choose from.", valueName: "[output=]K"),
    transform: { try TopKOption($0) })
  var topK: TopKOption?

  @Option(
    help: ArgumentHelp(
      "The names of the classes for --top-k: a file with one in each line, or JSON (a list, or a "
        + "config.json with id2label). Default: id2label of a config.json beside the model, else the "
        + "classes' positions.", valueName: "file"))
  var labels: String?

  @Option(
    name: .customLong("round"),
    help: ArgumentHelp(
      "Rounds numbers to N decimal places, 0 to 15, as NumPy does (to the even one of two that are as "
        + "near), after --softmax and --top-k: those of an output, else all floating-point numbers; may "
        + "be given several times.", valueName: "[output=]N"),
    transform: { try OutputValue<Int>.decimals($0) })
  var rounding: [OutputValue<Int>] = []

  @Option(
    name: .customLong("output-as"),
    help: ArgumentHelp(
      "The form of an output's column: array (the elements of a row, also of one number), vector (of "
        + "Spark ML), or binary (their little-endian bytes). The output may be left out where one has "
        + "rows of numbers; may be given several times.", valueName: "[output=]form"),
    transform: { try OutputValue<OutputForm>.form($0) })
  var outputForms: [OutputValue<OutputForm>] = []

  @Option(
    name: .customLong("option"),
    help: ArgumentHelp(
      "An option of the model, such as threads=2, provider=cuda (or tensorrt, for ONNX), "
        + "signature=serve, pooling=cls, beams=4, or customOps=FILE for a library with operators that "
        + "the runtime does not have."),
    transform: NamedValue.option)
  var options: [NamedValue] = []

  @Option(
    name: .customLong("header"),
    help: ArgumentHelp(
      "A header of each call of the model's server, such as 'Authorization: Bearer TOKEN' or 'Host: "
        + "models.example.com'.", valueName: "name: value"),
    transform: NamedValue.header)
  var headers: [NamedValue] = []

  @Option(
    help:
      "The number of rows that the model gets at once (default: 64; text pipelines: 256; servers: 1024)"
  )
  var batchSize: Int?

  @Option(
    name: .customLong("batch-dimension"),
    help: ArgumentHelp(
      "The dimension of the model's tensors that counts the rows, where their names and positions do "
        + "not tell: its name (N), its positions (x:0,state:1), or none if each row holds whole tensors.",
      valueName: "dimension"),
    transform: { BatchDimension($0) })
  var batchDimension: BatchDimension?

  @Option(
    help: ArgumentHelp(
      "Whether rows that run together change each other's predictions: checked (some batches are "
        + "compared with rows alone), independent or dependent."))
  var rows: RowRelation = .checked

  @Option(
    name: .customLong("on-error"),
    help: ArgumentHelp(
      "What becomes of a row that cannot be predicted: fail (it ends the job, the default), null (its "
        + "predictions are null), or column (they are, and a column says why).",
      valueName: "fail|null|column[=NAME]"),
    transform: { try ErrorPolicy(option: $0) })
  var onError: ErrorPolicy?

  @Option(
    name: .customLong("max-errors"),
    help: ArgumentHelp(
      "The number of rows, or their share of all, that --on-error lets pass before the job ends "
        + "(default: any).",
      valueName: "N|N%"),
    transform: { try ErrorLimit(option: $0) })
  var maxErrors: ErrorLimit?

  @Option(
    name: .customLong("on-null"),
    help: ArgumentHelp(
      "What becomes of a row with a null in a column that the model reads: fail (the default), null "
        + "(its predictions are null), or fill (the null becomes the value).",
      valueName: "fail|null|fill=VALUE"),
    transform: { try NullOption($0) })
  var onNull: NullOption?

  @Option(
    name: .customLong("on-ragged"),
    help: ArgumentHelp(
      "What becomes of arrays that are too short: fail (the default), or pad (they are filled up with "
        + "the value, to the length, else to that of the model's input or of the batch's longest).",
      valueName: "fail|pad=VALUE[:LENGTH]"),
    transform: { try RaggedPolicy(option: $0) })
  var onRagged: RaggedPolicy?

  func validate() throws {
    if let batchSize, batchSize < 1 {
      throw ValidationError("--batch-size is \(batchSize), it must be at least 1")
    }
    if maxErrors != nil, onError == nil || onError == .fail {
      throw ValidationError(
        "--max-errors counts rows that --on-error null or --on-error column lets pass; say one of them"
      )
    }
    if labels != nil, topK == nil {
      throw ValidationError(
        "--labels names the classes for --top-k; say how many of them: --top-k 5")
    }
  }
}
