#pragma once

#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/facility_now.hpp"
#include "domain/manifest.hpp"
#include "domain/reading.hpp"

namespace jidian::record {

/// A manifest's bytes and the name they have.
struct EncodedManifest {
  Bytes bytes;
  Hash hash{};
};

/// The same manifest always gives the same bytes.
EncodedManifest encode(const domain::Manifest& manifest);

/// Errors: corrupt, unsupported.
Result<domain::Manifest> decode_manifest(ByteView bytes);

/// The manifest as JSON for people: the `manifest` topic, `jidian tail`. `hash` is printed with it.
std::string to_json(const domain::Manifest& manifest, const Hash& hash);

/// The newest polls as JSON for people: the `live` topic, `jidian watch`. A view, not evidence. Engineering values
/// before ratios are exact decimals in strings' place as JSON numbers; ratio points stand beside them. `polls` holds at
/// most one poll a meter, `facilities` one entry for each of the manifest's, or none at all: then nothing is said of
/// them.
std::string live_json(const domain::Manifest& manifest, std::span<const domain::Poll> polls, UtcTime now,
                      std::span<const domain::FacilityNow> facilities = {});

}  // namespace jidian::record
