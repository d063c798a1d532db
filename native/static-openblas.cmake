# A self-contained addon: OpenBLAS and what it needs of libgfortran are linked in, all their symbols hidden, so that a second
# OpenBLAS in the process cannot interpose. Needs (Debian) libopenblas-dev and libgfortran-<gcc major>-dev.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libgfortran.a OUTPUT_VARIABLE GFORTRAN_LIBRARY OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT IS_ABSOLUTE "${GFORTRAN_LIBRARY}")
    message(FATAL_ERROR "libgfortran.a not found. Debian/Ubuntu: apt-get install libgfortran-$(gcc -dumpversion)-dev.")
  endif()
  target_link_libraries(${PROJECT_NAME} PRIVATE ${GFORTRAN_LIBRARY} m pthread)
  target_link_options(${PROJECT_NAME} PRIVATE
    -static-libstdc++ -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-Bsymbolic
    "-Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/native/exports.ver")

  # OpenBLAS carries kernels for some 20 x86-64 CPUs (25 MB), 15 of ARM. The table entries of old ones are pointed at the nearest older kernel that
  # they can run, which drops the rest at link time. The names are OpenBLAS's own: when they change, nothing is trimmed.
  execute_process(COMMAND ${CMAKE_NM} ${OPENBLAS_LIBRARY} OUTPUT_VARIABLE SYMBOLS ERROR_QUIET)
  function(replace_kernels by)
    foreach(core ${ARGN})
      target_link_options(${PROJECT_NAME} PRIVATE "-Wl,--defsym=gotoblas_${core}=gotoblas_${by}")
    endforeach()
  endfunction()
  if(SYMBOLS MATCHES "gotoblas_PRESCOTT" AND SYMBOLS MATCHES "gotoblas_ATOM")
    replace_kernels(PRESCOTT ATOM CORE2 PENRYN DUNNINGTON NANO OPTERON OPTERON_SSE3 BARCELONA BOBCAT)
    replace_kernels(SANDYBRIDGE BULLDOZER PILEDRIVER STEAMROLLER EXCAVATOR)
    replace_kernels(SKYLAKEX COOPERLAKE)
  elseif(SYMBOLS MATCHES "gotoblas_ARMV8" AND SYMBOLS MATCHES "gotoblas_FALKOR")
    replace_kernels(ARMV8 CORTEXA53 CORTEXA55 THUNDERX)
    replace_kernels(CORTEXA57 FALKOR EMAG8180)
    replace_kernels(THUNDERX2T99 THUNDERX3T110)
  else()
    message(WARNING "This OpenBLAS names its kernels otherwise: all of them are linked, the binary will be large.")
  endif()
elseif(APPLE)
  # Homebrew's OpenBLAS comes with its gfortran.
  execute_process(COMMAND gfortran -print-file-name=libgfortran.a OUTPUT_VARIABLE GFORTRAN_LIBRARY OUTPUT_STRIP_TRAILING_WHITESPACE)
  target_link_libraries(${PROJECT_NAME} PRIVATE ${GFORTRAN_LIBRARY})
  target_link_options(${PROJECT_NAME} PRIVATE
    -Wl,-exported_symbol,_napi_register_module_v1 -Wl,-exported_symbol,_node_api_module_get_api_version_v1)
elseif(WIN32)
  target_link_libraries(${PROJECT_NAME} PRIVATE gfortran quadmath gomp)
endif()
