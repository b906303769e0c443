#include "wire/compress.hpp"

#include <lz4.h>
#include <zstd.h>

#include <cstring>
#include <memory>

#include "base/assert.hpp"

namespace hauberk::wire {
namespace {

using scratch = std::vector<std::byte>;

/// The pieces as one run of bytes: themselves if there is one, else copied to `gathered`.
std::span<const std::byte> contiguous(std::span<const base::buffer> pieces, std::size_t bytes,
                                      scratch& gathered) {
  if (pieces.size() == 1) return pieces.front().bytes();
  gathered.resize(bytes);
  std::byte* at = gathered.data();
  for (const auto& piece : pieces) {
    if (piece.empty()) continue;
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return gathered;
}

std::size_t pack_lz4(std::span<const std::byte> from, std::span<std::byte> into) {
  const int made =
      LZ4_compress_default(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
                           static_cast<int>(from.size()), static_cast<int>(into.size()));
  return made > 0 ? static_cast<std::size_t>(made) : 0;
}

std::size_t pack_zstd(std::span<const std::byte> from, std::span<std::byte> into, int level) {
  thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> worker(ZSTD_createCCtx(),
                                                                                 &ZSTD_freeCCtx);
  const std::size_t made = ZSTD_compressCCtx(worker.get(), into.data(), into.size(), from.data(), from.size(),
                                             level == 0 ? ZSTD_CLEVEL_DEFAULT : level);
  return ZSTD_isError(made) != 0 ? 0 : made;
}

bool unpack_zstd(std::span<const std::byte> from, std::span<std::byte> into) {
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> worker(ZSTD_createDCtx(),
                                                                                 &ZSTD_freeDCtx);
  return ZSTD_decompressDCtx(worker.get(), into.data(), into.size(), from.data(), from.size()) == into.size();
}

bool unpack_lz4(std::span<const std::byte> from, std::span<std::byte> into) {
  const int size = static_cast<int>(into.size());
  return LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
                             static_cast<int>(from.size()), size) == size;
}

}  // namespace

std::optional<base::buffer> compress(std::span<const base::buffer> pieces, std::size_t bytes,
                                     const compression& how) {
  thread_local scratch gathered, packed;
  const auto from = contiguous(pieces, bytes, gathered);
  // A block too small for what does not pay also stops the compressor early.
  packed.resize(bytes - bytes / 8);
  std::size_t made = 0;
  switch (how.how) {
    case algorithm::none:
      break;
    case algorithm::lz4:
      made = pack_lz4(from, packed);
      break;
    case algorithm::zstd:
      made = pack_zstd(from, packed, how.level);
      break;
  }
  if (made == 0) return std::nullopt;
  return base::buffer::copy(std::span<const std::byte>(packed).first(made));
}

std::optional<base::buffer> decompress(algorithm how, std::span<const std::byte> packed, std::size_t bytes) {
  HAUBERK_ASSERT(bytes <= base::limits::frame_payload_bytes_max && packed.size() <= frame_bytes_most,
                 "the caller has checked both sizes");
  base::block* owner = base::block::allocate(bytes);
  const std::span<std::byte> into(owner->data(), bytes);
  auto whole = base::buffer::adopt(owner, into);
  const bool exact = how == algorithm::lz4 ? unpack_lz4(packed, into) : unpack_zstd(packed, into);
  if (!exact) return std::nullopt;
  return whole;
}

}  // namespace hauberk::wire
