// Which of this processor's vector instructions the kernels of our own use.
#pragma once

#include <node_api.h>

#include <atomic>

namespace layerwise {

enum class Instructions { Portable, Avx2, Avx512 };

/// The widest that this processor has, unless a test or a benchmark has chosen others (process-wide).
inline Instructions instructions() {
  extern std::atomic<Instructions> active;
  return active.load(std::memory_order_relaxed);
}

void registerInstructions(napi_env env, napi_value exports);

}  // namespace layerwise
