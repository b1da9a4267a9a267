// The operator of custom_operator.onnx, y = 3 x + 1, as a library for ONNX Runtime:
//
//     cc -shared -fPIC -O1 -o libfrobnicate.so custom_operator.c
//
// Without the runtime's header: its table of functions only grows, so a function's place never changes
// (onnxruntime_c_api.h, struct OrtApi), and an operator says up to which field of its own it goes.

#include <stddef.h>
#include <stdint.h>

typedef struct Status Status;
typedef struct Operator Operator;
typedef void *(*Function)(void);

struct Operator {
  uint32_t version;
  void *(*create)(const Operator *, const Function *, const void *);
  const char *(*name)(const Operator *);
  const char *(*provider)(const Operator *);
  int (*input_type)(const Operator *, size_t);
  size_t (*input_count)(const Operator *);
  int (*output_type)(const Operator *, size_t);
  size_t (*output_count)(const Operator *);
  void (*compute)(void *, void *);
  void (*destroy)(void *);
  int (*input_kind)(const Operator *, size_t);
  int (*output_kind)(const Operator *, size_t);
};

static const Function *api;

static void *create(const Operator *operator, const Function *table, const void *info) {
  return (void *)operator;
}
static const char *name(const Operator *operator) { return "Frobnicate"; }
static const char *provider(const Operator *operator) { return NULL; }
static int float_type(const Operator *operator, size_t index) { return 1; }
static size_t one(const Operator *operator) { return 1; }
static void destroy(void *kernel) {}
static int required(const Operator *operator, size_t index) { return 0; }

static void compute(void *kernel, void *context) {
  void *input = NULL, *output = NULL, *shape = NULL;
  float *from = NULL, *to = NULL;
  size_t count = 0;
  ((Status * (*)(void *, size_t, void **)) api[90])(context, 0, &input);
  ((Status * (*)(void *, void **)) api[65])(input, &shape);
  ((Status * (*)(void *, size_t *)) api[64])(shape, &count);
  ((void (*)(void *))api[99])(shape);
  const int64_t size = (int64_t)count;
  ((Status * (*)(void *, size_t, const int64_t *, size_t, void **)) api[91])(context, 0, &size, 1,
                                                                           &output);
  ((Status * (*)(void *, float **)) api[51])(input, &from);
  ((Status * (*)(void *, float **)) api[51])(output, &to);
  for (size_t index = 0; index < count; index++) { to[index] = 3 * from[index] + 1; }
}

static const Operator frobnicate = {
    .version = 10,
    .create = create,
    .name = name,
    .provider = provider,
    .input_type = float_type,
    .input_count = one,
    .output_type = float_type,
    .output_count = one,
    .compute = compute,
    .destroy = destroy,
    .input_kind = required,
    .output_kind = required,
};

/// What ONNX Runtime calls; `base` gives its table of functions.
Status *RegisterCustomOps(void *options, const Function *base) {
  void *domain = NULL;
  api = ((const Function *(*)(uint32_t))base[0])(10);
  Status *status =
      ((Status * (*)(const char *, void **)) api[26])("org.needletail.tests", &domain);
  if (status == NULL) {
    status = ((Status * (*)(void *, const Operator *)) api[27])(domain, &frobnicate);
  }
  if (status == NULL) { status = ((Status * (*)(void *, void *)) api[28])(options, domain); }
  return status;
}
