// Registers the exports; nothing else lives here.
#include <napi.h>

namespace layerwise {
void registerBlasLevel1(napi_env env, napi_value exports);
void registerBlasLevel2(napi_env env, napi_value exports);
void registerBlasLevel3(napi_env env, napi_value exports);
void registerLapack(napi_env env, napi_value exports);
void registerRandom(napi_env env, napi_value exports);
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  layerwise::registerBlasLevel1(env, exports);
  layerwise::registerBlasLevel2(env, exports);
  layerwise::registerBlasLevel3(env, exports);
  layerwise::registerLapack(env, exports);
  layerwise::registerRandom(env, exports);
  return exports;
}

NODE_API_MODULE(layerwise, init)
