#include "instructions.h"

#include <atomic>

#include "args.h"

namespace layerwise {
namespace {

const char* const names[] = {"portable", "avx2", "avx512"};

bool supported(Instructions which) {
#if defined(__x86_64__)
  const auto avx2 = [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"); };
  if (which == Instructions::Avx512) return avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (which == Instructions::Avx2) return avx2();
#endif
  return which == Instructions::Portable;
}

Instructions widest() {
  for (const Instructions which : {Instructions::Avx512, Instructions::Avx2})
    if (supported(which)) return which;
  return Instructions::Portable;
}

}  // namespace

std::atomic<Instructions> active{widest()};

namespace {

napi_value instructionsExport(Args& in) {
  if (in.has(0)) {
    const int choice = in.choice("which", {"portable", "avx2", "avx512", "widest"});
    const Instructions which = choice == 3 ? widest() : static_cast<Instructions>(choice);
    if (!supported(which)) in.rangeError("which", "instructions that this processor has", std::string("\"") + names[choice] + "\"");
    active = which;
  }
  return in.result(std::string(names[static_cast<int>(instructions())]));
}

}  // namespace

void registerInstructions(napi_env env, napi_value exports) { LAYERWISE_EXPORT(env, exports, "instructions", instructionsExport); }

}  // namespace layerwise
