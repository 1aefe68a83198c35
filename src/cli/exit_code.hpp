/// \file
/// How the command ends.
#pragma once

#include <geolip/error.hpp>

#include <exception>
#include <iosfwd>
#include <string_view>

namespace geolip::cli {

/// Exit codes, part of the command's contract.
enum ExitCode : int {
  exit_certified = 0,  ///< all went well; for estimate: every result is certified,
                       ///< for verify: every certificate is verified
  exit_internal = 1,   ///< an error inside GeoLIP, memory that ran out, numbers out of range
  exit_usage = 2,      ///< the command line makes no sense, or not for this network
  exit_file = 3,  ///< a network or another file cannot be used, or the machine lacks threads or address space
                  ///< that the run needs; for estimate also: an objective has no bound
                  ///< in the range of double, and the others have theirs
  exit_limit = 4,    ///< a limit or Ctrl-C ended the run before the gap was met, or a certificate that was
                     ///< asked for could not be made; printed bounds are valid
  exit_rejected = 5  ///< verify: a certificate does not prove its bound
};

/// A file that is no network cannot be read or written.
class FileError : public Error {
 public:
  using Error::Error;
};

/// A command line that makes no sense.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Prints "geolip: <sentence>" on one line.
void print_error(std::ostream& err, std::string_view sentence);

/// Prints the error as print_error() does and returns its exit code.
int report(std::ostream& err, const std::exception_ptr& error);

}  // namespace geolip::cli
