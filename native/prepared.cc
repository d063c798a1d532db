// Registers the operations, and what is checked once and then runs many times: `prepare` keeps one operation with its
// arguments, `prepareSequence` runs a list of those in one call.
//
// What they return is a function that owns its operations. It holds the memory their views point to: a strong reference
// to every ArrayBuffer keeps it from being collected, and each run asks whether a buffer of fixed length is detached, and
// compares a resizable one's address and size with those seen at first, so a buffer that was transferred, detached or shrunk
// since is refused before anything is read or written. (A SharedArrayBuffer can do none of this.)
#include <algorithm>
#include <cstdint>
#include <vector>

#include "fixed_length.h"
#include "operation.h"

namespace layerwise {
namespace {

struct Memory {
  napi_ref reference = nullptr;
  void* data = nullptr;
  size_t bytes = 0;
  bool fixed = false;  // of one length until it is detached: that is quicker to ask
  size_t call = 0;  // the first that needs it
};

struct Call {
  const char* name;
  std::shared_ptr<const Prepared> operation;
};

/// What belongs to a function made here, and ends with it.
struct Owned {
  explicit Owned(napi_env env) : env(env) {}
  Owned(const Owned&) = delete;
  ~Owned() {
    for (const Memory& each : memory)
      if (each.reference) napi_delete_reference(env, each.reference);
    for (napi_ref reference : shared)
      if (reference) napi_delete_reference(env, reference);
  }
  const napi_env env;
  std::vector<Call> calls;
  std::vector<Memory> memory;  // exclusive memory: every buffer once
  std::vector<napi_ref> shared;
};

/// By this a function is known to be one of ours.
constexpr napi_type_tag kTag = {0x9c1d2f60a7f34e5bu, 0x8e0b5d3c6a174f92u};

void release(napi_env, void* data, void*) { delete static_cast<Owned*>(data); }

struct HandleScope {
  explicit HandleScope(napi_env env) : env(env) { napi_open_handle_scope(env, &scope); }
  HandleScope(const HandleScope&) = delete;
  ~HandleScope() { napi_close_handle_scope(env, scope); }
  const napi_env env;
  napi_handle_scope scope = nullptr;
};

/// The first memory that is no longer what it was; null when all is.
const Memory* missing(napi_env env, const Owned& owned) {
  for (const Memory& memory : owned.memory) {
    napi_value buffer;
    void* data;
    size_t bytes;
    bool detached;
    if (napi_get_reference_value(env, memory.reference, &buffer) != napi_ok) return &memory;
    if (memory.fixed) {
      if (napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok || detached) return &memory;
    } else if (napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok || data != memory.data || bytes < memory.bytes) {
      return &memory;
    }
  }
  return nullptr;
}

constexpr const char* kGone = "has been detached, transferred or resized";

napi_value runOne(napi_env env, napi_callback_info info) {
  Owned* owned = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, reinterpret_cast<void**>(&owned));
  const Call& call = owned->calls.front();
  if (missing(env, *owned)) {
    napi_throw_type_error(env, nullptr, (std::string(call.name) + ": memory that was prepared " + kGone).c_str());
    return nullptr;
  }
  return guarded(env, call.name, [&] { return call.operation->run(env); });
}

napi_value runSequence(napi_env env, napi_callback_info info) {
  Owned* owned = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, reinterpret_cast<void**>(&owned));
  if (const Memory* memory = missing(env, *owned)) {
    const std::string which = std::to_string(memory->call) + " (" + owned->calls[memory->call].name + ")";
    napi_throw_type_error(env, nullptr, ("sequence: memory of call " + which + " " + kGone).c_str());
    return nullptr;
  }
  return guarded(env, "sequence", [&]() -> napi_value {
    for (const Call& call : owned->calls) call.operation->run(env);
    return nullptr;
  });
}

napi_ref referenceTo(napi_env env, napi_value buffer) {
  napi_ref out = nullptr;
  if (napi_create_reference(env, buffer, 1, &out) != napi_ok) throw CallError(Kind::Plain, "prepare: the memory could not be held", "ERR_PREPARE");
  return out;
}

