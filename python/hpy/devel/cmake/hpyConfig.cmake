# find_package(hpy): builds HPy extensions with CMake 3.18 or later.
#
#   find_package(hpy REQUIRED)
#   hpy_add_module(example example.c)
#
# CMake finds this file with -Dhpy_DIR=$(hpy-config --cmakedir). The Python asked is Python_EXECUTABLE,
# Python3_EXECUTABLE or, without either, `python3`.
#
# hpy_add_module(<name> [ABI universal|hybrid|cpython] [DIRECT] <source>...)
#   A target <name> that makes the binary of the extension module <name>, and its stub file beside it. The ABI is
#   HPY_ABI or universal by default. DIRECT names a universal binary <name>.so, which CPython imports itself.

if(DEFINED Python_EXECUTABLE)
  set(_hpy_python "${Python_EXECUTABLE}")
elseif(DEFINED Python3_EXECUTABLE)
  set(_hpy_python "${Python3_EXECUTABLE}")
else()
  find_program(_hpy_python NAMES python3 python)
endif()

# Sets `result` to the list that hpy-config prints.
function(_hpy_config result)
  execute_process(
    COMMAND "${_hpy_python}" -m hpy.devel.config --lines ${ARGN}
    OUTPUT_VARIABLE printed
    ERROR_VARIABLE failure
    RESULT_VARIABLE code
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "hpy: ${_hpy_python} -m hpy.devel.config ${ARGN} failed: ${failure}")
  endif()
  string(REPLACE "\n" ";" printed "${printed}")
  set(${result} "${printed}" PARENT_SCOPE)
endfunction()

_hpy_config(hpy_VERSION --version)
_hpy_config(hpy_SOURCES --sources)

# The C helpers, compiled once for all targets of an ABI.
function(_hpy_helpers abi)
  if(TARGET hpy_helpers_${abi})
    return()
  endif()
  enable_language(C)
  _hpy_config(includes --abi ${abi} --includedirs)
  _hpy_config(macros --abi ${abi} --macros)
  _hpy_config(libraries --abi ${abi} --libs)
  add_library(hpy_helpers_${abi} STATIC EXCLUDE_FROM_ALL ${hpy_SOURCES})
  set_target_properties(hpy_helpers_${abi} PROPERTIES POSITION_INDEPENDENT_CODE ON C_STANDARD 99)
  target_include_directories(hpy_helpers_${abi} PUBLIC ${includes})
  target_compile_definitions(hpy_helpers_${abi} PUBLIC ${macros})
  target_link_libraries(hpy_helpers_${abi} INTERFACE ${libraries} ${CMAKE_DL_LIBS})
endfunction()

function(hpy_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "DIRECT" "ABI" "")
  if(NOT arg_ABI)
    set(arg_ABI "${HPY_ABI}")
  endif()
  if(NOT arg_ABI)
    set(arg_ABI universal)
  endif()
  set(options --abi ${arg_ABI})
  if(arg_DIRECT)
    list(APPEND options --direct)
  endif()
  _hpy_helpers(${arg_ABI})
  _hpy_config(suffix ${options} --ext-suffix)
  add_library(${name} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE hpy_helpers_${arg_ABI})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX "${suffix}" C_VISIBILITY_PRESET hidden
                                           CXX_VISIBILITY_PRESET hidden)
  if(APPLE)
    target_link_options(${name} PRIVATE -undefined dynamic_lookup)
  endif()
  if(NOT arg_ABI STREQUAL "cpython")
    add_custom_command(
      TARGET ${name} POST_BUILD
      COMMAND "${_hpy_python}" -m hpy.devel.config ${options} --write-stub ${name} "$<TARGET_FILE_DIR:${name}>/${name}.py"
      VERBATIM)
  endif()
endfunction()
