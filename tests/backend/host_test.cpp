// What a container or a shell leaves of the machine, on made-up trees of /proc and /sys.
#include <backend/cpu/host.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <string>

namespace geolip::backend::cpu {
namespace {

namespace fs = std::filesystem;

class Host : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(root); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  const fs::path root = fs::temp_directory_path() / ("geolip_host_test." + std::to_string(getpid()));
};

TEST_F(Host, IsTheMachineWhereNoGroupHasALimit) {
  fs::create_directories(root);
  const std::size_t machine = usable_memory(root);
  EXPECT_GT(machine, 0U);
  const int cores = usable_cores(root);
  write("proc/self/cgroup", "0::/user.slice\n");
  write("sys/fs/cgroup/user.slice/memory.max", "max\n");
  write("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
  EXPECT_NEAR(static_cast<double>(usable_memory(root)), static_cast<double>(machine), 1e8);
  EXPECT_EQ(usable_cores(root), cores);
}

TEST_F(Host, HasWhatTheLeastAncestorOfVersionTwoLeaves) {
  write("proc/self/cgroup", "0::/a.slice/b.scope\n");
  write("sys/fs/cgroup/a.slice/b.scope/memory.max", "max\n");
  write("sys/fs/cgroup/a.slice/memory.max", "50000000\n");
  write("sys/fs/cgroup/a.slice/memory.current", "30000000\n");
  write("sys/fs/cgroup/a.slice/memory.stat", "anon 20000000\ninactive_file 9000000\nactive_file 1000000\n");
  EXPECT_EQ(usable_memory(root), 29000000U);
  write("sys/fs/cgroup/a.slice/b.scope/memory.max", "10000000\n");
  write("sys/fs/cgroup/a.slice/b.scope/memory.current", "4000000\n");
  EXPECT_EQ(usable_memory(root), 6000000U);
  write("sys/fs/cgroup/a.slice/b.scope/memory.current", "14000000\n");  // more than it may have
  EXPECT_EQ(usable_memory(root), 0U);
}

TEST_F(Host, OfAContainerIsTheRootThatItSees) {
  for (const char* path : {"/", "/../..", "/docker/0123abcd"}) {
    write("proc/self/cgroup", "0::" + std::string(path) + "\n");
    write("sys/fs/cgroup/memory.max", "40000000\n");
    write("sys/fs/cgroup/memory.current", "1000000\n");
    EXPECT_EQ(usable_memory(root), 39000000U) << path;
  }
}

TEST_F(Host, KnowsVersionOne) {
  write("proc/self/cgroup",
        "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n1:name=systemd:/docker/x\n0::/docker/x\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "80000000\n");
  write("sys/fs/cgroup/memory/docker/memory.usage_in_bytes", "5000000\n");
  write("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "70000000\n");
  write("sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "3000000\n");
  write("sys/fs/cgroup/memory/docker/x/memory.stat", "inactive_file 5\ntotal_inactive_file 1000000\n");
  EXPECT_EQ(usable_memory(root), 68000000U);
  write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  fs::create_directories(root / "empty");
  EXPECT_EQ(usable_cores(root), usable_cores(root / "empty"));
  write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "50000\n");
  EXPECT_EQ(usable_cores(root), 1);
}

TEST_F(Host, HasTheCoresThatItsTimeIsWorth) {
  write("proc/self/cgroup", "0::/a\n");
  write("sys/fs/cgroup/a/cpu.max", "100000 100000\n");
  EXPECT_EQ(usable_cores(root), 1);
}

}  // namespace
}  // namespace geolip::backend::cpu
