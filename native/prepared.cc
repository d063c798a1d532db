// Registers the operations, and `prepare`: an operation whose arguments are checked once and which then runs many times.
//
// What `prepare` returns is a function that owns the operation. It holds the memory its views point to: a strong reference
// to every ArrayBuffer keeps it from being collected, and each run compares the buffer's address and size with those seen
// at first, so a buffer that was transferred, detached or shrunk since is refused before anything is read. (A
// SharedArrayBuffer can do none of this.)
#include <vector>

#include "operation.h"

namespace layerwise {
namespace {

struct Memory {
  napi_ref reference = nullptr;
  void* data = nullptr;
  size_t bytes = 0;
  bool shared = false;
};

struct Owned {
  std::unique_ptr<Prepared> operation;
  const char* name;
  std::vector<Memory> memory;
};

void release(napi_env env, void* data, void*) {
  const std::unique_ptr<Owned> owned(static_cast<Owned*>(data));
  for (const Memory& memory : owned->memory) napi_delete_reference(env, memory.reference);
}

napi_value run(napi_env env, napi_callback_info info) {
  Owned* owned = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, reinterpret_cast<void**>(&owned));
  for (const Memory& memory : owned->memory) {
    if (memory.shared) continue;
    napi_value buffer;
    void* data;
    size_t bytes;
    if (napi_get_reference_value(env, memory.reference, &buffer) != napi_ok || napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok ||
        data != memory.data || bytes < memory.bytes) {
      napi_throw_type_error(env, nullptr, (std::string(owned->name) + ": memory that was prepared has been detached, transferred or resized").c_str());
      return nullptr;
    }
  }
  return guarded(env, owned->name, [&] { return owned->operation->run(env); });
}

/// The distinct buffers under the typed arrays among the arguments.
std::vector<Memory> memoryOf(const Args& in) {
  std::vector<napi_value> buffers;
  for (size_t i = 0; i < in.count(); ++i) {
    napi_typedarray_type type;
    napi_value buffer;
    size_t length, offset;
    void* data;
    if (napi_get_typedarray_info(in.env, in[i], &type, &length, &data, &buffer, &offset) != napi_ok) continue;
    bool known = false;
    for (napi_value other : buffers) known = known || (napi_strict_equals(in.env, other, buffer, &known) == napi_ok && known);
    if (!known) buffers.push_back(buffer);
  }
  std::vector<Memory> out;
  for (napi_value buffer : buffers) {
    Memory memory;
    bool exclusive = false;
    napi_is_arraybuffer(in.env, buffer, &exclusive);
    memory.shared = !exclusive;
    if (exclusive) napi_get_arraybuffer_info(in.env, buffer, &memory.data, &memory.bytes);
    out.push_back(memory);
    if (napi_create_reference(in.env, buffer, 1, &out.back().reference) != napi_ok) out.pop_back();
  }
  return out;
}

const Operation* find(const std::string& name) {
  for (const Operations& table : {blasLevel1(), blasLevel2(), blasLevel3()})
    for (const Operation& operation : table)
      if (name == operation.name) return &operation;
  return nullptr;
}

napi_value prepareExport(Args& in) {
  napi_value routine = in.value();
  char name[32];
  size_t length;
  if (napi_get_value_string_utf8(in.env, routine, name, sizeof name, &length) != napi_ok) in.typeError("routine", "a string", routine);
  const Operation* operation = find(name);
  if (!operation) in.rangeError("routine", "the name of a routine that can be prepared, such as \"dgemm\"", std::string("\"") + name + "\"");
  Args rest(in, 1, operation->name);
  auto owned = std::make_unique<Owned>();
  owned->name = operation->name;
  owned->operation = operation->prepare(rest);
  owned->memory = memoryOf(rest);
  napi_value function;
  if (napi_create_function(in.env, operation->name, NAPI_AUTO_LENGTH, run, owned.get(), &function) != napi_ok ||
      napi_add_finalizer(in.env, function, owned.get(), release, nullptr, nullptr) != napi_ok) {
    release(in.env, owned.release(), nullptr);
    in.failure("ERR_PREPARE", "the function could not be created");
  }
  owned.release();
  return function;
}

void registerOperations(napi_env env, napi_value exports, const Operations& table) {
  for (const Operation& operation : table) {
    define(
        env, exports, operation.name,
        [](napi_env e, napi_callback_info info) -> napi_value {
          void* data = nullptr;
          Args in(e, info, &data);
          const auto* self = static_cast<const Operation*>(data);
          in.function = self->name;
          return guarded(e, self->name, [&] { return self->call(in); });
        },
        &operation);
  }
}

}  // namespace

void registerBlas(napi_env env, napi_value exports) {
  registerOperations(env, exports, blasLevel1());
  registerOperations(env, exports, blasLevel2());
  registerOperations(env, exports, blasLevel3());
  LAYERWISE_EXPORT(env, exports, "prepare", prepareExport);
}

}  // namespace layerwise
