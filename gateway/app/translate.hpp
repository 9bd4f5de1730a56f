#pragma once

#include <string>

namespace jidian::app {

/// An English sentence that another module composed (a finding of the gateway, a mistake in the site file), in the
/// language that is spoken.
///
/// The catalogue knows it by its form, the sentences "said.…": what stands in their places is translated likewise. A
/// sentence that none of them fits stays as it is, as from a gateway of another release.
std::string translated(const std::string& english);

}  // namespace jidian::app
