/// \file
/// Models of maxima, minima and sorting, for both readers.
#pragma once

#include <formats/onnx_builder.hpp>

#include <array>
#include <string>

namespace geolip::test {

/// How exporters write MaxMin (GroupSort with groups of two).
enum class MaxMinForm { split, slices, reduce, sort };
constexpr std::array<MaxMinForm, 4> maxmin_forms{MaxMinForm::split, MaxMinForm::slices, MaxMinForm::reduce,
                                                 MaxMinForm::sort};

inline std::string name_of(MaxMinForm form) {
  constexpr std::array<const char*, 4> names{"split", "slices", "reduce", "sort"};
  return names[static_cast<std::size_t>(form)];
}

/// MaxMin of the four elements of `in`; constants and tensors in between have names that begin with `out`.
inline void add_maxmin(Model& m, MaxMinForm form, const std::string& in, const std::string& out) {
  const auto own = [&out](const char* name) { return out + "_" + name; };
  if (form == MaxMinForm::split) {
    m.constant_integers(own("sizes"), {2, 2});
    set_int(m.node("Split", {in, own("sizes")}, {own("a"), own("b")}), "axis", 1);
    m.node("Max", {own("a"), own("b")}, {own("larger")});
    m.node("Min", {own("b"), own("a")}, {own("smaller")});
    set_int(m.node("Concat", {own("larger"), own("smaller")}, {out}), "axis", 1);
    return;
  }
  if (form == MaxMinForm::slices) {  // each taken twice
    m.constant_integers(own("0"), {0}).constant_integers(own("1"), {1}).constant_integers(own("2"), {2});
    m.constant_integers(own("end"), {4});
    for (const char* part : {"a", "c"})
      m.node("Slice", {in, own("0"), own("end"), own("1"), own("2")}, {own(part)});
    for (const char* part : {"b", "d"})
      m.node("Slice", {in, own("1"), own("end"), own("1"), own("2")}, {own(part)});
    m.node("Min", {own("a"), own("b")}, {own("smaller")});
    m.node("Max", {own("c"), own("d")}, {own("larger")});
    set_int(m.node("Concat", {own("larger"), own("smaller")}, {out}), "axis", 1);
    return;
  }
  m.constant_integers(own("groups"), {1, 2, 2}).constant_integers(own("flat"), {1, 4});
  m.node("Reshape", {in, own("groups")}, {own("g")});
  if (form == MaxMinForm::reduce) {
    set_ints(m.node("ReduceMax", {own("g")}, {own("larger")}), "axes", {2});
    set_ints(m.node("ReduceMin", {own("g")}, {own("smaller")}), "axes", {-1});
    set_int(m.node("Concat", {own("larger"), own("smaller")}, {own("h")}), "axis", 2);
  } else {
    m.constant_integers(own("k"), {2});
    m.node("TopK", {own("g"), own("k")}, {own("h"), own("which")});
  }
  m.node("Reshape", {own("h"), own("flat")}, {out});
}

/// A reflection, which is an orthogonal matrix.
inline std::vector<float> reflection(const std::array<double, 4>& normal) {
  double square = 0.0;
  for (const double v : normal) square += v * v;
  std::vector<float> entries;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j)
      entries.push_back(static_cast<float>((i == j ? 1.0 : 0.0) - 2.0 * normal[i] * normal[j] / square));
  }
  return entries;
}

/// Two layers of MaxMin between orthogonal matrices: its constant in l_2 is 1, but for the rounding of
/// weights.
inline Model orthogonal_maxmin(MaxMinForm form) {
  Model m({1, 4});
  m.constant("u", {4, 4}, reflection({1, 2, -1, 3})).constant("v", {4, 4}, reflection({2, -1, 5, 1}));
  m.node("MatMul", {"x", "u"}, {"p"});
  add_maxmin(m, form, "p", "q");
  m.node("MatMul", {"q", "v"}, {"r"});
  add_maxmin(m, form, "r", "s");
  m.node("MatMul", {"s", "u"}, {"y"});
  return m;
}

/// The k largest or smallest elements of x along an axis, in order.
inline Model top_k(const std::vector<std::int64_t>& shape, std::int64_t k, std::int64_t axis, bool largest) {
  Model m(shape);
  m.constant_integers("k", {k});
  auto& node = m.node("TopK", {"x", "k"}, {"y", "which"});
  set_int(node, "axis", axis);
  set_int(node, "largest", largest ? 1 : 0);
  return m;
}

}  // namespace geolip::test
