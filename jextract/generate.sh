#!/usr/bin/env bash
# Writes what is derived from native/include: the Java bindings, the field list of the ABI check (native/src/abi_fields.inc)
# and bindings.lock. Run it after every change of a header there and commit the result unedited.
#
# Needs jextract on PATH or in JEXTRACT_HOME. Where its libclang finds no stddef.h by itself, name the compiler's own
# include folder: JEXTRACT_INCLUDE=$(gcc -print-file-name=include) jextract/generate.sh
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Header, class of its functions and constants, and the prefix of the names that are ours.
bindings=("native/include/detr4j.h Detr4jAbi detr4j_")
package=dev.detr4j.ffi.generated
java_root=jextract/src/main/java
java_folder=$java_root/${package//.//}
field_list=native/src/abi_fields.inc
lock=jextract/bindings.lock

jextract=${JEXTRACT_HOME:+$JEXTRACT_HOME/bin/jextract}
jextract=${jextract:-$(command -v jextract || true)}
if [[ ! -x $jextract ]]; then
  echo "generate.sh: no jextract on PATH or in JEXTRACT_HOME (https://jdk.java.net/jextract/)" >&2
  exit 1
fi
search=()
if [[ -n ${JEXTRACT_INCLUDE:-} ]]; then search=(-I "$JEXTRACT_INCLUDE"); fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# STRUCT(name) and FIELD(name, field), in the header's order. Reads only what the header's own rules allow: fixed-width
# types, one struct a typedef, no arrays and no nesting.
list_fields() {
  sed -e ':a' -e 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' -e '/\/\*/{N;ba' -e '}' "$1" | awk '
    /^typedef struct/ { type = $3; print "STRUCT(" type ")"; next }
    /^}/ { type = "" }
    type != "" && /;/ {
      sub(/;.*/, ""); gsub(/const |\*/, ""); sub(/^ *[a-z0-9_]+ +/, ""); gsub(/ /, "")
      count = split($0, names, ",")
      for (i = 1; i <= count; i++) print "FIELD(" type ", " names[i] ")"
    }'
}

rm -rf "$java_folder"
echo "/* Written by jextract/generate.sh from the headers. */" > "$field_list"
arguments=()
for binding in "${bindings[@]}"; do
  read -r header class prefix <<< "$binding"
  symbols=$work/$class.symbols
  "$jextract" "${search[@]}" --dump-includes "$work/all" "$header"
  grep -iE "^--include-[a-z]+ $prefix" "$work/all" | sed 's/ *#.*//' > "$symbols"
  options=(-t "$package" --header-class-name "$class" --output "$java_root" "$header")
  "$jextract" "${search[@]}" @"$symbols" "${options[@]}"
  arguments+=("@symbols($prefix*) ${options[*]}")
  list_fields "$header" >> "$field_list"
done

{
  echo "# Written by jextract/generate.sh; BindingsLockTest recomputes it."
  "$jextract" --version 2>&1 | sed 's/^/tool /'
  for line in "${arguments[@]}"; do echo "arguments $line"; done
  for binding in "${bindings[@]}"; do read -r header _ <<< "$binding"; sha256sum "$header"; done
  sha256sum "$field_list"
  find "$java_folder" -type f | sort | xargs sha256sum
} > "$lock"
