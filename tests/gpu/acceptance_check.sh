#!/usr/bin/env bash
# tests/gpu_acceptance.sh itself, on the simulated CUDA: what passes says so, what is missing is "not run", and what fails
# makes it fail. usage: acceptance_check.sh BUILD_FOLDER
set -uo pipefail

build=${1:?usage: acceptance_check.sh BUILD_FOLDER}
script=$(cd "$(dirname "$0")/.." && pwd)/gpu_acceptance.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# check NAME passes|fails OPTION…: runs the script; results are then in $results.
check() {
  local name=$1 wanted=$2 status=passes
  shift 2
  results=$work/$name/results.jsonl
  "$script" --out "$work/$name" "$@" >"$work/$name.txt" 2>&1 || status=fails
  if [[ $status != "$wanted" ]]; then
    printf '%s: %s, but must not\n' "$name" "$status"
    cat "$work/$name.txt"
    bad=1
  fi
}

# says CASE RESULT
says() {
  grep -q "\"case\": \"$1\", \"result\": \"$2\"" "$results" && return
  printf '%s is not "%s" in %s:\n' "$1" "$2" "$results"
  cat "$results"
  bad=1
}

here=(--build "$build" --simulated "$build/cudasim")

check short passes "${here[@]}" --stages environment,where,ops,faults,libraries,bandwidth,two_gpus,sanitizers \
  --filter 'op.Relu.*matrix.' --faults 'out_of_bounds'
says kernel_tests passed
says where passed
says op.Relu.matrix.gpu0 passed
says op.Relu.matrix.gpu1 passed
says bits passed
says 'out_of_bounds, planted' passed
says 'out_of_bounds, repaired' passed
says library_table passed
says bandwidth passed
says nvidia-smi 'not run'
says memcheck 'not run'
says training 'not run'
grep -q '"case": "out_of_bounds", "planted": true, "error": 700, "simulated": 700' "$work/short/faults.jsonl" ||
  { echo 'the error of out_of_bounds was not recorded'; bad=1; }

# A device of one MiB: every tensor is one too many. The next case has a process of its own and is asked all the same.
export CUDASIM_MEMORY=1048576
check planted fails "${here[@]}" --stages ops --filter 'op.Relu.*matrix.'
says op.Relu.matrix.gpu0 failed
unset CUDASIM_MEMORY

# The bits of own kernels are those of every card: what approximate instructions give is left open, what differs fails.
check bits passes "${here[@]}" --stages ops --filter 'op.E*.'
says bits passed
CUDASIM_MODEL=t4 check bits_of_t4 passes "${here[@]}" --stages ops --filter 'op.E*.'
says bits passed

# The table is what the simulated CUDA then goes by.
check by_the_table passes "${here[@]}" --stages libraries
CUDASIM_LIBRARY_TABLE=$work/by_the_table/library_table.jsonl check as_the_table_says passes "${here[@]}" --stages ops \
  --filter 'op.Conv2D.*.'

# A case that hangs is ended and fails; the next ones run.
mkdir -p "$work/hanging/bin"
cat >"$work/hanging/bin/gpu_tests" <<'EOF'
#!/usr/bin/env bash
[[ $* != *--gtest_list_tests* ]] || { printf 'a.\n  ends\n  hangs\n  asks\n  ends_too\n'; exit; }
filter=${!#}
IFS=: read -ra cases <<<"${filter#--gtest_filter=}"
for case in "${cases[@]}"; do
  printf '[ RUN      ] %s\n' "$case"
  case $case in
    a.hangs) sleep 600 ;;
    a.asks) printf 'needs the simulated CUDA\n[  FAILED  ] %s (0 ms)\n' "$case" && exit 1 ;;
    *) printf '[       OK ] %s (0 ms)\n' "$case" ;;
  esac
done
EOF
chmod +x "$work/hanging/bin/gpu_tests"
check hung fails --prebuilt "$work/hanging" --stages device --silence 2
says a.ends passed
says a.hangs failed
says a.asks 'not run'
says a.ends_too passed
grep -q 'no word for 2 s' "$results" || { echo 'a hang was not called one'; bad=1; }

check no_such_case fails "${here[@]}" --stages ops --filter 'op.NoSuchOp.'
check nothing_ran fails "${here[@]}" --stages sanitizers
check empty_folder fails --prebuilt "$work" --stages environment,where
says gpu_tests failed
# What is simulated is never taken for real.
LD_LIBRARY_PATH=$build/cudasim check taken_for_real fails --build "$build" --stages where
says kind failed

"$script" --build "$build" --package "$work/package" --filter 'op.MatMul.*.' >"$work/package.txt" 2>&1 || { cat "$work/package.txt"; bad=1; }
check packaged passes --prebuilt "$work/package" --simulated "$build/cudasim" --stages environment,where,ops \
  --filter 'op.MatMul.*.'
says libkeen passed
says bits passed
images() { zcat "$1/train-images-idx3-ubyte.gz" | tail -c +17 | head -c $((3200 * 784)) | cksum; }
[[ $(images "$work/package/data") == "$(images /usr/share/datasets/fashion-mnist)" ]] ||
  { echo 'the images are not those of the data set'; bad=1; }
check trained_on_its_own passes --prebuilt "$work/package" --simulated "$build/cudasim" --stages training --images 64
says losses passed
sed -i -E 's/(op.MatMul.*) [0-9a-f]+$/\1 1/' "$work/package/simulated_bits.txt"
check other_bits fails --prebuilt "$work/package" --simulated "$build/cudasim" --stages ops --filter 'op.MatMul.*.'
grep -q 'op.MatMul.*, bits", "result": "failed"' "$results" || { echo 'other bits were taken for the same'; bad=1; }
exit "$bad"
