#!/usr/bin/env bash
# A detector of six kinds of things, trained on photographed stamps on wallpapers. Needs Debian or Ubuntu, and Python 3
# with numpy and Pillow. Everything goes to the folder that is named.
set -eu
[ $# -ge 1 ] || { echo "usage: stamps.sh FOLDER [options of ./detr4j train]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

if [ ! -d "$folder/package" ]; then
  (cd "$folder" && apt-get download tuxpaint-stamps-default gnome-backgrounds mate-backgrounds plasma-workspace-wallpapers)
  for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/package.partial"; done
  mv "$folder/package.partial" "$folder/package"
fi
share=$folder/package/usr/share
[ -f "$folder/data/val/annotations.json" ] ||
  python3 "$here/stamps.py" "$share/tuxpaint/stamps" "$folder/data" --backgrounds "$share/backgrounds" "$share/wallpapers"
exec "$here/../../detr4j" train --data "$folder/data" --output "$folder/run" "$@"
