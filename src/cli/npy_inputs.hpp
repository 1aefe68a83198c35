/// \file
/// Inputs from NumPy's .npy files.
#pragma once

#include <geolip/network.hpp>

#include <filesystem>

namespace geolip::cli {

/// Reads a two-dimensional array of floats of 16, 32 or 64 bits, in C or Fortran order, one input a row. Throws FileError, in one sentence that names the file, for anything else, for a file longer
/// or shorter than its header says, and for values that are not finite.
Matrix read_npy_inputs(const std::filesystem::path& path);

}  // namespace geolip::cli
