umask 022
mkdir t; echo 1 >t/one; mkdir t/sub; echo 2 >t/sub/two; ln -s one t/soft; ln t/one t/hard; chmod 750 t/sub; chmod 4711 t/sub/two
tar --mtime=@1 --owner=11 --group=12 --sort=name -C t -cf plain.tar .
gzip -nc plain.tar >gz.tgz; xz -c plain.tar >xz.tar.xz; bzip2 -c plain.tar >bz.tar.bz2; zstd -qc plain.tar >zst.tar.zst
echo 'not an archive' >notatar.tar
rm -r t
