// Threads that the system does not start.
#include <backend/cpu/thread_pool.hpp>

#include <geolip/error.hpp>
#include <support/address_space.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace geolip::backend::cpu {
namespace {

TEST(ThreadPool, SaysHowManyThreadsCouldBeStarted) {
  if (!test::limits_address_space) GTEST_SKIP() << "a sanitizer needs all of the address space";
  EXPECT_EXIT(
      {
        test::leave_address_space(std::size_t{64} << 20);
        try {
          const ThreadPool pool(1000);
        } catch (const ResourceError& error) {
          std::cerr << error.what() << '\n';
          ThreadPool pool(3);  // those that had been started are gone
          std::atomic<Index> sum{0};
          pool.run(100, [&](Index i) { sum += i; });
          std::_Exit(sum == 4950 ? 3 : 1);
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(3), "threads: 1000 were asked for, and the system starts no more than [0-9]+ ");
}

}  // namespace
}  // namespace geolip::backend::cpu
