#!/usr/bin/env bash
# Builds the CUDA backend on this machine, tests it on its GPU, looks for bad accesses and races, and measures it.
# Needs nvcc, CMake, ninja, g++ and python3, and either GeoLIP's dependencies or .deps/deps.tar.gz of carry_deps.sh;
# no network. Writes bench/results/<gpu>-<date>.json (elsewhere with GEOLIP_RESULTS=DIR), anew after every step. Ends
# within 9 minutes (GEOLIP_GPU_SECONDS: other than 540). Goes on after a failed step, so that one run shows all; exits 1
# if any failed. GEOLIP_COMMIT: the commit for the report, where this is a copy without its history.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

budget=${GEOLIP_GPU_SECONDS:-540} # seconds
build=$PWD/build/gpu
results=${GEOLIP_RESULTS:-bench/results}
jobs=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then
  PATH=$PATH:/usr/local/cuda/bin
fi
if ! gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader --id=0); then
  echo "gpu_check: nvidia-smi finds no GPU here" >&2
  exit 1
fi
capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader --id=0 | tr -d .)

if [[ -f .deps/deps.tar.gz ]]; then
  deps=$PWD/build/deps
  rm -rf "$deps"
  mkdir -p "$deps"
  tar -C "$deps" -xzf .deps/deps.tar.gz
  lib=$(dirname "$(find "$deps/usr/lib" -name libcrypto.so)")
  export CMAKE_PREFIX_PATH=$deps/usr${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
  export CMAKE_LIBRARY_PATH=$lib CMAKE_INCLUDE_PATH=$deps/usr/include OPENSSL_ROOT_DIR=$deps/usr
  architecture_headers=$deps/usr/include/$(basename "$lib")
  export CPATH=$architecture_headers
  export LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PKG_CONFIG=$deps/usr/bin/pkg-config PKG_CONFIG_SYSROOT_DIR=$deps
  export PKG_CONFIG_LIBDIR=$lib/pkgconfig:$deps/usr/share/pkgconfig
fi

failed=0
# step NAME COMMAND...: runs the command, within what is left of the time, and notes how it ended.
step() {
  local name=$1 begin=$SECONDS result=passed left=$((budget - SECONDS))
  shift
  printf '\n=== %s\n' "$name"
  timeout --kill-after=5 $((left > 1 ? left : 1)) "$@" || result="failed ($?)"
  if [[ $result != passed ]]; then
    failed=$((failed + 1))
  fi
  echo "--- $name: $result, $((SECONDS - begin)) s"
  printf '%s\t%s\t%d\n' "$name" "$result" $((SECONDS - begin)) >>"$work/steps"
  write_report
}

# Only this machine's architecture, no emulated one beside it, and no warnings as errors: its compiler is not the one
# of the development image.
configure() {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGEOLIP_CUDA=ON \
    -DCMAKE_CUDA_ARCHITECTURES="$capability" -DGEOLIP_WARNINGS_AS_ERRORS=OFF \
    -DGEOLIP_CUDA_EMULATION=OFF
}
# One process a program, as each waits for the device's libraries; then what needs no device.
programs=(kernels backend graph ascent certify estimate)
device_tests() {
  local program status=0
  for program in "${programs[@]}"; do
    timeout --kill-after=5 120 "$build/tests/$program/test_$program" --gtest_brief=1 --gtest_filter='*cuda*:*Device*' || status=1
  done
  return $status
}
other_tests() {
  ctest --test-dir "$build" --output-on-failure -j "$jobs" --timeout 120 -LE peers \
    -E '/cuda|OnTheDevice|OnnxRuntime|^bench[.]|^install[.]'
}
# Errors that calls return are checked by the code itself, and hazards inside of NVIDIA's own kernels are theirs. All
# tests of the backend would take the race checker many minutes.
sanitize() {
  local options=(--error-exitcode 1 --report-api-errors no)
  if [[ $1 == racecheck ]] && compute-sanitizer --help | grep -q -- --kernel-regex; then
    options+=(--kernel-regex kns=geolip)
  fi
  timeout --kill-after=5 90 compute-sanitizer --tool "$1" "${options[@]}" "$build/tests/kernels/test_kernels" \
    --gtest_brief=1 --gtest_filter='*OnTheDevice*' || return 1
  [[ $1 == racecheck ]] ||
    timeout --kill-after=5 90 compute-sanitizer --tool "$1" "${options[@]}" "$build/tests/backend/test_backend" \
      --gtest_brief=1 --gtest_filter='*/cuda'
}
measure() { "$build/bench/bench_cuda" >"$work/bench.json" && cat "$work/bench.json"; }
# A whole estimate on either device; their bounds may differ by what float32 sweeps leave open, not by more.
estimate() {
  local device
  for device in cpu cuda; do
    "$build/src/cli/geolip" estimate examples/mnist_784-256-10.onnx --norm "$1" --device "$device" \
      --json "$work/$1-$device.json" || return 1
  done
}
# What the goals are about: sweeps against their products and whole estimates, 4096 x 8 layers with ten outputs, and
# 16384 x 16 layers (262,144 neurons; 34 GB of weights on the host) with one.
goal() {
  "$build/bench/bench_scale" --device cuda --width 4096 --depth 8 --outputs 10 --norm l2 --norm linf \
    --time-limit 30 --json "$work/goal.json" &&
    "$build/bench/bench_scale" --device cuda --width 4096 --depth 8 --outputs 10 --norm linf --time-limit 30 --one-queue \
      --json "$work/goal_one_queue.json"
}
large_goal() {
  if [[ $(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) -lt 48000000 ]]; then
    echo "left out: it needs 48 GB of memory on the host"
    return
  fi
  "$build/bench/bench_scale" --device cuda --width 16384 --depth 16 --outputs 1 --norm l2 --norm linf --gap 1e-2 \
    --time-limit 60 --json "$work/large_goal.json"
}
# Smaller and middling ones, the CPU beside the GPU where it is quick.
scale() {
  "$build/bench/bench_scale" --device cuda --device cpu --cpu-weights 5e6 --width 1024 --width 4096 --depth 4 --depth 16 \
    --norm linf --time-limit 20 --json "$work/scale.json" &&
    "$build/bench/bench_scale" --device cpu --width 4096 --depth 4 --outputs 1 --norm linf --time-limit 40 \
      --json "$work/scale_cpu.json" &&
    "$build/bench/bench_scale" --device cuda --width 16384 --depth 4 --outputs 1 --outputs 10 --norm linf \
      --time-limit 30 --json "$work/scale_wide.json" &&
    "$build/bench/bench_scale" --device cuda --width 16384 --depth 16 --outputs 10 --norm linf --gap 1e-2 \
      --time-limit 120 --json "$work/scale_widest.json"
}
# Stacks of convolutions that no CPU bounds in reasonable time.
networks() {
  "$build/bench/bench_networks" --device cuda --time-limit 40 --most 1e6 --json "$work/networks.json"
}

mkdir -p "$results"
target="$results/$(tr ' [:upper:]' '-[:lower:]' <<<"$gpu")-$(date -u +%Y-%m-%d).json"
write_report() {
  python3 - "$work" "$target" <<'PYTHON'
import json, os, platform, subprocess, sys

work, target = sys.argv[1:]

def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None

query = "name,driver_version,memory.total,clocks.max.sm,clocks.max.memory"
with open(os.path.join(work, "steps")) as file:
    steps = [line.rstrip("\n").split("\t") for line in file]
report = {
    "environment": {
        "gpu": output("nvidia-smi", "--query-gpu=" + query, "--format=csv,noheader", "--id=0"),
        "nvcc": (output("nvcc", "--version") or "").splitlines()[-1:],
        "compiler": (output("c++", "--version") or "").splitlines()[:1],
        "cmake": (output("cmake", "--version") or "").splitlines()[:1],
        "system": platform.platform(),
        "commit": os.environ.get("GEOLIP_COMMIT") or output("git", "rev-parse", "HEAD"),
    },
    "steps": [{"name": n, "result": r, "seconds": int(s)} for n, r, s in steps],
}
def read(name):
    try:
        with open(os.path.join(work, name + ".json")) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None  # its step says that it failed

for name in ("bench", "goal", "goal_one_queue", "large_goal", "scale", "scale_cpu", "scale_wide", "scale_widest", "networks"):
    report[name] = read(name)
report["estimates"] = [read(f"{norm}-{device}") for norm in ("linf", "l2") for device in ("cpu", "cuda")]
with open(target, "w") as file:
    json.dump(report, file, indent=2)
    file.write("\n")
PYTHON
}

export -f configure device_tests other_tests sanitize measure estimate goal large_goal scale networks
export build work capability jobs
export GEOLIP_REQUIRE_CUDA=1

# The later a step, the less is lost without it.
step configure bash -c configure
step build cmake --build "$build" -j "$jobs"
step 'tests on the device' bash -c "$(declare -p programs); device_tests"
step 'estimate linf' bash -c 'estimate linf'
step 'estimate l2' bash -c 'estimate l2'
step goal bash -c goal
step bench bash -c measure
step 'large goal' bash -c large_goal
step 'other tests' bash -c other_tests
step memcheck bash -c 'sanitize memcheck'
step racecheck bash -c 'sanitize racecheck'
step networks bash -c networks
step scale bash -c scale

echo
cat "$work/steps"
echo "$target written, $SECONDS s"
[[ $failed -eq 0 ]]
