#include <cli/fake_library.hpp>

#include <geolip/error.hpp>

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>

#include <cli/run.hpp>

namespace geolip::cli::testing {

NetworkFile fake_read_network(const std::filesystem::path& path, const ReadOptions&) {
  if (path.filename() == "missing.onnx") throw NetworkError(path.string() + ": the file does not exist");
  Network network(2);
  Dense first{Matrix(3, 2), {0.5, 0.0, -0.5}};
  first.weight.data = {1, -2, 3, 1, 0.5, -1};
  Dense second{Matrix(2, 3), {}};
  second.weight.data = {1, 1, -1, 2, -1, 0.5};
  network.add({"first", std::move(first)});
  network.add({"act", Activation(ActivationKind::leaky_relu)});
  network.add({"second", std::move(second)});
  const std::string hash(64, 'a');
  return {std::move(network),
          "onnx",
          hash,
          {{"producer", "a test"}, {"opset", "13"}},
          {path.filename().string(), hash, {}, {}, false}};
}

Result fake_estimate(const Network&, const Query& query, const Settings& settings) {
  if (settings.observer) settings.observer({2, 1, 30, 16, 0.01, 0.5});
  Result result;
  result.device = "cpu (a fake)";
  result.prediction = {2.5e9, 2e9, 3e11, 12.0, static_cast<Index>(query.objectives.size())};
  if (settings.begin) settings.begin(result.device, result.prediction);
  for (const Objective& objective : query.objectives) {
    const auto b = static_cast<double>(result.bounds.size());
    Bound bound;
    bound.objective = objective;
    bound.norm = query.norm;
    bound.lower = 1.0 + b;
    bound.relaxation = 1.5 + b;
    bound.upper = 1.5001 + b;
    bound.status = Status::certified;
    bound.iterations = 40;
    bound.rank = 16;
    bound.seconds = {0.25, 0.5, 0.125, 0.0625, 0.9375};
    result.bounds.push_back(std::move(bound));
  }
  return result;
}

Outcome run_command(const std::vector<std::string>& arguments, const Library& library, int columns) {
  std::vector<const char*> argv{"geolip"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const int code = run(static_cast<int>(argv.size()), argv.data(), library, {out, err, columns});
  return {code, out.str(), err.str()};
}

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> number{0};
  path_ = std::filesystem::temp_directory_path() /
          ("geolip-test-" + std::to_string(getpid()) + "-" + std::to_string(number++));
  std::filesystem::create_directory(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace geolip::cli::testing
