. "$(dirname "$0")/../real-context.sh"
mkdir -p r/bin r/etc r/var/empty
printf 'sh\n' >r/bin/sh; chmod 4755 r/bin/sh; ln -s sh r/bin/ash; ln r/bin/sh r/bin/hard; printf 'root:x:0:0\n' >r/etc/passwd; chmod 711 r/var/empty
tar --sort=name --mtime=@1700000000 --owner=0 --group=0 -C r -czf rootfs.tar.gz .
tar --sort=name --mtime=@1700000000 --owner=7 --group=8 -C src -cJf data.tar.xz .
tar --sort=name --mtime=@1700000000 --owner=7 --group=8 -cf extra.tar config
printf 'PK\003\004' >notes.zip
rm -r r
