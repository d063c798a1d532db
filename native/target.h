// Functions compiled for wider instructions than the rest of the addon, and the choice among them at run time.
//
//   LAYERWISE_TARGET(LAYERWISE_AVX2)
//   …                                  no header of the standard library in between: its inline functions must not be compiled for it
//   LAYERWISE_TARGET_END
#pragma once

#include "instructions.h"

// What Instructions::Avx2 and Instructions::Avx512 stand for; instructions.cc asks the processor for the same.
#define LAYERWISE_AVX2 "avx2,fma,bmi2"
#define LAYERWISE_AVX512 "avx512f,avx512dq,avx512vl,fma,bmi2"

#define LAYERWISE_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define LAYERWISE_TARGET(features) LAYERWISE_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define LAYERWISE_TARGET_END LAYERWISE_PRAGMA(clang attribute pop)
#else
#define LAYERWISE_TARGET(features) LAYERWISE_PRAGMA(GCC push_options) LAYERWISE_PRAGMA(GCC target(features))
#define LAYERWISE_TARGET_END LAYERWISE_PRAGMA(GCC pop_options)
#endif

/// The kernel for the instructions in use. The wide ones need exist on x86-64 only.
#if defined(__x86_64__)
#define LAYERWISE_BY_INSTRUCTIONS(portable, avx2, avx512) \
  (instructions() == Instructions::Avx512 ? avx512 : instructions() == Instructions::Avx2 ? avx2 : portable)
#else
#define LAYERWISE_BY_INSTRUCTIONS(portable, avx2, avx512) (portable)
#endif
