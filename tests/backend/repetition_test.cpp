// Repeated operations do what they do when each is asked for, whether or not a backend plays them back.
#include <support/backends.hpp>

#include <backend/buffer.hpp>

#include <numeric>

namespace geolip {
namespace {

using backend::Buffer;

class Repetitions : public test::OnEveryBackend {
 protected:
  Buffer<double> vector(std::vector<double> values) {
    return Buffer<double>(backend(), std::span<const double>(values));
  }
  /// x <- x + y
  void add(const Buffer<double>& y, Buffer<double>& x) {
    backend().in<double>().combine(1.0, y.view(), 1.0, x.view());
  }
};
GEOLIP_ON_EVERY_BACKEND(Repetitions);

TEST_P(Repetitions, DoTheirWorkEachTime) {
  Buffer<double> x = vector({0.0, 10.0});
  const Buffer<double> y = vector({1.0, 2.0});
  std::unique_ptr<backend::Repetition> repetition;
  int calls = 0;
  for (int i = 0; i < 6; ++i) {
    backend().repeat(repetition, [&] {
      ++calls;
      add(y, x);
      add(y, x);
    });
  }
  EXPECT_EQ(x.download(), (std::vector<double>{12.0, 34.0}));
  if (repetition != nullptr) {
    EXPECT_TRUE(repetition->is_recorded());
    EXPECT_EQ(calls, 2);
  } else {
    EXPECT_EQ(calls, 6);
  }
}

TEST_P(Repetitions, NoticeThatMemoryWasReleased) {
  Buffer<double> x = vector({0.0});
  Buffer<double> y = vector({1.0});
  std::unique_ptr<backend::Repetition> repetition;
  for (int i = 0; i < 12; ++i) {
    // now before the recording, now after it
    if (i == 1 || i == 7) y = vector({static_cast<double>(10 * i)});
    backend().repeat(repetition, [&] { add(y, x); });
  }
  EXPECT_EQ(x.download(), (std::vector<double>{1.0 + 6 * 10.0 + 5 * 70.0}));
}

TEST_P(Repetitions, SeeWhatChangesInBetween) {
  Buffer<double> x = vector({0.0});
  Buffer<double> y = vector({0.0});
  std::unique_ptr<backend::Repetition> repetition;
  double expected = 0.0;
  for (int i = 0; i < 6; ++i) {
    y.upload(std::vector<double>{static_cast<double>(i)});
    backend().repeat(repetition, [&] { add(y, x); });
    expected += i;
    EXPECT_EQ(x.download().front(), expected);
  }
}

TEST_P(Repetitions, DoWithoutARecordingWhereThereCanBeNone) {
  Buffer<double> x = vector({0.0});
  std::unique_ptr<backend::Repetition> repetition;
  for (int i = 0; i < 5; ++i) {
    backend().repeat(repetition, [&] {
      const Buffer<double> one = vector({1.0});  // uploads, which cannot be played back
      add(one, x);
    });
  }
  EXPECT_EQ(x.download().front(), 5.0);
}

TEST_P(Repetitions, PassErrorsOn) {
  std::unique_ptr<backend::Repetition> repetition;
  for (int i = 0; i < 4; ++i) {
    EXPECT_THROW(backend().repeat(repetition, [] { throw std::runtime_error("mine"); }), std::runtime_error);
  }
  Buffer<double> x = vector({0.0});
  const Buffer<double> y = vector({1.0});
  std::unique_ptr<backend::Repetition> fails_once;
  int calls = 0;
  for (int i = 0; i < 5; ++i) {
    const auto work = [&] {
      add(y, x);
      if (++calls == 2) throw std::runtime_error("mine");
    };
    if (calls == 1) {
      EXPECT_THROW(backend().repeat(fails_once, work), std::runtime_error);
    } else {
      backend().repeat(fails_once, work);
    }
  }
  EXPECT_GE(x.download().front(), 4.0);
}

}  // namespace
}  // namespace geolip
