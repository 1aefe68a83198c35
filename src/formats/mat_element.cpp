#include <formats/mat_element.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace geolip::formats {
namespace {

constexpr std::size_t tag_size = 8;

template <typename T>
Matrix matrix_of(Bytes body, Index rows, Index cols, bool swapped) {
  const Index count = rows * cols;
  // divide, do not multiply: the count comes from the file
  if (body.size() % sizeof(T) != 0 || body.size() / sizeof(T) != static_cast<std::size_t>(count)) {
    throw NetworkError("a matrix of " + std::to_string(count) + " entries has " +
                       std::to_string(body.size()) + " bytes of data");
  }
  Matrix matrix(rows, cols);
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) {
      const auto at = static_cast<std::size_t>(j * rows + i) * sizeof(T);
      matrix(i, j) = static_cast<double>(mat_number<T>(body.subspan(at), swapped));
      if constexpr (sizeof(T) == 8 && std::is_integral_v<T>) {
        // beyond 2^53 an integer need not be a double
        if (!(std::abs(matrix(i, j)) <= 0x1p53))
          throw NetworkError("a matrix holds an integer that is no double");
      }
    }
  }
  return matrix;
}

}  // namespace

template <typename T>
T mat_number(Bytes bytes, bool swapped) {
  std::array<unsigned char, sizeof(T)> raw{};
  std::copy_n(bytes.begin(), sizeof(T), raw.begin());
  if (swapped) std::reverse(raw.begin(), raw.end());
  T value{};
  std::memcpy(&value, raw.data(), sizeof(T));
  return value;
}

template std::int32_t mat_number<std::int32_t>(Bytes, bool);
template std::uint32_t mat_number<std::uint32_t>(Bytes, bool);

MatElement MatCursor::next() {
  if (rest_.size() < tag_size) {
    throw NetworkError("the file ends inside a data element");
  }
  const auto first = mat_number<std::uint32_t>(rest_, swapped_);
  // Four bytes or fewer may share the tag: the upper half of its first word is then their number.
  if (const std::uint32_t small = first >> 16U; small != 0) {
    if (small > 4) {
      throw NetworkError("a data element has a damaged tag");
    }
    MatElement element{static_cast<MatType>(first & 0xFFFFU), rest_.subspan(4, small)};
    rest_ = rest_.subspan(tag_size);
    return element;
  }
  const std::size_t size = mat_number<std::uint32_t>(rest_.subspan(4), swapped_);
  rest_ = rest_.subspan(tag_size);
  if (size > rest_.size()) {
    throw NetworkError("a data element of " + std::to_string(size) + " bytes is cut off after " +
                       std::to_string(rest_.size()));
  }
  MatElement element{static_cast<MatType>(first), rest_.first(size)};
  // Compressed elements are not padded to 8 bytes, all others are; the last one's padding may be missing.
  const std::size_t padded = element.type == MatType::compressed ? size : (size + 7) / 8 * 8;
  rest_ = rest_.subspan(std::min(padded, rest_.size()));
  return element;
}

Matrix mat_matrix(const MatElement& element, Index rows, Index cols, bool swapped) {
  switch (element.type) {
    case MatType::int8:
      return matrix_of<std::int8_t>(element.body, rows, cols, swapped);
    case MatType::uint8:
      return matrix_of<std::uint8_t>(element.body, rows, cols, swapped);
    case MatType::int16:
      return matrix_of<std::int16_t>(element.body, rows, cols, swapped);
    case MatType::uint16:
      return matrix_of<std::uint16_t>(element.body, rows, cols, swapped);
    case MatType::int32:
      return matrix_of<std::int32_t>(element.body, rows, cols, swapped);
    case MatType::uint32:
      return matrix_of<std::uint32_t>(element.body, rows, cols, swapped);
    case MatType::single:
      return matrix_of<float>(element.body, rows, cols, swapped);
    case MatType::real:
      return matrix_of<double>(element.body, rows, cols, swapped);
    case MatType::int64:
      return matrix_of<std::int64_t>(element.body, rows, cols, swapped);
    case MatType::uint64:
      return matrix_of<std::uint64_t>(element.body, rows, cols, swapped);
    case MatType::matrix:
    case MatType::compressed:
      break;
  }
  throw NetworkError("a matrix has data of unknown type " +
                     std::to_string(static_cast<std::uint32_t>(element.type)));
}

}  // namespace geolip::formats
