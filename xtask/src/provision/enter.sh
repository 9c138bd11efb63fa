#!/bin/sh
# Runs a command in the root folder beside this script. The mounts live in a namespace of their own and are gone when
# the command ends. The home folder, /tmp, the repository and the present folder are the same inside and outside.
set -e
here=$(dirname "$(readlink -f "$0")")
root=$here/@NAME@
if [ "$HPY_RS_IN_NAMESPACE" != "@NAME@" ]; then
    HPY_RS_IN_NAMESPACE=@NAME@ exec unshare --mount --propagation private "$0" "$@"
fi
unset HPY_RS_IN_NAMESPACE
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for folder in "$HOME" /tmp "$HPY_RS_REPOSITORY" "$PWD"; do
    if [ -d "$folder" ] && [ "$folder" != / ]; then
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
    fi
done
# Names, certificates and pip's settings are those of the machine.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    if [ -e "$file" ]; then
        [ -e "$root$file" ] || { mkdir -p "$root$(dirname "$file")"; : > "$root$file"; }
        mount --bind "$(readlink -f "$file")" "$root$file"
    fi
done
export PATH="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:$HOME/.cargo/bin"
exec chroot "$root" /usr/bin/env -C "$PWD" "$@"
