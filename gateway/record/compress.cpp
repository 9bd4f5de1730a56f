#include "record/compress.hpp"

#include <zstd.h>

#include <cassert>
#include <memory>
#include <new>

namespace jidian::record {
namespace {

constexpr int level = 1;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx& compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

ZSTD_DCtx& decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

}  // namespace

std::optional<Bytes> compress(ByteView bytes, std::span<const std::size_t> cuts) {
  ZSTD_CCtx& context = compressor();
  ZSTD_CCtx_reset(&context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(&context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setPledgedSrcSize(&context, bytes.size());
  Bytes frame(ZSTD_compressBound(bytes.size()) + 16 * cuts.size());
  ZSTD_inBuffer in{bytes.data(), 0, 0};
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  for (const std::size_t cut : cuts) {
    assert(cut >= in.size && cut <= bytes.size());
    if (cut == in.size || cut == bytes.size()) continue;
    in.size = cut;
    if (ZSTD_compressStream2(&context, &out, &in, ZSTD_e_flush) != 0) return std::nullopt;
  }
  in.size = bytes.size();
  if (ZSTD_compressStream2(&context, &out, &in, ZSTD_e_end) != 0 || out.pos >= bytes.size()) return std::nullopt;
  frame.resize(out.pos);
  return frame;
}

Result<Bytes> decompress(ByteView frame, std::size_t size) {
  const Error wrong{ErrorKind::corrupt, "the body cannot be decompressed to the size it states"};
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != size) return wrong;
  Bytes bytes(size);
  const std::size_t done = ZSTD_decompressDCtx(&decompressor(), bytes.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(done) != 0 || done != size) return wrong;
  return bytes;
}

}  // namespace jidian::record
