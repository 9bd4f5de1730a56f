#pragma once

#include "base/result.hpp"
#include "domain/manifest.hpp"
#include "record/record.pb.h"

// What the manifest says of amounts, shifts and fuels, and the rows that are made of it. Used within this folder.
namespace jidian::record {

using AmountMessages = google::protobuf::RepeatedPtrField<jidian::v1::Amount>;

void write_amounts(const std::vector<domain::Amount>& amounts, AmountMessages& out);

/// `meters` are those of the manifest. Errors: corrupt, if a source is not there or no counter.
Result<std::vector<domain::Amount>> read_amounts(const AmountMessages& in,
                                                 const std::vector<domain::MeterEntry>& meters);

/// What of a site card is here: its shifts, demand and coverage; not its amounts, which need the meters.
void write_shifts(const domain::SiteCard& site, jidian::v1::SiteCard& out);
void read_shifts(const jidian::v1::SiteCard& in, domain::SiteCard& site);

void write_fuel_switch(const domain::FuelSwitch& fuel_switch, jidian::v1::Facility& out);
domain::FuelSwitch read_fuel_switch(const jidian::v1::Facility& in);

/// Reads the amounts of the site, its accounts and facilities into a manifest that has all the rest. Errors: corrupt.
Status read_all_amounts(const jidian::v1::Manifest& in, domain::Manifest& manifest);

}  // namespace jidian::record
