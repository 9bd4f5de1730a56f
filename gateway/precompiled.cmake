# Headers that are read once for many targets. A source still includes what it uses: the test `arrows` reads every #include, and
# a build with CMAKE_UNITY_BUILD=OFF and CMAKE_DISABLE_PRECOMPILE_HEADERS=ON compiles each source alone.
set(JIDIAN_STANDARD_HEADERS
  <algorithm> <array> <atomic> <bit> <cassert> <cerrno> <charconv> <chrono> <cmath> <condition_variable> <cstddef> <cstdint> <cstdio>
  <cstdlib> <cstring> <deque> <filesystem> <fstream> <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <sstream>
  <stop_token> <string> <string_view> <system_error> <thread> <utility> <variant> <vector>)

file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// A target needs a source; what counts are its headers.\n")
# libfmt has this function, with all that it drags in, compiled already: 1.7 MB under the sanitizers in every program otherwise.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/formatted.hpp CONTENT "#include <spdlog/spdlog.h>
extern template void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>&, fmt::string_view, fmt::format_args,
                                                   fmt::detail::locale_ref);\n")

# jidian_precompile(TARGET KIND FOREIGN…): TARGET finds the common standard headers and the large ones of FOREIGN read already, if
# several targets want the same: to read them takes 8 s for all and saves 3 s for each source. Targets of one KIND (plain or
# optimised) are compiled with the same options.
set(JIDIAN_PRECOMPILED plain_nlohmann plain_nlohmann_spdlog plain_gtest_nlohmann optimised_spdlog)
function(jidian_precompile target kind)
  set(shared ${kind})
  set(headers ${JIDIAN_STANDARD_HEADERS})
  foreach(large IN ITEMS "gtest|<gmock/gmock.h>" "nlohmann|<nlohmann/json.hpp>" "spdlog|${PROJECT_BINARY_DIR}/formatted.hpp")
    string(REPLACE "|" ";" large ${large})
    list(POP_FRONT large folder)
    if("${folder}/" IN_LIST ARGN)
      string(APPEND shared _${folder})
      list(APPEND headers ${large})
    endif()
  endforeach()
  if(NOT shared IN_LIST JIDIAN_PRECOMPILED)
    if("spdlog/" IN_LIST ARGN)
      target_compile_options(${target} PRIVATE "SHELL:-include ${PROJECT_BINARY_DIR}/formatted.hpp")
    endif()
    return()
  endif()
  set(shared jidian_precompiled_${shared})
  if(NOT TARGET ${shared})
    add_library(${shared} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(${shared} PRIVATE jidian_options)
    if("gtest/" IN_LIST ARGN)
      target_link_libraries(${shared} PRIVATE GTest::gmock)
    elseif("spdlog/" IN_LIST ARGN)
      target_link_libraries(${shared} PRIVATE spdlog::spdlog)
    endif()
    jidian_optimise(${shared} ${kind})
    target_precompile_headers(${shared} PRIVATE ${headers})
    jidian_cache_precompiled(${shared})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${shared})
  jidian_cache_precompiled(${target})
endfunction()

function(jidian_optimise target kind)
  if(kind STREQUAL "optimised")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
  endif()
endfunction()

# ccache must see in a preprocessed source which precompiled headers it was read after.
function(jidian_cache_precompiled target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()
