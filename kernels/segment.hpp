/// \file
/// One problem's segment of a row, in the hands of a group of lanes.
///
/// The row kernels are written once, against a `Part`: load() takes a segment of a matrix, sum() adds over
/// the segment and gives every lane the result, store() writes a segment. Where the entries are meanwhile -
/// in registers or in memory - is the Part's business. A group is a power of two of lanes of one warp on the
/// device; tests put threads in their place. The order of a sum depends on the segment's length and the
/// number of lanes alone.
#pragma once

#include <kernels/pack.hpp>

namespace geolip::kernels {

/// A segment short enough for the group's registers: every entry is read once. Lane l has the packs l,
/// l + lanes, ... of the segment. Entries beyond its end count as zero.
template <class T, class Group>
class HeldPart {
 public:
  static constexpr int packs = 2;
  static constexpr int size = Pack<T>::size;
  static constexpr Index capacity = Index{packs} * size * Group::lanes;

  struct Slot {
    int pack;
    int x;
  };
  struct Values {
    T x[packs][size];
    GEOLIP_HD T operator[](Slot k) const { return x[k.pack][k.x]; }
  };

  GEOLIP_HD HeldPart(Group group, Index length) : group_(group), length_(static_cast<int>(length)) {}

  GEOLIP_HD bool is_first() const { return group_.lane() == 0; }
  GEOLIP_HD bool is_start(Slot k) const { return group_.lane() == 0 && k.pack == 0 && k.x == 0; }

  GEOLIP_HD Values load(const T* p) const {
    Values v;
    const bool aligned = is_aligned(p);
    for (int pack = 0; pack < packs; ++pack) {
      const int begin = begin_of(pack);
      if (aligned && begin + size <= length_) {
        const Pack<T> whole = *reinterpret_cast<const Pack<T>*>(p + begin);
        for (int x = 0; x < size; ++x) v.x[pack][x] = whole.x[x];
      } else {
        for (int x = 0; x < size; ++x) v.x[pack][x] = begin + x < length_ ? p[begin + x] : T(0);
      }
    }
    return v;
  }

  /// Sum of f over the entries; f of zeros must be zero.
  template <class F>
  GEOLIP_HD T sum(const F& f) const {
    T total = T(0);
    for (int pack = 0; pack < packs; ++pack) {
      for (int x = 0; x < size; ++x) total += f(Slot{pack, x});
    }
    return group_.sum(total);
  }

  template <class F>
  GEOLIP_HD void store(T* p, const F& f) const {
    const bool aligned = is_aligned(p);
    for (int pack = 0; pack < packs; ++pack) {
      const int begin = begin_of(pack);
      Pack<T> whole;
      for (int x = 0; x < size; ++x) whole.x[x] = f(Slot{pack, x});
      if (aligned && begin + size <= length_) {
        *reinterpret_cast<Pack<T>*>(p + begin) = whole;
      } else {
        for (int x = 0; x < size; ++x) {
          if (begin + x < length_) p[begin + x] = whole.x[x];
        }
      }
    }
  }

 private:
  GEOLIP_HD int begin_of(int pack) const { return (pack * Group::lanes + group_.lane()) * size; }

  Group group_;
  int length_;
};

/// A segment of any length: entries stay in memory and are read again for each use.
template <class T, class Group>
class StreamedPart {
 public:
  using Slot = Index;
  struct Values {
    const T* p;
    GEOLIP_HD T operator[](Slot k) const { return p[k]; }
  };

  GEOLIP_HD StreamedPart(Group group, Index length) : group_(group), length_(length) {}

  GEOLIP_HD bool is_first() const { return group_.lane() == 0; }
  GEOLIP_HD bool is_start(Slot k) const { return k == 0; }
  GEOLIP_HD Values load(const T* p) const { return {p}; }

  template <class F>
  GEOLIP_HD T sum(const F& f) const {
    T total = T(0);
    for (Index k = group_.lane(); k < length_; k += Group::lanes) total += f(k);
    return group_.sum(total);
  }
  template <class F>
  GEOLIP_HD void store(T* p, const F& f) const {
    for (Index k = group_.lane(); k < length_; k += Group::lanes) p[k] = f(k);
  }

 private:
  Group group_;
  Index length_;
};

/// A segment of one entry, of a problem of rank one.
template <class T>
class SinglePart {
 public:
  struct Slot {};
  struct Values {
    T x;
    GEOLIP_HD T operator[](Slot) const { return x; }
  };

  GEOLIP_HD bool is_first() const { return true; }
  GEOLIP_HD bool is_start(Slot) const { return true; }
  GEOLIP_HD Values load(const T* p) const { return {*p}; }
  template <class F>
  GEOLIP_HD T sum(const F& f) const {
    return f(Slot{});
  }
  template <class F>
  GEOLIP_HD void store(T* p, const F& f) const {
    *p = f(Slot{});
  }
};

/// Runs body(part, i, b, first) for segment number `at`, row after row; first is the segment's first column.
template <class T, class Group, class Body>
GEOLIP_HD void run_segment(Group group, const Segments& segments, Index at, const Body& body) {
  const Place place = place_of(at, segments.problems);
  const Index first = segments.offset[place.col];
  const Index length = segments.offset[place.col + 1] - first;
  if (length <= HeldPart<T, Group>::capacity) {
    body(HeldPart<T, Group>(group, length), place.row, place.col, first);
  } else {
    body(StreamedPart<T, Group>(group, length), place.row, place.col, first);
  }
}

/// The same where every problem has rank one.
template <class T, class Body>
GEOLIP_HD void run_single(const Segments& segments, Index at, const Body& body) {
  const Place place = place_of(at, segments.problems);
  body(SinglePart<T>(), place.row, place.col, place.col);
}

}  // namespace geolip::kernels
