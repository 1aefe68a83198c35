/// \file
/// A network on a device, for many queries.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>
#include <geolip/result.hpp>
#include <geolip/settings.hpp>

#include <memory>
#include <string>

namespace geolip {

/// A network on a device. Its weights go there once, with the first query, and their scaling is found once;
/// what later queries take is their own sweeps and certificates. Between queries the device's memory holds
/// the weights alone.
///
/// Every query starts afresh: its result does not depend on the queries before it, and is that of estimate(),
/// bit for bit on the same device.
///
/// An Estimator is for one thread at a time; several may work at the same time, each in a thread of its own.
/// It can be moved, not copied, and takes part in the ownership of its network. Errors are those of
/// estimate(); after one it can be asked again.
class Estimator {
 public:
  /// \param device as Settings::device. A device that is named is opened here, and QueryError says that it is
  /// not there; "auto" decides for each query, and keeps open what was opened.
  /// \param threads as Settings::threads
  explicit Estimator(Network network, const std::string& device = "auto", int threads = 0);
  /// The network is shared, and must not change.
  explicit Estimator(std::shared_ptr<const Network> network, const std::string& device = "auto",
                     int threads = 0);

  Estimator(const Estimator&) = delete;
  Estimator& operator=(const Estimator&) = delete;
  Estimator(Estimator&& other) noexcept;
  Estimator& operator=(Estimator&& other) noexcept;
  ~Estimator();

  const Network& network() const;

  /// As the function of this name; Settings::device and Settings::threads are not read.
  Result estimate(const Query& query, const Settings& settings = {});

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace geolip