/// Refers to a buffer, unless it is known already.
void hold(Owned& owned, napi_value buffer, const Memory& seen) {
  const napi_env env = owned.env;
  for (Memory& known : owned.memory) {
    napi_value other;
    bool same = false;
    if (seen.data != known.data || napi_get_reference_value(env, known.reference, &other) != napi_ok) continue;
    if (napi_strict_equals(env, other, buffer, &same) == napi_ok && same) {
      known.bytes = std::max(known.bytes, seen.bytes);
      return;
    }
  }
  owned.memory.push_back(seen);
  owned.memory.back().reference = nullptr;
  owned.memory.back().reference = referenceTo(env, buffer);
}

void holdShared(Owned& owned, napi_value buffer) {
  owned.shared.push_back(nullptr);
  owned.shared.back() = referenceTo(owned.env, buffer);
}

/// The buffers under the typed arrays among the arguments.
void holdArguments(Owned& owned, const Args& in) {
  for (size_t i = 0; i < in.count(); ++i) {
    napi_typedarray_type type;
    napi_value buffer;
    size_t length, offset;
    Memory memory;
    bool exclusive = false;
    if (napi_get_typedarray_info(in.env, in[i], &type, &length, &memory.data, &buffer, &offset) != napi_ok) continue;
    napi_is_arraybuffer(in.env, buffer, &exclusive);
    if (!exclusive) {
      holdShared(owned, buffer);
      continue;
    }
    napi_get_arraybuffer_info(in.env, buffer, &memory.data, &memory.bytes);
    memory.fixed = fixedLength(in.env, buffer);
    hold(owned, buffer, memory);
  }
}

/// The function that owns `owned` and runs it.
napi_value functionOf(const Args& in, std::unique_ptr<Owned> owned, const char* name, napi_callback run) {
  napi_value function = nullptr;
  if (napi_create_function(in.env, name, NAPI_AUTO_LENGTH, run, owned.get(), &function) != napi_ok ||
      napi_type_tag_object(in.env, function, &kTag) != napi_ok || napi_wrap(in.env, function, owned.get(), release, nullptr, nullptr) != napi_ok) {
    in.failure("ERR_PREPARE", "the function could not be created");
  }
  owned.release();
  return function;
}

napi_value prepareExport(Args& in) {
  const Operation& operation = blasOperation(in);
  Args rest(in, 1, operation.name);
  auto owned = std::make_unique<Owned>(in.env);
  owned->calls.push_back({operation.name, operation.prepare(rest)});
  holdArguments(*owned, rest);
  return functionOf(in, std::move(owned), operation.name, runOne);
}

/// Appends what a prepared function owns.
void append(Owned& owned, const Owned& more) {
  const napi_env env = owned.env;
  const size_t first = owned.calls.size();
  owned.calls.insert(owned.calls.end(), more.calls.begin(), more.calls.end());
  napi_value buffer;
  for (Memory memory : more.memory) {
    if (napi_get_reference_value(env, memory.reference, &buffer) != napi_ok) continue;
    memory.call += first;
    hold(owned, buffer, memory);
  }
  for (napi_ref reference : more.shared)
    if (napi_get_reference_value(env, reference, &buffer) == napi_ok) holdShared(owned, buffer);
}

napi_value prepareSequenceExport(Args& in) {
  napi_value list = in.value();
  bool isArray = false;
  uint32_t count = 0;
  if (napi_is_array(in.env, list, &isArray) != napi_ok || !isArray || napi_get_array_length(in.env, list, &count) != napi_ok)
    in.typeError("calls", "an array of prepared calls", list);
  auto owned = std::make_unique<Owned>(in.env);
  for (uint32_t i = 0; i < count; ++i) {
    const HandleScope scope(in.env);
    const std::string name = "call " + std::to_string(i);
    napi_value element = nullptr;
    napi_valuetype type = napi_undefined;
    bool ours = false;
    void* data = nullptr;
    if (napi_get_element(in.env, list, i, &element) != napi_ok || napi_typeof(in.env, element, &type) != napi_ok || type != napi_function ||
        napi_check_object_type_tag(in.env, element, &kTag, &ours) != napi_ok || !ours || napi_unwrap(in.env, element, &data) != napi_ok)
      in.typeError(name.c_str(), "a prepared call", element);
    const Owned& call = *static_cast<Owned*>(data);
    for (const Call& each : call.calls)
      if (each.operation->returns()) in.typeError(name.c_str(), "a prepared call without a result, which a sequence would lose", element);
    append(*owned, call);
  }
  return functionOf(in, std::move(owned), "sequence", runSequence);
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
  LAYERWISE_EXPORT(env, exports, "prepareSequence", prepareSequenceExport);
}

}  // namespace layerwise
