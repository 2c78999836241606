#!/usr/bin/env bash
# Builds jextract from its source into jextract/target/tool, where generate.sh finds it: with a JDK 25 and libclang, without
# Gradle, LLVM's headers or a container.
#
#   jextract/build-tool.sh            clones https://github.com/openjdk/jextract at the commit below
#   jextract/build-tool.sh FOLDER     takes a checkout that is there already
#
# Needs JAVA_HOME, and libclang (Debian and Ubuntu: apt-get install libclang1; macOS: the Xcode command line tools). Where
# the library is elsewhere, LIBCLANG names its file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The last commit whose output was compared with bindings.lock.
commit=f9866df3a178baa2e4a3746a7a6e458d783ace92
tool=$PWD/target/tool

fail() {
  echo "build-tool.sh: $*" >&2
  exit 1
}

[[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/javac ]] || fail "JAVA_HOME names no JDK; it must be that of the build, 25 or newer"
libclang=${LIBCLANG:-$(ls /usr/lib/llvm-*/lib/libclang{,-[0-9]*}.so* /usr/lib/*/libclang{,-[0-9]*}.so* \
  /usr/lib64/libclang.so* /Library/Developer/CommandLineTools/usr/lib/libclang.dylib 2>/dev/null | sort -V | tail -n 1 || true)}
[[ -r $libclang ]] || fail "no libclang found: install it (Debian and Ubuntu: apt-get install libclang1), or name its file in LIBCLANG"

rm -rf "$tool"
mkdir -p "$tool/bin" "$tool/lib"
source=${1:-}
if [[ -z $source ]]; then
  source=$tool/source
  git clone -q https://github.com/openjdk/jextract "$source"
  git -C "$source" checkout -q $commit
fi
[[ -d $source/src/main/java/org/openjdk/jextract ]] || fail "$source holds no source of jextract"
version=$(sed -n 's/^def jextract_version = "\(.*\)"/\1/p' "$source/build.gradle")

find "$source/src/main/java" -name '*.java' >"$tool/sources"
"$JAVA_HOME/bin/javac" -nowarn --module-version "$version" -d "$tool/classes" @"$tool/sources"
cp -r "$source/src/main/resources/." "$tool/classes/"
ln -s "$libclang" "$tool/lib/$([[ $libclang == *.dylib ]] && echo libclang.dylib || echo libclang.so)"
cat >"$tool/bin/jextract" <<EOF
#!/bin/sh
exec "$JAVA_HOME/bin/java" --enable-native-access=org.openjdk.jextract "-Djava.library.path=$tool/lib" \\
  --module-path "$tool/classes" -m org.openjdk.jextract/org.openjdk.jextract.JextractTool "\$@"
EOF
chmod +x "$tool/bin/jextract"
"$tool/bin/jextract" --version
