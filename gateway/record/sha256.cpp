#include <openssl/evp.h>

#include <cassert>

#include "record/batch.hpp"

namespace jidian::record {

Hash sha256(ByteView bytes) {
  Hash hash{};
  unsigned length = 0;
  [[maybe_unused]] const int done = EVP_Digest(bytes.data(), bytes.size(), hash.data(), &length, EVP_sha256(), nullptr);
  assert(done == 1 && length == hash.size());
  return hash;
}

}  // namespace jidian::record
