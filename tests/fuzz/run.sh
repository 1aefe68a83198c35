#!/usr/bin/env bash
# Builds every fuzz target and runs each for some seconds, one after the other.
#   run.sh [SECONDS [TARGET...]]   (60; all targets)
#   run.sh --check                 says in its exit code whether this machine can build them
# Exits 1 if any target has a finding. What it found lies in build/fuzz/findings/TARGET, what it learned in
# build/fuzz/corpus/TARGET, from where the next run goes on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ ${1:-} == --check ]]; then
  echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer,address -x c++ -o /dev/null - 2>/dev/null
  exit
fi

seconds=${1:-60}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "run.sh: '$seconds' is not a number of seconds" >&2
  exit 2
fi
shift || true

mkdir -p build/fuzz
if ! cmake --preset sanitize >build/fuzz/configure.log 2>&1; then
  cat build/fuzz/configure.log >&2
  exit 1
fi
cmake --build --preset fuzz

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for program in build/sanitize/tests/fuzz/fuzz_*; do
    [[ -f $program && -x $program ]] && targets+=("${program##*/fuzz_}")
  done
fi

export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
failed=()
for target in "${targets[@]}"; do
  learned=build/fuzz/corpus/$target
  findings=build/fuzz/findings/$target
  mkdir -p "$learned" "$findings"
  options=(-max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=60 -max_len=8192
    -print_final_stats=1 -artifact_prefix="$findings/")
  dictionary=tests/fuzz/dictionaries/$target.dict
  [[ -f $dictionary ]] && options+=(-dict="$dictionary")
  folders=("$learned")
  [[ -d tests/fuzz/corpus/$target ]] && folders+=("tests/fuzz/corpus/$target")
  echo "--- fuzz_$target, $seconds s"
  log=build/fuzz/$target.log
  if "build/sanitize/tests/fuzz/fuzz_$target" "${options[@]}" "${folders[@]}" >"$log" 2>&1; then
    grep -E 'DONE|number_of_executed_units|peak_rss_mb' "$log" || true
  else
    failed+=("$target")
    tail -n 60 "$log"
  fi
done

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "run.sh: findings in ${failed[*]} (build/fuzz/findings)" >&2
  exit 1
fi
