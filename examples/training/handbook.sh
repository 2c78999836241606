#!/usr/bin/env bash
# A detector of page elements, trained on pages of the Debian handbook. Needs Debian or Ubuntu, Chromium, and Python 3
# with Pillow. Everything goes to the folder that is named.
set -eu
[ $# -ge 1 ] || { echo "usage: handbook.sh FOLDER [options of ./detr4j train]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

if [ ! -d "$folder/package" ]; then
  (cd "$folder" && apt-get download debian-handbook)
  dpkg-deb -x "$folder"/debian-handbook_*.deb "$folder/package.partial"
  mv "$folder/package.partial" "$folder/package"
fi
[ -f "$folder/data/val/annotations.json" ] ||
  python3 "$here/handbook.py" "$folder/package/usr/share/doc/debian-handbook/html" "$folder/data"
# Writing is not to be mirrored, and a page that is turned round is none.
exec "$here/../../detr4j" train --data "$folder/data" --output "$folder/run" --no-flips "$@"
