// Calls whose numbers are written to memory instead of passed one by one, and whose arrays' class the caller has looked at, as JavaScript does
// in a nanosecond and Node-API in thirty: half the time of the ordinary call, which for small matrices is mostly reading arguments.
#include <memory>

#include "operation.h"

namespace layerwise {
namespace {

constexpr int kNumbers = 16;

/// Belongs to the function and to the ArrayBuffer over `numbers`: it lives as long as either, even when the buffer is detached.
struct Packed {
  explicit Packed(const Operation& operation) : operation(operation) {}
  const Operation& operation;
  double numbers[kNumbers] = {};
};
using Shared = std::shared_ptr<Packed>;

napi_value call(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  Args in(env, info, &data);
  const Packed& packed = **static_cast<Shared*>(data);
  in.function = packed.operation.name;
  in.unpack(packed.numbers, kNumbers);
  return guarded(env, packed.operation.name, [&] { return packed.operation.call(in); });
}

void release(napi_env, void*, void* owner) { delete static_cast<Shared*>(owner); }

napi_value packedExport(Args& in) {
  const auto packed = std::make_shared<Packed>(blasOperation(in));
  const char* const name = packed->operation.name;
  napi_value out, numbers, buffer, function;
  auto ofBuffer = std::make_unique<Shared>(packed);
  if (napi_create_external_arraybuffer(in.env, packed->numbers, sizeof packed->numbers, release, ofBuffer.get(), &buffer) != napi_ok)
    in.failure("ERR_NO_EXTERNAL_MEMORY", "this runtime has no ArrayBuffers over memory of an addon");
  ofBuffer.release();
  auto ofFunction = std::make_unique<Shared>(packed);
  if (napi_create_function(in.env, name, NAPI_AUTO_LENGTH, call, ofFunction.get(), &function) != napi_ok ||
      napi_wrap(in.env, function, ofFunction.get(), release, ofFunction.get(), nullptr) != napi_ok)
    in.failure("ERR_PACKED", "the function could not be created");
  ofFunction.release();
  if (napi_create_typedarray(in.env, napi_float64_array, kNumbers, buffer, 0, &numbers) != napi_ok || napi_create_object(in.env, &out) != napi_ok ||
      napi_set_named_property(in.env, out, "numbers", numbers) != napi_ok || napi_set_named_property(in.env, out, "call", function) != napi_ok)
    in.failure("ERR_PACKED", "the result could not be created");
  return out;
}

}  // namespace

void registerPacked(napi_env env, napi_value exports) { LAYERWISE_EXPORT(env, exports, "packed", packedExport); }

}  // namespace layerwise
