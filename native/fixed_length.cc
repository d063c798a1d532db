#include "fixed_length.h"

namespace layerwise {
namespace {

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value out = nullptr;
  return object && napi_get_named_property(env, object, name, &out) == napi_ok ? out : nullptr;
}

/// Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "resizable").get
napi_value resizableGetter(napi_env env) {
  napi_value global = nullptr, name = nullptr, descriptor = nullptr;
  napi_get_global(env, &global);
  napi_create_string_utf8(env, "resizable", NAPI_AUTO_LENGTH, &name);
  const napi_value object = property(env, global, "Object"), describe = property(env, object, "getOwnPropertyDescriptor");
  const napi_value prototype = property(env, property(env, global, "ArrayBuffer"), "prototype");
  if (!describe || !prototype || !name) return nullptr;
  const napi_value arguments[] = {prototype, name};
  if (napi_call_function(env, object, describe, 2, arguments, &descriptor) != napi_ok) return nullptr;
  return property(env, descriptor, "get");
}

/// What threw has left no exception pending.
void forget(napi_env env) {
  bool pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) napi_get_and_clear_last_exception(env, &error);
}

void release(napi_env env, void* data, void*) {
  const auto getter = static_cast<napi_ref*>(data);
  if (*getter) napi_delete_reference(env, *getter);
  delete getter;
}

}  // namespace

void rememberResizable(napi_env env) {
  const auto getter = new napi_ref{nullptr};
  napi_valuetype type = napi_undefined;
  const napi_value function = resizableGetter(env);
  if (function && napi_typeof(env, function, &type) == napi_ok && type == napi_function) napi_create_reference(env, function, 1, getter);
  forget(env);
  if (napi_set_instance_data(env, getter, release, nullptr) != napi_ok) release(env, getter, nullptr);
}

bool fixedLength(napi_env env, napi_value buffer) {
  void* data = nullptr;
  napi_value getter, answer;
  bool resizable = true;
  if (napi_get_instance_data(env, &data) != napi_ok || !data || !*static_cast<napi_ref*>(data)) return false;
  if (napi_get_reference_value(env, *static_cast<napi_ref*>(data), &getter) != napi_ok || napi_call_function(env, buffer, getter, 0, nullptr, &answer) != napi_ok ||
      napi_get_value_bool(env, answer, &resizable) != napi_ok)
    forget(env);
  return !resizable;
}

}  // namespace layerwise
