import FoundationEssentials
import HostProcesses
import Testing

@testable import ModelKinds

/// Files and folders as models are trained with: what they are, and how they are exported.
@Suite struct TrainingFormatTests {
  @Test(
    "a file of a training format is named, with the lines that export it",
    arguments: [
      (
        "nets/model.h5", "'nets/model.h5' is a model as Keras keeps it",
        "`keras.models.load_model(\"nets/model.h5\").export(\"model_saved\")`"
      ),
      ("model.keras", "a model as Keras keeps it", "name the folder model_saved"),
      (
        "M.PT", "a file of torch.save",
        "`torch.onnx.export(model, (example,), \"M.onnx\", input_names=[\"x\"], "
      ),
      (
        "m.pth", "a file of torch.save",
        "`model = torch.load(\"m.pth\", weights_only=False).eval()`"
      ),
      (
        "folder/saved_model.pb", "a part of a SavedModel",
        "with saved_model.pb in it; for "
          + "folder/saved_model.pb that is folder"
      ),
      ("saved_model.pb", "a part of a SavedModel", "for saved_model.pb that is ."),
      ("frozen.pb", "a graph of TensorFlow's without a signature", "--graphdef frozen.pb"),
      (
        "last.ckpt", "a checkpoint of a training run",
        "`tf.saved_model.save(model, \"last_saved\")`"
      ),
      (
        "bert/model.safetensors", "a file of weights without the network",
        "`optimum-cli export onnx --model bert FOLDER`"
      ),
      ("pytorch_model.bin", "a file of weights", "`optimum-cli export onnx --model . FOLDER`"),
      ("forest.pkl", "a pickle of Python's", "skl2onnx.to_onnx(model, X[:1])"),
      ("forest.joblib", "a pickle of Python's", "`model = joblib.load(\"forest.joblib\")`"),
      ("m.tflite", "a model of TensorFlow Lite", "--tflite m.tflite --output m.onnx"),
    ])
  func files(_ path: String, _ meaning: String, _ export: String) {
    let error = #expect(throws: NeedletailError.self) { try ModelKinds.builtIn.source(at: path) }
    #expect(error?.code == .usage)
    #expect(error?.message.contains(meaning) == true, "\(String(describing: error))")
    #expect(error?.message.contains(export) == true, "\(String(describing: error))")
  }

  @Test("a folder is told by the file that it has")
  func folders() throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.path + "/needletail-trained-\(UUID().uuidString)"
    defer { try? files.removeItem(atPath: folder) }
    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(TrainingFormat.advice(for: folder) == nil)
    #expect(files.createFile(atPath: folder + "/notes.txt", contents: nil))
    #expect(files.createFile(atPath: folder + "/weights.pth", contents: nil))
    let error = #expect(throws: NeedletailError.self) { try ModelKinds.builtIn.source(at: folder) }
    #expect(
      error?.message.hasPrefix(
        "the folder '\(folder)' has no model that can be run, but weights.pth, which is a file of torch"
      )
        == true, "\(String(describing: error))")
  }

  @Test("models that run are none of these")
  func others() {
    for path in ["model.onnx", "model.pt2", "notes.txt", "none", "a.pb/none", "pt"] {
      #expect(TrainingFormat.advice(for: path) == nil, "\(path)")
    }
  }
}
