#include <malloc.h>

#include "host/host.hpp"

namespace jidian::host {

void keep_memory_small() {
  mallopt(M_ARENA_MAX, 1);  // NOLINT(concurrency-mt-unsafe): before the first thread
}

void give_memory_back() {
  malloc_trim(0);
}

}  // namespace jidian::host
