#include <cli/sweep/schedule.hpp>

#include <poll.h>

#include <memory>

namespace geolip::cli {
namespace {

constexpr int poll_milliseconds = 200;

using Clock = std::chrono::steady_clock;

struct Place {
  std::unique_ptr<Child> child;
  std::size_t run = 0;
};

/// Waits until a child has something to read or has ended, or it is time to look at the clock.
void wait(const std::vector<Place>& places) {
  std::vector<pollfd> open;
  for (const Place& place : places) {
    if (!place.child) continue;
    for (const int fd : {place.child->out(), place.child->err()}) {
      if (fd >= 0) open.push_back({fd, POLLIN, 0});
    }
  }
  poll(open.data(), open.size(), poll_milliseconds);
}

}  // namespace

void run(const Schedule& schedule) {
  std::vector<Place> places(schedule.places);
  const Clock::time_point start = Clock::now();
  std::size_t next = 0;
  ScheduleProgress state;
  while (state.ended < schedule.count && !schedule.stop.stop_requested()) {
    for (std::size_t k = 0; k < places.size() && next < schedule.count; ++k) {
      if (places[k].child) continue;
      places[k].run = next++;
      places[k].child = std::make_unique<Child>(schedule.program, schedule.arguments(places[k].run, k));
      ++state.running;
    }
    state.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    schedule.progress(state);
    wait(places);
    for (Place& place : places) {
      if (!place.child) continue;
      place.child->read();
      if (!place.child->ended()) continue;
      ProcessEnd outcome = place.child->finish();
      place.child.reset();
      --state.running;
      ++state.ended;
      schedule.finished(place.run, std::move(outcome));
    }
  }
}

}  // namespace geolip::cli
