# Builds for 64-bit ARM with Debian's cross compiler and the libraries of Debian's arm64, installed beside the machine's own
# (multiarch). `./dev cross arm64` installs both.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# There is no pkg-config of its own for a foreign architecture: it is told where to look, and nowhere else.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)

# Programs of the build (protoc) are the machine's; libraries are looked for under the triplet only.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_IGNORE_PREFIX_PATH /usr/local)
set(CMAKE_SYSTEM_IGNORE_PATH /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/cmake)

# Runs what was built here: the pages of the manual, and the tests.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
