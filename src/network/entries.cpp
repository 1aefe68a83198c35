#include <network/at.hpp>
#include <network/entries.hpp>

namespace geolip::network {
namespace {

/// The entries counted into their rows, then put there.
template <class Op>
Sparse by_rows(const Op& op) {
  Sparse result;
  result.inputs = inputs_of(op);
  result.offset.assign(static_cast<std::size_t>(outputs_of(op) + 1), 0);
  for_each_entry(op, [&](Index i, Index, double) { ++at(result.offset, i + 1); });
  for (std::size_t i = 1; i < result.offset.size(); ++i) result.offset[i] += result.offset[i - 1];
  result.column.resize(static_cast<std::size_t>(result.offset.back()));
  result.value.resize(result.column.size());
  std::vector<Index> next(result.offset);
  for_each_entry(op, [&](Index i, Index j, double w) {
    const auto place = static_cast<std::size_t>(at(next, i)++);
    result.column[place] = j;
    result.value[place] = w;
  });
  return result;
}

}  // namespace

Index most_terms(const Conv& conv) {
  return std::max(conv.channels, conv.filters) / conv.groups * conv.kernel[0] * conv.kernel[1];
}

Index most_terms(const ConvTranspose& transpose) { return most_terms(transpose.conv); }

Index most_terms(const Sparse& sparse) {
  std::vector<Index> down(static_cast<std::size_t>(sparse.inputs), 0);
  Index most = 1;
  for (const Index j : sparse.column) most = std::max(most, ++at(down, j));
  for (std::size_t i = 1; i < sparse.offset.size(); ++i)
    most = std::max(most, sparse.offset[i] - sparse.offset[i - 1]);
  return most;
}

Sparse to_sparse(const Conv& conv) { return by_rows(conv); }
Sparse to_sparse(const ConvTranspose& transpose) { return by_rows(transpose); }

}  // namespace geolip::network
