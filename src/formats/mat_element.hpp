/// \file
/// The data elements that a MATLAB 5 file is made of.
#pragma once

#include <formats/reader.hpp>

#include <cstdint>

namespace geolip::formats {

/// Types of data elements (mi... in MathWorks' description of the format).
enum class MatType : std::uint32_t {
  int8 = 1,
  uint8 = 2,
  int16 = 3,
  uint16 = 4,
  int32 = 5,
  uint32 = 6,
  single = 7,
  real = 9,
  int64 = 12,
  uint64 = 13,
  matrix = 14,
  compressed = 15
};

/// A data element: its type and the bytes between its tag and its padding.
struct MatElement {
  MatType type{};
  Bytes body;
};

/// Takes data elements off the front of a piece of a file. Every size is checked against what is there.
class MatCursor {
 public:
  /// \param swapped the file's byte order is not this machine's.
  MatCursor(Bytes bytes, bool swapped) : rest_(bytes), swapped_(swapped) {}

  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  /// The next element; throws NetworkError if the bytes end before it does.
  MatElement next();

 private:
  Bytes rest_;
  bool swapped_;
};

/// The numbers of an element of any numeric type, which has them column after column. Throws NetworkError if
/// it has another type or does not hold exactly rows * cols numbers, a product that must be an Index.
Matrix mat_matrix(const MatElement& element, Index rows, Index cols, bool swapped);

/// A number of type T at the front of `bytes`, which must be long enough.
template <typename T>
T mat_number(Bytes bytes, bool swapped);

}  // namespace geolip::formats
