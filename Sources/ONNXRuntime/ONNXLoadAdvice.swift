/// What to do about a model that the runtime refuses, by what it says.
enum ONNXLoadAdvice {
  /// A sentence to append to the runtime's text; empty where that says it all.
  static func text(for status: ONNXStatus) -> String {
    let text = status.text
    func says(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
    let advice: String? =
      if says(
        "is not a registered function/op", "No Op registered for", "No opset import for domain")
      {
        "The model uses an operator that this version of ONNX Runtime does not have. If a library has "
          + "it (onnxruntime-extensions for the domain ai.onnx.contrib), name the library's file: "
          + "--option customOps=FILE, in Swift .onnx(…, customOps: [FILE]); if not, use a newer "
          + "ONNX Runtime, or export the model with a lower opset"
      } else if says("Could not find an implementation for") {
        "This build of ONNX Runtime has the operator, but not for these types; use a newer one, or "
          + "export the model with other types (float32)"
      } else if says(
        "under development and support for this is limited", "max supported IR version")
      {
        "The model is newer than this ONNX Runtime: use a newer one, or export the model with a lower "
          + "opset"
      } else if says("Failed to construct locale") {
        "The model changes the case of texts by the rules of a language that this machine does not "
          + "have; install it (on Debian and Ubuntu: the package locales, then locale-gen en_US.UTF-8) "
          + "here and on the executors"
      } else if status.code == 7 || says("No graph was found in the protobuf") {
        "The file is no ONNX model, or not the whole of it; export or copy it again"
      } else {
        nil
      }
    return advice.map { (text.hasSuffix(".") ? " " : ". ") + $0 } ?? ""
  }
}
