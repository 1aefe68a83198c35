// ONNX models. Their external data may be the file `weights.data`, which holds some finite numbers.
#include <formats/reader.hpp>
#include <fuzz/contract.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;

/// The folder that the models seem to lie in.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "geolip-fuzz-XXXXXX").string();
    geolip::fuzz::require(mkdtemp(name.data()) != nullptr, "no temporary folder can be made");
    path_ = name;
    std::ofstream(path_ / "weights.data", std::ios::binary) << std::string(256, '?');
  }
  Folder(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  geolip::fuzz::refuse_or_read<geolip::NetworkError>([&] {
    geolip::ReadOptions options;
    options.logits = true;
    const geolip::formats::Parsed parsed = geolip::formats::read_onnx({data, size}, folder.path(), options);
    geolip::fuzz::require_consistent(parsed.network);
    geolip::fuzz::require_facts(parsed.facts);
  });
  return 0;
}
