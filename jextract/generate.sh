#!/usr/bin/env bash
# Writes what is derived from native/include: the Java bindings, the field lists of the ABI checks (abi_fields.inc)
# and bindings.lock. Run it after every change of a header there and commit the result unedited.
#
# Needs jextract: that of JEXTRACT_HOME, on the PATH, or made by build-tool.sh. Its libclang looks for stddef.h in the C
# compiler's include folder, or in JEXTRACT_INCLUDE.
#
# generate.sh --fields writes the field lists alone and needs no jextract: for provisional bindings, see README.md.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Header, class of its functions and constants, the prefix of the names that are ours, where its field list goes, and what
# else the header consists of.
bindings=(
  "native/include/detr4j.h Detr4jAbi detr4j_ native/src/abi_fields.inc native/include/detr4j_gradients.h"
  "native/include/detr4j_cuda.h Detr4jCuda detr4j_cuda_ native/cuda/abi_fields.inc"
)
package=dev.detr4j.ffi.generated
java_root=jextract/src/main/java
java_folder=$java_root/${package//.//}
lock=jextract/bindings.lock

# STRUCT(name) and FIELD(name, field), in the order of headers. Reads only what the header's own rules allow: fixed-width
# types, one struct a typedef, no arrays and no nesting.
list_fields() {
  sed -e ':a' -e 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' -e '/\/\*/{N;ba' -e '}' "$@" | awk '
    /^typedef struct.*\{/ { type = $3; print "STRUCT(" type ")"; next }
    /^}/ { type = "" }
    type != "" && /;/ {
      sub(/;.*/, ""); gsub(/const |\*/, ""); sub(/^ *[a-z0-9_]+ +/, ""); gsub(/ /, "")
      count = split($0, names, ",")
      for (i = 1; i <= count; i++) print "FIELD(" type ", " names[i] ")"
    }'
}

write_fields() {
  local binding header field_list parts
  for binding in "${bindings[@]}"; do
    read -r header _ _ field_list parts <<< "$binding"
    echo "/* Written by jextract/generate.sh from the headers. */" > "$field_list"
    list_fields "$header" $parts >> "$field_list"
  done
}

if [[ ${1:-} == --fields ]]; then
  write_fields
  echo "wrote the field lists; the bindings and $lock are as they were" >&2
  exit
fi

jextract=${JEXTRACT_HOME:+$JEXTRACT_HOME/bin/jextract}
jextract=${jextract:-$(command -v jextract || echo jextract/target/tool/bin/jextract)}
if [[ ! -x $jextract ]]; then
  echo "generate.sh: no jextract in JEXTRACT_HOME or on the PATH: run jextract/build-tool.sh, which builds it" >&2
  exit 1
fi
# Before anything is removed: a tool that does not start leaves all as it was.
tool=$("$jextract" --version 2>&1) || {
  printf 'generate.sh: %s does not start: %s\n' "$jextract" "$tool" >&2
  exit 1
}
include=${JEXTRACT_INCLUDE:-$("${CC:-cc}" -print-file-name=include 2>/dev/null || true)}
search=()
if [[ -n $include ]]; then search=(-I "$include"); fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rm -rf "$java_folder"
write_fields
arguments=()
for binding in "${bindings[@]}"; do
  read -r header class prefix _ <<< "$binding"
  symbols=$work/$class.symbols
  "$jextract" "${search[@]}" --dump-includes "$work/all" "$header"
  grep -iE "^--include-[a-z]+ $prefix" "$work/all" | sed 's/ *#.*//' > "$symbols"
  options=(-t "$package" --header-class-name "$class" --output "$java_root" "$header")
  "$jextract" "${search[@]}" @"$symbols" "${options[@]}"
  arguments+=("@symbols($prefix*) ${options[*]}")
done

{
  echo "# Written by jextract/generate.sh; BindingsLockTest recomputes it."
  sed 's/^/tool /' <<< "$tool"
  for line in "${arguments[@]}"; do echo "arguments $line"; done
  for binding in "${bindings[@]}"; do
    read -r header _ _ field_list parts <<< "$binding"
    sha256sum "$header" $parts "$field_list"
  done
  find "$java_folder" -type f | sort | xargs sha256sum
} > "$lock"
