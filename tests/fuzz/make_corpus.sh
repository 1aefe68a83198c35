#!/usr/bin/env bash
# Makes tests/fuzz/corpus anew: of the networks in tests/data and all files that the readers' tests build, the smallest
# set with the same coverage; and certificates for one of them. Needs the presets `release` and `sanitize`, both built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
mkdir "$kept/all"
# each of the damaged files is one change away from a whole one, which the fuzzer finds by itself
GEOLIP_KEEP_TEST_FILES=$kept/all build/release/tests/formats/test_formats --gtest_brief=1 \
  --gtest_filter=-'*Damaged*:*Huge*'
cp tests/data/*.{onnx,mat,npz,nnet} "$kept/all"

for target in onnx mat npz nnet; do
  mkdir -p "$kept/$target" "tests/fuzz/corpus/$target"
  number=0 # some of the names hold line breaks, which the fuzzer does not take
  while IFS= read -r -d '' file; do
    cp "$file" "$kept/$target/$((number++))"
  done < <(find "$kept/all" -iname "*.$target" -size -8k -print0)
  rm -f "tests/fuzz/corpus/$target"/*
  "build/sanitize/tests/fuzz/fuzz_$target" -merge=1 -max_len=8192 "tests/fuzz/corpus/$target" "$kept/$target" \
    2>"$kept/$target.log" || { tail "$kept/$target.log" >&2; exit 1; }
done

# canonical files, as the entries that the target packs itself
mkdir -p "$kept/canonical" tests/fuzz/corpus/canonical
number=0
while IFS= read -r -d '' file; do
  build/release/src/cli/geolip export "$file" "$kept/one.npz" --logits >/dev/null 2>&1 || continue
  python3 - "$kept/one.npz" "$kept/canonical/$((number++))" <<'PACK'
import sys
import zipfile

packed = b""
with zipfile.ZipFile(sys.argv[1]) as archive:
    for entry in archive.infolist():
        data = archive.read(entry)
        if len(data) > 65535:
            sys.exit()
        packed += bytes([len(entry.filename)]) + entry.filename.encode() + len(data).to_bytes(2, "little") + data
if len(packed) < 8192:
    open(sys.argv[2], "wb").write(packed)
PACK
done < <(find "$kept/all" -type f -size -8k -print0)
rm -f tests/fuzz/corpus/canonical/*
build/sanitize/tests/fuzz/fuzz_canonical -merge=1 -max_len=8192 tests/fuzz/corpus/canonical "$kept/canonical" \
  2>"$kept/canonical.log" || { tail "$kept/canonical.log" >&2; exit 1; }

rm -rf tests/fuzz/corpus/certificate
mkdir -p tests/fuzz/corpus/certificate
number=0
for norm in linf l2 l1; do
  for output in 0 0-1 vector; do
    if [[ $norm == l1 && $output == vector ]]; then continue; fi
    for units in '' --physical-units; do
      # shellcheck disable=SC2086 # empty means no argument
      build/release/src/cli/geolip estimate tests/data/tiny.nnet --norm $norm --outputs $output $units \
        --certificate "$kept/certificate" >/dev/null
      mv "$kept"/certificate/*.json "tests/fuzz/corpus/certificate/$((number++))"
    done
  done
done

python3 - <<'TEXT'
import pathlib
import struct

corpus = pathlib.Path("tests/fuzz/corpus")


def write(target, name, data):
    (corpus / target).mkdir(exist_ok=True)
    (corpus / target / name).write_bytes(data)


def npy(kind, fortran, shape, count, version=1):
    header = f"{{'descr': '<{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    values = struct.pack(f"<{count}{'d' if kind == 'f8' else 'f'}", *range(count))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + values


for name, text in {"all": b"all", "list": b"0,1-0,vector,pairs,1", "last": b"9,all"}.items():
    write("objectives", name, text)
write("npy", "f8", npy("f8", False, (2, 3), 6))
write("npy", "f4", npy("f4", False, (2, 3), 6))
write("npy", "fortran", npy("f8", True, (2, 3), 6, version=3))
write("npy", "vector", npy("f8", False, (6,), 6, version=2))
TEXT
du -sh --apparent-size tests/fuzz/corpus/*
