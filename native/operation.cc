#include "operation.h"

namespace layerwise {

const Operation& blasOperation(Args& in) {
  napi_value routine = in.value();
  char name[32];
  size_t length;
  if (napi_get_value_string_utf8(in.env, routine, name, sizeof name, &length) != napi_ok) in.typeError("routine", "a string", routine);
  for (const Operations& table : {blasLevel1(), blasLevel2(), blasLevel3()})
    for (const Operation& operation : table)
      if (std::string(name, length) == operation.name) return operation;
  in.rangeError("routine", "the name of a BLAS routine, such as \"dgemm\"", std::string("\"") + name + "\"");
}

}  // namespace layerwise
