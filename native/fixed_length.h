// Which ArrayBuffers can change their length.
#pragma once

#include <node_api.h>

namespace layerwise {

/// Keeps, for this environment, the getter that tells resizable ArrayBuffers: later nobody can put another in its place.
void rememberResizable(napi_env env);

/// Whether an ArrayBuffer is known to have one length for good: it has it until it is detached then.
bool fixedLength(napi_env env, napi_value buffer);

}  // namespace layerwise
