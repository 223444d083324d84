# The context of most cases: files of every kind that a context can hold.
umask 022
printf 'alpha\n' >a.txt
printf 'beta\n' >b.txt
printf 'gamma\n' >c.md
printf '#!/bin/sh\necho ran\n' >run.sh; chmod 755 run.sh
printf 'secret\n' >private.key; chmod 600 private.key
mkdir -p src/lib src/empty docs .config
printf 'main\n' >src/main.c
printf 'lib one\n' >src/lib/one.c
printf 'lib two\n' >src/lib/two.c
printf 'hidden\n' >src/.hidden
printf 'guide\n' >docs/guide.md
printf 'index\n' >docs/index.md
printf 'set\n' >.config/settings
ln -s a.txt link-to-a
ln -s src/lib link-to-lib
ln -s /nowhere dangling
ln src/main.c src/main-hard.c
chmod 4755 src/lib/two.c
chmod 1777 src/empty
