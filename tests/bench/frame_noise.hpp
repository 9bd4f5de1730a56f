#pragma once

namespace jidian::bench {

/// Garbles replies of a serial line and looks what is still taken for one. All errors of up to three bits and all
/// bursts of up to 16 bits must be seen; of heavier noise the checksum misses one in 2^16. Prints the figures
/// `faults.light_noise` and `faults.heavy_noise`. False: light noise was missed.
bool report_frame_noise();

}  // namespace jidian::bench
