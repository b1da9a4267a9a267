// The optional plug-in of TorchRuntime: makes models some of whose operators go through PyTorch's
// dispatcher, which PyTorch's C interface does not reach. Built by scripts/build-torch-plugin; the
// other side is Sources/TorchRuntime/Library/TorchPlugin.swift.

#include <torch/csrc/inductor/aoti_runner/model_container_runner.h>

#include <cstring>
#include <exception>
#include <string>

namespace {

// PyTorch's runner makes the container and what carries calls to the dispatcher; runs go through the
// container's own C function, with the two pointers that only a derived class can see.
class Model final : public torch::inductor::AOTIModelContainerRunner {
 public:
  Model(const std::string& code, size_t instances, const std::string& device,
        const std::string& directory)
      : AOTIModelContainerRunner(code, instances, device, directory, false) {}

  void* container() const { return container_handle_; }
  void* dispatcher() const { return proxy_executor_handle_; }
};

void copy_text(const char* text, char* out, size_t size) {
  if (size == 0) return;
  std::strncpy(out, text, size - 1);
  out[size - 1] = 0;
}

}  // namespace

#define EXPORT __attribute__((visibility("default")))

extern "C" {

EXPORT int32_t needletail_torch_version() { return 1; }

// Makes a model of the shared library `code`, beside which lies the description of its operators.
// Returns NULL and writes the reason to `error` if that fails.
EXPORT void* needletail_torch_open(const char* code, const char* device, const char* directory,
                            size_t instances, void** container, void** dispatcher, char* error,
                            size_t error_size) {
  try {
    auto* model = new Model(code, instances, device, directory);
    *container = model->container();
    *dispatcher = model->dispatcher();
    return model;
  } catch (const std::exception& failure) {
    copy_text(failure.what(), error, error_size);
  } catch (...) {
    copy_text("an unknown C++ exception", error, error_size);
  }
  return nullptr;
}

EXPORT void needletail_torch_close(void* model) {
  try {
    delete static_cast<Model*>(model);
  } catch (...) {
    // Nobody is left to be told.
  }
}

}  // extern "C"
