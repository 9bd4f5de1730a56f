// What the stored batches say, as lines of JSON for whoever asks about single facts.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "ledger.hpp"

namespace jidian::judge {

/// The events of a kind (0: of every kind), one a line, in the order of their batches.
void tell_events(const Ledger& ledger, int kind, std::ostream& out);

/// The facilities of each manifest that was taken, one manifest a line, in the order in which they came.
void tell_manifests(const Ledger& ledger, std::ostream& out);

/// The rows of facilities, accounts and the site, one a line: amounts by name as exact decimals, marks, milliseconds by
/// state. `subject` is an id of the manifest or "site"; empty: all. `length_s` 0: of every length.
/// @throws DamagedBatch where a row does not fit its manifest.
void tell_rows(const Ledger& ledger, const std::string& subject, std::uint32_t length_s, std::ostream& out);

}  // namespace jidian::judge
