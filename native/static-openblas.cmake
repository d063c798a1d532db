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

  # OpenBLAS carries kernels for some 20 CPUs (25 MB). The table entries of old ones are pointed at the nearest older kernel that
  # they can run, which drops the rest at link time. The names are OpenBLAS's own: when they change, nothing is trimmed.
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    execute_process(COMMAND ${CMAKE_NM} ${OPENBLAS_LIBRARY} OUTPUT_VARIABLE SYMBOLS ERROR_QUIET)
    if(SYMBOLS MATCHES "gotoblas_PRESCOTT" AND SYMBOLS MATCHES "gotoblas_ATOM")
      foreach(core ATOM CORE2 PENRYN DUNNINGTON NANO OPTERON OPTERON_SSE3 BARCELONA BOBCAT)
        target_link_options(${PROJECT_NAME} PRIVATE "-Wl,--defsym=gotoblas_${core}=gotoblas_PRESCOTT")
      endforeach()
      foreach(core BULLDOZER PILEDRIVER STEAMROLLER EXCAVATOR)
        target_link_options(${PROJECT_NAME} PRIVATE "-Wl,--defsym=gotoblas_${core}=gotoblas_SANDYBRIDGE")
      endforeach()
      target_link_options(${PROJECT_NAME} PRIVATE "-Wl,--defsym=gotoblas_COOPERLAKE=gotoblas_SKYLAKEX")
    else()
      message(WARNING "This OpenBLAS names its kernels otherwise: all of them are linked, the binary will be about 25 MB.")
    endif()
  endif()
endif()
