#!/bin/sh
# A small history with fixed dates and names, so that every hash is the same each time.
set -eu
src=$1
git -c init.defaultBranch=main init -q repo
cd repo
mkdir mm
cp -r "$src/ipc" .
cp "$src"/mm/[h-m]*.[ch] mm
git add ipc
git commit -q -m 'ipc: as it is'
git add mm
git commit -q -m 'mm: as it is'
sed -i 's/struct page/struct folio/' mm/*.h
git mv ipc/util.c ipc/helpers.c
git commit -qa -m 'mm: rename pages'
git checkout -q -b side HEAD~1
echo 'a note' >NOTE
git add NOTE
git commit -q -m 'side: add a note'
git checkout -q main
git merge -q -m 'merge side' side
git log --graph --format='%H %an %s' --stat=72 | cat
git diff --stat HEAD~2 | tail -n 1
git grep -c spin_lock -- mm | sort -t: -k2nr | head -n 3
git fsck --no-progress
git status --short
