#!/usr/bin/env bash
# One command for the first real GPU: what a GPU does with Keen, stage by stage, each with a time limit. Every case runs in a
# process that a fault or a hang ends; its result is appended to results.jsonl at once, so that an end by force loses nothing.
#
# usage: tests/gpu_acceptance.sh [OPTION…]        builds for this machine's GPU (preset cuda) and runs all stages
#        tests/gpu_acceptance.sh --package DIR    makes a folder of all that the stages need, under 60 MiB
#
#   --prebuilt DIR     run what --package has put there, build nothing
#   --minutes N        end after about so long (default 10); what there was no time for is "not run"
#   --build DIR        folder of the build to run or to package (default build/cuda, which is built first)
#   --simulated DIR    folder of the simulated CUDA, such as build/test/cudasim: the loader finds it before NVIDIA's
#   --libs DIR         folder of cuDNN, cuBLAS or NCCL, where the loader does not find them; may be given several times
#   --out DIR          where results go (default gpu_acceptance.out)
#   --stages A,B       only these of: environment where ops device faults libraries training bandwidth two_gpus sanitizers
#   --filter PATTERN   of the op cases only those (default op.*)
#   --device-filter P  of the device tests only those (default *)
#   --faults PATTERN   of the fault cases only those (a glob, default *)
#   --silence N        seconds without a word after which a test program hangs (default 30)
#   --images N         to train with, 32 a step (default 3200; 256 on simulated devices)
#
# The exit status is 0 if something ran and nothing failed. What is missing on the machine is "not run", never "passed".
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
stages=(environment where ops device faults libraries training bandwidth two_gpus sanitizers)
fault_programs=(faults library_faults nccl_faults capture_faults graph_faults api_faults memory_faults race_faults
  launch_faults precision_faults descriptor_faults warp_faults waiting_faults nccl_init_faults stall_faults)
# What asks the simulated CUDA, or tells it what must fail; another test that does says so itself.
needs_simulator='AllocationFailure.*:gpu_profile*.*:gpu_nvtx.*:gpu_process.*:gpu_kernel_fault.*'
needs_two='gpu_context.between_gpus:gpu_matmul.threads_find_handles_that_others_have_left'
max_package_bytes=$((60 << 20))

die() {
  printf 'gpu_acceptance.sh: %s\n' "$1" >&2
  exit 2
}

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }

minutes=10 build='' prebuilt='' package='' simulated='' libs='' out=gpu_acceptance.out
only='' filter='op.*' device_filter='*' fault_pattern='*' images='' silence=30
while (($#)); do
  case $1 in
    --help) usage && exit 0 ;;
    --prebuilt | --minutes | --build | --package | --simulated | --libs | --out | --stages | --filter | --device-filter | --faults | --images | --silence)
      (($# >= 2)) || die "$1 needs a value" ;;&
    --prebuilt) prebuilt=$2 ;;
    --minutes) minutes=$2 ;;
    --build) build=$2 ;;
    --package) package=$2 ;;
    --simulated) simulated=$2 ;;
    --libs) libs+=${libs:+:}$2 ;;
    --out) out=$2 ;;
    --stages) only=$2 ;;
    --filter) filter=$2 ;;
    --device-filter) device_filter=$2 ;;
    --faults) fault_pattern=$2 ;;
    --images) images=$2 ;;
    --silence) silence=$2 ;;
    *) die "unknown argument '$1'; see --help" ;;
  esac
  shift 2
done
[[ -n $images ]] || images=$([[ -n $simulated ]] && echo 256 || echo 3200)
for number in minutes images silence; do
  [[ ${!number} =~ ^[1-9][0-9]*$ ]] || die "--$number takes a whole number, is '${!number}'"
