import FoundationEssentials
import HostProcesses

/// A format in which models are kept for training and for Python, and how a model of it is exported to one
/// that runs here.
struct TrainingFormat: Sendable {
  /// What files of the format end in, in lower case.
  let endings: [String]
  /// What such a file is.
  let meaning: String
  /// What to do in Python, a line or two, for the file of that name.
  let export: @Sendable (_ file: TrainedFile) -> String

  /// The names that the lines for a file have in them.
  struct TrainedFile: Sendable {
    let path: String
    /// The folder with the file, as it is named.
    var folder: String { Self.parts(path).folder }
    /// What the endings of a format are compared with: in lower case, a slash also before a name alone.
    var ending: String { "/" + path.lowercased() }
    /// The name of a file or folder beside it, with another ending.
    func beside(_ ending: String) -> String { Self.parts(path).stem + ending }

    private static func parts(_ path: String) -> (folder: String, stem: String) {
      let cut = path.lastIndex(of: "/")
      let name = cut.map { path[path.index(after: $0)...] } ?? path[...]
      let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
      let folder = cut.map { path[..<$0] } ?? "."
      return (folder.isEmpty ? "/" : String(folder), stem.isEmpty ? "model" : String(stem))
    }
  }

  /// What a file, or a folder with such a file, is instead of a model that runs, and how to make one of it;
  /// `nil` for others.
  static func advice(for path: String) -> String? {
    if let advice = advice(forFile: path) { return "'\(path)' is \(advice)" }
    guard FileManager.default.isFolder(path),
      let files = try? FileManager.default.contentsOfDirectory(atPath: path)
    else { return nil }
    let base = path.hasSuffix("/") ? String(path.dropLast()) : path
    for file in files.sorted() {
      if let advice = advice(forFile: "\(base)/\(file)") {
        return "the folder '\(path)' has no model that can be run, but \(file), which is \(advice)"
      }
    }
    return nil
  }

  private static func advice(forFile path: String) -> String? {
    let file = TrainedFile(path: path)
    guard let format = all.first(where: { $0.endings.contains { file.ending.hasSuffix($0) } })
    else { return nil }
    return "\(format.meaning): \(format.export(file))"
  }

  /// The first one counts whose ending fits.
  static let all: [TrainingFormat] = [
    TrainingFormat(
      endings: [".keras", ".h5", ".hdf5"],
      meaning: "a model as Keras keeps it, which Keras alone runs"
    ) { file in
      "write it as a SavedModel in Python with "
        + "`keras.models.load_model(\"\(file.path)\").export(\"\(file.beside("_saved"))\")`, and name the "
        + "folder \(file.beside("_saved")) (a file of weights alone: load them into the model that they "
        + "are for)"
    },
    TrainingFormat(
      endings: [".pt", ".pth"],
      meaning: "a file of torch.save, a pickle of Python's with a module or its weights"
    ) { file in
      "export the module in Python with "
        + "`model = torch.load(\"\(file.path)\", weights_only=False).eval()` (or make it and call "
        + "load_state_dict) and `torch.onnx.export(model, (example,), \"\(file.beside(".onnx"))\", "
        + "input_names=[\"x\"], dynamic_axes={\"x\": {0: \"rows\"}}, dynamo=False)`"
    },
    TrainingFormat(
      endings: ["/saved_model.pb", "/variables.index", ".data-00000-of-00001"],
      meaning: "a part of a SavedModel or of a checkpoint of TensorFlow's"
    ) { file in
      "name the folder of the SavedModel, with saved_model.pb in it; for \(file.path) that is "
        + (file.ending.hasSuffix("/saved_model.pb")
          ? file.folder
          : "the one that `tf.saved_model.save(model, \"\(file.beside("_saved"))\")` writes in Python")
    },
    TrainingFormat(
      endings: [".pb"], meaning: "a graph of TensorFlow's without a signature"
    ) { file in
      "save the model in Python with `tf.saved_model.save(model, \"\(file.beside("_saved"))\")` and name "
        + "that folder, or make ONNX of it: `python -m tf2onnx.convert --graphdef \(file.path) --inputs "
        + "x:0 --outputs y:0 --output \(file.beside(".onnx"))`"
    },
    TrainingFormat(
      endings: [".ckpt"],
      meaning: "a checkpoint of a training run, weights without the network"
    ) { file in
      "load it in Python into the model that it is of, and write that with "
        + "`torch.onnx.export(model.eval(), (example,), \"\(file.beside(".onnx"))\", input_names=[\"x\"], "
        + "dynamic_axes={\"x\": {0: \"rows\"}}, dynamo=False)`, or TensorFlow's with "
        + "`tf.saved_model.save(model, \"\(file.beside("_saved"))\")`"
    },
    TrainingFormat(
      endings: [".safetensors", ".bin"],
      meaning: "a file of weights without the network"
    ) { file in
      "export the model: one of HuggingFace's with `optimum-cli export onnx --model \(file.folder) "
        + "FOLDER` (pip install optimum-onnx), and name FOLDER; another one in Python with "
        + "`torch.onnx.export(model.eval(), (example,), \"\(file.beside(".onnx"))\", input_names=[\"x\"], "
        + "dynamic_axes={\"x\": {0: \"rows\"}}, dynamo=False)` when its weights are loaded"
    },
    TrainingFormat(
      endings: [".pkl", ".pickle", ".joblib"],
      meaning: "a pickle of Python's, as scikit-learn's models are kept"
    ) { file in
      "write it as ONNX in Python (pip install skl2onnx) with `model = "
        + "joblib.load(\"\(file.path)\")` and `open(\"\(file.beside(".onnx"))\", "
        + "\"wb\").write(skl2onnx.to_onnx(model, X[:1]).SerializeToString())`, where X has the rows that it "
        + "predicts, as float32"
    },
    TrainingFormat(
      endings: [".tflite"], meaning: "a model of TensorFlow Lite"
    ) { file in
      "make ONNX of it with `python -m tf2onnx.convert --tflite \(file.path) --output "
        + "\(file.beside(".onnx"))` (pip install tf2onnx), or save the model that it was made of with "
        + "`model.export(\"\(file.beside("_saved"))\")`"
    },
  ]
}
