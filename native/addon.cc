// Registers the exports; nothing else lives here.
#include <napi.h>

#include "fixed_length.h"

namespace layerwise {
void registerBlas(napi_env env, napi_value exports);
void registerPacked(napi_env env, napi_value exports);
void registerLapack(napi_env env, napi_value exports);
void registerRuntime(napi_env env, napi_value exports);
void registerKronecker(napi_env env, napi_value exports);
void registerRoots(napi_env env, napi_value exports);
void registerWarmRoots(napi_env env, napi_value exports);
void registerEigenbasis(napi_env env, napi_value exports);
void registerOrthogonalize(napi_env env, napi_value exports);
void registerAsync(napi_env env, napi_value exports);
void registerRandom(napi_env env, napi_value exports);
void registerInstructions(napi_env env, napi_value exports);
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  layerwise::rememberResizable(env);
  layerwise::registerBlas(env, exports);
  layerwise::registerPacked(env, exports);
  layerwise::registerLapack(env, exports);
  layerwise::registerRuntime(env, exports);
  layerwise::registerKronecker(env, exports);
  layerwise::registerRoots(env, exports);
  layerwise::registerWarmRoots(env, exports);
  layerwise::registerEigenbasis(env, exports);
  layerwise::registerOrthogonalize(env, exports);
  layerwise::registerAsync(env, exports);
  layerwise::registerRandom(env, exports);
  layerwise::registerInstructions(env, exports);
  return exports;
}

NODE_API_MODULE(layerwise, init)
