/// \file
/// Work on a stream as a captured graph: launched at the cost of one kernel, not of each of its own.
#pragma once

#include <backend/backend.hpp>
#include <backend/cuda/context.hpp>

#include <functional>

namespace geolip::backend::cuda {

/// Operations are done plainly once, so that all scratch memory is there, then captured, then played back.
/// Memory that was released in between may have been part of them: then all begins anew.
class Recording final : public Repetition {
 public:
  explicit Recording(Context& context) : context_(context) {}

  void play(const std::function<void()>& operations);
  bool is_recorded() const override { return exec_ != nullptr; }

 private:
  enum class State { fresh, done_once, recorded, plain };

  /// False where the operations cannot be captured.
  bool capture(const std::function<void()>& operations);

  Context& context_;
  State state_ = State::fresh;
  std::size_t releases_ = 0;  ///< of the context, when the state was reached
  GraphExec exec_;
};

}  // namespace geolip::backend::cuda
