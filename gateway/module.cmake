# How a module of the gateway is declared, and the flags every target of ours is built with.

add_library(jidian_options INTERFACE)
target_compile_features(jidian_options INTERFACE cxx_std_20)
target_compile_options(jidian_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor -Werror
  -fno-omit-frame-pointer
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)  # an assertion names its file as the repository does, wherever that stands
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  # A store grows beyond 2 GiB, a disk beyond 2^32 blocks; stat() and statvfs() of either fail otherwise. Why not _TIME_BITS: ADR 0028.
  target_compile_definitions(jidian_options INTERFACE _FILE_OFFSET_BITS=64)
  target_compile_options(jidian_options INTERFACE -Wno-psabi)  # tells only that older compilers passed some arguments otherwise
endif()
if(JIDIAN_SANITIZE)
  target_compile_options(jidian_options INTERFACE -fsanitize=${JIDIAN_SANITIZE} -fno-sanitize-recover=all -g1)
  if(JIDIAN_SANITIZE MATCHES "address")
    # The address sanitizer sees what most of these look for, and the preset tsan has all but the last; here they take a third of the build.
    target_compile_options(jidian_options INTERFACE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  target_link_options(jidian_options INTERFACE -fsanitize=${JIDIAN_SANITIZE} -fuse-ld=lld)  # many large programs
else()
  # Assertions guard our own bugs and stay on in release: -UNDEBUG.
  target_compile_options(jidian_options INTERFACE
    -UNDEBUG -fstack-protector-strong -fstack-clash-protection -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
    -D_GLIBCXX_ASSERTIONS -ffunction-sections -fdata-sections
    -g1)  # functions and lines for a backtrace; more takes a third more of the build
  target_link_options(jidian_options INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,--gc-sections)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/precompiled.cmake)

# These run simulated days and hostile inputs in seconds, with every sanitizer on. The others mostly wait, and -O1 doubles the
# time that a sanitized source takes to compile.
set(JIDIAN_OPTIMISED base meter domain record config health acquire store recorder)

# jidian_module(NAME SOURCES … USES … LINKS … FOREIGN …)
#
# One folder of gateway/ = one static library jidian_NAME.
#   USES     the modules whose headers it may include (the arrows of docs/ARCHITECTURE.md)
#   LINKS    foreign libraries, private to the module
#   FOREIGN  the foreign headers it may include: a header, a folder ("spdlog/"), or `posix`
# What is declared here is checked against every #include by the test `arrows`.
set_property(GLOBAL PROPERTY JIDIAN_ARROWS "")
function(jidian_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS;FOREIGN" ${ARGN})
  if(arg_SOURCES)
    add_library(jidian_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(jidian_${name} PRIVATE jidian_options ${arg_LINKS})
    set(kind plain)
    if(name IN_LIST JIDIAN_OPTIMISED)
      set(kind optimised)
    endif()
    jidian_optimise(jidian_${name} ${kind})
    jidian_precompile(jidian_${name} ${kind} ${arg_FOREIGN})
  else()
    add_library(jidian_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(jidian_${name} ${scope} ${PROJECT_SOURCE_DIR}/gateway)
  target_compile_features(jidian_${name} ${scope} cxx_std_20)
  foreach(used IN LISTS arg_USES)
    target_link_libraries(jidian_${name} ${scope} jidian_${used})
  endforeach()
  string(JOIN " " uses ${arg_USES})
  string(JOIN " " foreign ${arg_FOREIGN})
  set_property(GLOBAL APPEND PROPERTY JIDIAN_ARROWS "${name}: ${uses} | ${foreign}")
endfunction()
