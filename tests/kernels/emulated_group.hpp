/// \file
/// A group of lanes with threads in the lanes' place, so that the kernels' own code runs without a device.
#pragma once

#include <array>
#include <barrier>
#include <thread>
#include <vector>

namespace geolip::test {

template <int n>
class Team {
 public:
  /// Adds as the device's lanes do: in each step a lane adds what the lane across from it has.
  template <class T>
  T sum(int lane, T x) {
    for (int step = n / 2; step > 0; step /= 2) {
      slots_[static_cast<std::size_t>(lane)] = static_cast<double>(x);
      barrier_.arrive_and_wait();
      x += static_cast<T>(slots_[static_cast<std::size_t>(lane ^ step)]);
      barrier_.arrive_and_wait();
    }
    return x;
  }

 private:
  std::array<double, n> slots_{};
  std::barrier<> barrier_{n};
};

template <int n>
class EmulatedGroup {
 public:
  static constexpr int lanes = n;
  EmulatedGroup(Team<n>& team, int lane) : team_(&team), lane_(lane) {}
  int lane() const { return lane_; }
  template <class T>
  T sum(T x) const {
    return team_->sum(lane_, x);
  }

 private:
  Team<n>* team_;
  int lane_;
};

/// Calls body(group, at) for at = 0 .. count - 1, as a launch with one group for each would.
template <int n, class Body>
void launch_emulated(std::int64_t count, const Body& body) {
  Team<n> team;
  std::vector<std::jthread> lanes;
  for (int lane = 0; lane < n; ++lane) {
    lanes.emplace_back([&, lane] {
      for (std::int64_t at = 0; at < count; ++at) body(EmulatedGroup<n>(team, lane), at);
    });
  }
}

}  // namespace geolip::test
