#include "async.h"

#include <algorithm>
#include <cstring>

#include "errors.h"

namespace layerwise {
namespace {

struct Job {
  std::unique_ptr<Task> task;
  std::string function;
  napi_async_work work = nullptr;  // null once completed
  napi_deferred deferred = nullptr;
  // What compute threw.
  bool failed = false;
  Kind kind = Kind::Plain;
  const char* code = nullptr;
  std::string message;

  void fail(Kind what, const char* withCode, const std::string& why) {
    failed = true;
    kind = what;
    code = withCode;
    message = function + ": " + why;
  }
};
using Shared = std::shared_ptr<Job>;

void execute(napi_env, void* data) {
  Job& job = **static_cast<Shared*>(data);
  try {
    job.task->compute();
  } catch (const NumericalError& error) {
    job.fail(Kind::Plain, error.code, error.what());
  } catch (const CallError& error) {
    job.fail(error.kind, error.code, error.what());
  } catch (const std::bad_alloc&) {
    job.fail(Kind::Range, "ERR_OUT_OF_MEMORY", "out of memory");
  } catch (const std::exception& error) {
    job.fail(Kind::Plain, nullptr, error.what());
  }
}

napi_value errorValue(napi_env env, const Job& job) {
  napi_value code = nullptr, message = nullptr, error = nullptr;
  if (job.code) napi_create_string_utf8(env, job.code, NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, job.message.data(), job.message.size(), &message);
  const auto create = job.kind == Kind::Range ? napi_create_range_error : job.kind == Kind::Type ? napi_create_type_error : napi_create_error;
  return message && create(env, code, message, &error) == napi_ok ? error : nullptr;
}

void complete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Shared> held(static_cast<Shared*>(data));
  Job& job = **held;
  napi_delete_async_work(env, job.work);
  job.work = nullptr;
  if (status == napi_cancelled) job.fail(Kind::Plain, "ABORT_ERR", "aborted before it started");
  const napi_value value = job.failed ? errorValue(env, job) : job.task->deliver(env);
  job.task.reset();
  if (!value) return;
  if (job.failed) napi_reject_deferred(env, job.deferred, value);
  else napi_resolve_deferred(env, job.deferred, value);
}

/// Only ever called on the JavaScript thread, as is complete: job.work cannot vanish in between.
napi_value cancel(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  Job& job = **static_cast<Shared*>(data);
  napi_value out = nullptr;
  napi_get_boolean(env, job.work && napi_cancel_async_work(env, job.work) == napi_ok, &out);
  return out;
}

}  // namespace

napi_value launch(Args& in, std::unique_ptr<Task> task) {
  const napi_env env = in.env;
  const Shared job = std::make_shared<Job>();
  job->task = std::move(task);
  job->function = in.function;
  napi_value promise, name, canceller;
  auto forCancel = std::make_unique<Shared>(job);
  if (napi_create_string_utf8(env, in.function, NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  if (napi_create_function(env, "cancel", NAPI_AUTO_LENGTH, cancel, forCancel.get(), &canceller) != napi_ok) return nullptr;
  const auto release = [](napi_env, void* data, void*) { delete static_cast<Shared*>(data); };
  if (napi_add_finalizer(env, canceller, forCancel.get(), release, nullptr, nullptr) != napi_ok) return nullptr;
  forCancel.release();
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok) return nullptr;
  auto forWork = std::make_unique<Shared>(job);
  if (napi_create_async_work(env, nullptr, name, execute, complete, forWork.get(), &job->work) != napi_ok)
    in.failure("ERR_ASYNC", "the work could not be created");
  if (napi_queue_async_work(env, job->work) != napi_ok) {
    napi_delete_async_work(env, job->work);
    job->work = nullptr;
    in.failure("ERR_ASYNC", "the work could not be queued");
  }
  forWork.release();
  return freshObject(env, {{"promise", promise}, {"cancel", canceller}});
}

template <typename T> napi_value freshArray(napi_env env, const Buffer<T>& from) {
  napi_value buffer = nullptr, array = nullptr;
  void* data = nullptr;
  const size_t bytes = static_cast<size_t>(from.length) * sizeof(T);
  if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return nullptr;
  if (bytes) std::memcpy(data, from.get(), bytes);
  return napi_create_typedarray(env, Precision<T>::type, static_cast<size_t>(from.length), buffer, 0, &array) == napi_ok ? array : nullptr;
}
template napi_value freshArray<double>(napi_env, const Buffer<double>&);
template napi_value freshArray<float>(napi_env, const Buffer<float>&);
template napi_value freshArray<int32_t>(napi_env, const Buffer<int32_t>&);

napi_value freshNumber(napi_env env, double value) {
  napi_value out = nullptr;
  return napi_create_double(env, value, &out) == napi_ok ? out : nullptr;
}

napi_value freshObject(napi_env env, std::initializer_list<std::pair<const char*, napi_value>> entries) {
  napi_value out = nullptr;
  if (napi_create_object(env, &out) != napi_ok) return nullptr;
  for (const auto& [name, value] : entries)
    if (!value || napi_set_named_property(env, out, name, value) != napi_ok) return nullptr;
  return out;
}

}  // namespace layerwise
