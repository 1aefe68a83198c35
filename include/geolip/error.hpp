/// \file
/// The exceptions that GeoLIP throws. Every message is one sentence that names the thing at fault.
#pragma once

#include <stdexcept>
#include <string>

namespace geolip {

/// Base class of all errors thrown by the library.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A network, or a file that should hold one, cannot be used: unreadable, malformed, inconsistent
/// dimensions, values that are not finite, or an operator that GeoLIP does not know.
/// The command ends with exit code 3.
class NetworkError : public Error {
 public:
  using Error::Error;
};

/// A question that cannot be asked of this network, or settings that make no sense: an output that
/// does not exist, a norm without the requested objective. The command ends with exit code 2.
class QueryError : public Error {
 public:
  using Error::Error;
};

/// The machine lacks what the run needs: threads that cannot be started, address space below a limit of the shell's.
/// The command ends with exit code 3.
class ResourceError : public Error {
 public:
  using Error::Error;
};

/// The numerical work failed in a way that leaves no result, as on a device that failed. The command ends with
/// exit code 1.
class NumericalError : public Error {
 public:
  using Error::Error;
};

}  // namespace geolip