done
for stage in ${only//,/ }; do
  [[ " ${stages[*]} " == *" $stage "* ]] || die "there is no stage '$stage'; there are: ${stages[*]}"
done

# shellcheck source=tests/gpu/acceptance_cases.sh
. "$here/gpu/acceptance_cases.sh"

# ---- What runs ---------------------------------------------------------------------------------------------------------

programs=(gpu_tests kernel_tests gpu_bandwidth gpu_library_table train_fashion_mnist)
for program in "${fault_programs[@]}"; do programs+=("gpu_$program"); done

# For the GPU that is here, or, to be carried elsewhere, for the first that Keen is meant for.
build_all() {
  build=$here/../build/cuda
  (cd "$here/.." && cmake --preset cuda "-DCMAKE_CUDA_ARCHITECTURES=$([[ -n $package ]] && echo 90 || echo native)" &&
    cmake --build --preset cuda --target "${programs[@]}") || die 'the build failed'
}

# A number as four bytes, the highest first.
four_bytes() {
  local hex
  hex=$(printf '%08x' "$1")
  printf '%b' "\\x${hex:0:2}\\x${hex:2:2}\\x${hex:4:2}\\x${hex:6:2}"
}

# first_images SET N: the first N images and labels of Fashion-MNIST, in its format. A shell of its own, where it is no
# failure that head reads no more.
first_images() (
  set +o pipefail
  local from=/usr/share/datasets/fashion-mnist to=$package/data name=$1 n=$2
  mkdir -p "$to" && [[ -r $from/$name-images-idx3-ubyte.gz ]] || return
  { printf '\0\0\x08\x03' && four_bytes "$n" && four_bytes 28 && four_bytes 28 &&
    zcat "$from/$name-images-idx3-ubyte.gz" | tail -c +17 | head -c $((n * 784)); } | gzip -n >"$to/$name-images-idx3-ubyte.gz"
  { printf '\0\0\x08\x01' && four_bytes "$n" &&
    zcat "$from/$name-labels-idx1-ubyte.gz" | tail -c +9 | head -c "$n"; } | gzip -n >"$to/$name-labels-idx1-ubyte.gz"
)

make_package() {
  mkdir -p "$package/bin" "$package/lib" || die "cannot write to $package"
  local file
  for file in "${programs[@]}"; do
    strip --strip-unneeded -o "$package/bin/$file" "$build/bin/$file" || die "cannot take $build/bin/$file"
  done
  strip --strip-unneeded -o "$package/lib/libkeen.so.0" "$build/libkeen.so.0" || die "cannot take $build/libkeen.so.0"
  # Small libraries of Debian; the large libdnnl.so.2 is the machine's (package libdnnl2).
  for file in libspdlog.so.1.10 libfmt.so.9; do
    cp -L "$(ldd "$build/libkeen.so.0" | awk -v name="$file" '$1 == name {print $3}')" "$package/lib/" 2>/dev/null ||
      printf 'left out: %s\n' "$file"
  done
  { mkdir -p "$package/gpu" && cp "$0" "$package/" && cp "$here/gpu/acceptance_cases.sh" "$package/gpu/"; } ||
    die "cannot write to $package"
  first_images train 3200 && first_images t10k 1000 || printf 'left out: the images to train with\n'
  # With no simulated CUDA beside the build there is nothing to compare bits with, and the report says so.
  if [[ -d ${simulated:-$build/cudasim} ]]; then
    printf 'the bits of op cases on the simulated CUDA…\n'
    simulated_bits "$package/simulated_bits.txt" "${simulated:-$build/cudasim}" || die 'op cases fail on the simulated CUDA'
  fi
  local bytes
  bytes=$(du -sb "$package" | cut -f1)
  printf '%s: %d MiB\n' "$package" $(((bytes + (1 << 20) - 1) >> 20))
  ((bytes <= max_package_bytes)) || die "the package has $bytes bytes, more than $max_package_bytes"
}

[[ -n $prebuilt || -n $build ]] || build_all
if [[ -n $package ]]; then
  make_package
  exit
fi
if [[ -n $prebuilt ]]; then
  [[ -d $prebuilt ]] || die "there is no folder '$prebuilt'"
  bin=$prebuilt/bin lib=$prebuilt/lib
else
  bin=$build/bin lib=$build
fi
export LD_LIBRARY_PATH="${simulated:+$simulated:}$lib${libs:+:$libs}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
mkdir -p "$out/logs" || die "cannot write to $out"
results=$out/results.jsonl
: >"$results" || die "cannot write to $results"
deadline=$((SECONDS + minutes * 60))
gpus() { list_cases kernel_tests 'op.*.gpu*' | sed -nE 's/.*\.gpu([0-9]+)$/\1/p' | sort -un | wc -l; }

# ---- The stages --------------------------------------------------------------------------------------------------------

stage_environment() {
  local program missing
  if [[ -n $simulated ]]; then
    record nvidia-smi 'not run' 'the GPU is simulated'
  elif command -v nvidia-smi >/dev/null; then
    run_case nvidia-smi nvidia-smi -q && grep -E 'Driver Version|CUDA Version|Product Name|MIG Mode' "$out/logs/environment.nvidia-smi.txt"
  else
    record nvidia-smi 'not run' 'not installed'
  fi
  # The library that the programs would take, which is not one that happens to be installed.
  if [[ $(ldd "$bin/kernel_tests" 2>/dev/null | awk '$1 == "libkeen.so.0" {print $3}') -ef $lib/libkeen.so.0 ]]; then
    record libkeen passed
  else
    record libkeen failed "the programs do not take $lib/libkeen.so.0"
  fi
  for program in "${programs[@]}"; do
    if [[ ! -x $bin/$program ]]; then
      record "$program" failed "there is no $bin/$program"
      continue
    fi
    missing=$(ldd "$bin/$program" 2>&1 | awk '/not found|not a dynamic|error/ {print $1}' | sort -u | paste -sd' ')
    if [[ -n $missing ]]; then
      record "$program" failed "the loader does not find $missing"
    else
      record "$program" passed
    fi
  done
}

stage_where() {
  run_case where "$bin/gpu_tests" --gtest_filter=gpu.where || return
  local line wanted=real
  line=$(grep '^GPU: ' "$out/logs/where.where.txt")
  printf '  %s\n' "$line"
  [[ -z $simulated ]] || wanted=simulated
  [[ $line == "GPU: $wanted" ]] || record kind failed "$line, wanted $wanted"
}

# Once as it is, and what libraries compute once more by own kernels, whose bits are promised.
stage_ops() {
  local own variant stored=$prebuilt/simulated_bits.txt simulation=''
  rm -f "$out"/bits*.txt
  if [[ -z $prebuilt ]]; then
    stored=$out/simulated_bits.txt
    rm -f "$stored"
    if [[ -d $build/cudasim ]]; then
      simulated_bits "$stored" "$build/cudasim" &
      simulation=$!
    fi
  fi
  KEEN_OP_BITS=$out/bits.txt run_filter kernel_tests "${filter}gpu0"
  mapfile -t own < <(list_cases kernel_tests "${filter}gpu0" | grep -E '^op\.[A-Za-z_]*(Conv2D|MatMul)')
  variant=', own kernels'
  ((${#own[@]} == 0)) || KEEN_CONV=own KEEN_OP_BITS=$out/bits_own.txt run_cases kernel_tests "${own[@]}"
  touch "$out/bits.txt" "$out/bits_own.txt"
  [[ -z $simulation ]] || wait "$simulation" || record 'bits of the simulated CUDA' failed "see $stored.1.log"
  compare_bits "$stored" "$out/bits.txt" "$out/bits_own.txt"
}

stage_device() {
  local leave_out='gpu_training_step.*:gpu.where:AllocationFailure.*'
  if [[ -z $simulated ]]; then
    leave_out+=:$needs_simulator
    record "$needs_simulator" 'not run' 'needs the simulated CUDA'
  elif [[ $device_filter == '*' ]]; then
    KEEN_CUDA_ALLOCATOR=direct run_filter gpu_tests 'AllocationFailure.*'
  fi
  if (($(gpus) < 2)); then
    leave_out+=:$needs_two
    record "$needs_two" 'not run' 'there is one GPU'
  fi
  run_filter gpu_tests "$device_filter-$leave_out"
}

# What a GPU answers to each fault is recorded; what must hold on any is that the repaired program runs without an error.
stage_faults() {
  local program name form log status
  for program in "${fault_programs[@]}"; do
    if [[ ! -x $bin/gpu_$program ]]; then
      record "$program" failed "there is no $bin/gpu_$program"
      continue
    fi
    while read -r name; do
      # shellcheck disable=SC2053
      [[ $name == $fault_pattern ]] || continue
      for form in planted repaired; do
        if (($(left) == 0)); then
          record "$program" 'not run' 'no time was left'
          return
        fi
        log=$out/logs/faults.$name.$form.txt
        in_child "$log" "$bin/gpu_$program" --once "$name" "$form"
        status=$?
        fault_result "$name, $form" "$status" "$log"
      done
    done < <("$bin/gpu_$program" --list 2>/dev/null)
  done
}

fault_result() {
  local answer expected=0
  # With findings, a program on the simulated CUDA ends with 66.
  [[ -z $simulated || $1 != *planted ]] || expected=66
  answer=$(grep '^{"case"' "$3" | tail -n 1)
  printf '%s' "${answer:+$answer$'\n'}" >>"$out/faults.jsonl"
  if (($2 == 3)); then
    record "$1" 'not run' 'needs the simulated CUDA'
  elif [[ -z $answer ]] || (($2 != 0 && $2 != expected)); then
    record "$1" failed "status $2: $(tail -n 1 "$3")"
  elif [[ $1 == *repaired && $answer != *'"error": 0,'* ]]; then
    record "$1" failed "$answer"
  elif [[ -n $simulated && ! $answer =~ \"error\":\ (-?[0-9]+),\ \"simulated\":\ (-?[0-9]+) ]] ||
    [[ -n $simulated && ${BASH_REMATCH[1]} != "${BASH_REMATCH[2]}" ]]; then
    record "$1" failed "$answer"
  else
    record "$1" passed "$answer"
  fi
}

# What cuDNN and cuBLASLt answer to each question, in library_table.jsonl, which CUDASIM_LIBRARY_TABLE makes the rules of the
# simulated CUDA. What a library refuses is an answer; a question that the device is lost over fails, and the next process
# goes on behind it.
stage_libraries() {
  local table=$out/library_table.jsonl from=1 status log last short=() part=0
  rm -f "$table"
  [[ -z $simulated ]] || short=(--short)
  while (($(left) > 3)); do
    log=$out/logs/libraries.$((part++)).txt
    in_child "$log" "$bin/gpu_library_table" "$table" "${short[@]}" --from "$from" --seconds "$(($(left) - 3))"
    status=$?
    ((status != 0)) || break
    last=$(sed -nE 's/.*go on with --from ([0-9]+).*/\1/p' "$log" | tail -n 1)
    if ((status == 124 || status == 137)); then
      # The question that hung is the one behind the last answer.
      last=$(($(sed -nE 's/.*"number": ?([0-9]+).*/\1/p' "$table" | tail -n 1) + 2))
      record "question $((last - 1))" failed 'hung'
    else
      record "question $((${last:-0} - 1))" failed "status $status: $(tail -n 1 "$log")"
    fi
    ((${last:-0} > from)) || break
    from=$last
  done
  if [[ $(head -n 1 "$table" 2>/dev/null) != *'"versions"'* || $(tail -n 1 "$table" 2>/dev/null) != *'"end"'* ]]; then
    record library_table failed "no whole table: $(tail -n 1 "$log")"
    return
  fi
  record library_table passed "$(head -n 1 "$table")"
  local questions answers
  questions=$(sed -nE '$ s/.*"questions": ?([0-9]+).*/\1/p' "$table")
  answers=$(grep -c '"number"' "$table")
  ((answers >= questions)) || record library_table 'not run' "$((questions - answers)) of $questions questions"
}

stage_training() {
  local device csv differing data=()
  [[ ! -d $prebuilt/data ]] || data=(--data-dir "$prebuilt/data")
  for device in cpu:0 gpu:0; do
    run_case "$device" "$bin/train_fashion_mnist" "${data[@]}" --device "$device" --limit-images "$images" --batch-size 32 --epochs 1 \
      --csv "$out/losses.$device.csv" || return
  done
  csv=("$out/losses.cpu:0.csv" "$out/losses.gpu:0.csv")
  differing=$(paste -d, "${csv[@]}" | awk -F, '
    NR == 1 {columns = NF / 2; next}
    {want = $3; got = $(3 + columns); d = got - want; if (d < 0) d = -d
     if (!(d <= 1e-4 * want)) print "step " $2 ": " got " instead of " want}
    END {if (NR < 2) print "no step"}' | head -n 3 | paste -sd';')
  if [[ -z $differing ]]; then record losses passed; else record losses failed "$differing"; fi
  run_filter gpu_tests 'gpu_training_step.*'
}

stage_bandwidth() {
  local small=()
  [[ -z $simulated ]] || small=(1 1)  # MiB, and runs
  run_case bandwidth "$bin/gpu_bandwidth" "${small[@]}" && cat "$out/logs/bandwidth.bandwidth.txt"
}

stage_two_gpus() {
  local count
  count=$(gpus)
  if ((count < 2)); then
    record two_gpus 'not run' "there is $count GPU"
    return
  fi
  run_filter kernel_tests "${filter}gpu1"
  run_filter gpu_tests "$needs_two"
}

stage_sanitizers() {
  local tool
  for tool in memcheck initcheck synccheck racecheck; do
    if [[ -n $simulated ]]; then
      record "$tool" 'not run' 'the GPU is simulated'
    elif ! command -v compute-sanitizer >/dev/null; then
      record "$tool" 'not run' 'compute-sanitizer is not installed'
    else
      run_case "$tool" compute-sanitizer --tool "$tool" --nvtx yes --error-exitcode 9 "$bin/gpu_tests" \
        '--gtest_filter=gpu_core_ops.*:gpu_reduce.numbers*:gpu_softmax.*:gpu_batch_norm.*:gpu_optimizers.few*'
    fi
  done
}

limit_of() {
  case $1 in
    environment | where) printf 60 ;;
    ops) printf 180 ;;
    libraries | training | two_gpus) printf 120 ;;
    sanitizers) printf 3600 ;;
    *) printf 90 ;;
  esac
}

: >"$out/faults.jsonl"
for stage in "${stages[@]}"; do
  printf '== %s\n' "$stage"
  if [[ -n $only && ,$only, != *,$stage,* ]]; then
    record "$stage" 'not run' 'not asked for'
    continue
  fi
  # Simulated devices are slow: there only the whole run has a limit.
  stage_end=$((SECONDS + $(limit_of "$stage")))
  [[ -z $simulated ]] || stage_end=$deadline
  if (($(left) == 0)); then
    record "$stage" 'not run' 'no time was left'
  else
    "stage_$stage"
  fi
done

# ---- Summary -----------------------------------------------------------------------------------------------------------

printf '\n%-12s %8s %8s %8s\n' stage passed failed 'not run'
for stage in "${stages[@]}"; do
  printf '%-12s %8d %8d %8d\n' "$stage" "$(count "$stage" passed)" "$(count "$stage" failed)" "$(count "$stage" 'not run')"
done
all_passed=$(count '[a-z_]*' passed)
all_failed=$(count '[a-z_]*' failed)
printf '\nGPU: %s; %d passed, %d failed; results in %s\n' "${simulated:+simulated}" "$all_passed" "$all_failed" "$results" |
  sed 's/^GPU: ;/GPU: real;/'
# The environment alone says nothing of a GPU.
ran=$((all_passed - $(count environment passed)))
((all_failed == 0 && ran > 0))
