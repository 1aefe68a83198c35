#include <cli/exit_code.hpp>

#include <new>
#include <ostream>
#include <stdexcept>
#include <string>
#include <typeinfo>

#include <cli/text.hpp>

namespace geolip::cli {

void print_error(std::ostream& err, std::string_view sentence) {
  err << "geolip: " << printable(sentence) << '\n' << std::flush;
}

namespace {

int report_memory(std::ostream& err, const std::string& what = "memory ran out") {
  print_error(err, what + "; a lower --max-rank or fewer --outputs at once need less");
  return exit_internal;
}

}  // namespace

int report(std::ostream& err, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const UsageError& e) {
    print_error(err, e.what());
    return exit_usage;
  } catch (const QueryError& e) {
    print_error(err, e.what());
    return exit_usage;
  } catch (const NetworkError& e) {
    print_error(err, e.what());
    return exit_file;
  } catch (const ResourceError& e) {
    print_error(err, e.what());
    return exit_file;
  } catch (const FileError& e) {
    print_error(err, e.what());
    return exit_file;
  } catch (const std::bad_array_new_length&) {
    return report_memory(err);
  } catch (const std::bad_alloc& e) {
    // a device says how much of its memory was asked for
    return report_memory(err, typeid(e) == typeid(std::bad_alloc) ? "memory ran out" : e.what());
  } catch (const std::length_error&) {  // a list longer than any memory
    return report_memory(err);
  } catch (const std::exception& e) {
    print_error(err, e.what());
    return exit_internal;
  } catch (...) {
    print_error(err, "an error of unknown kind");
    return exit_internal;
  }
}

}  // namespace geolip::cli
