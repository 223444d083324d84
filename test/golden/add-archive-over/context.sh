umask 022
mkdir -p t/link t/sub; echo new >t/one; echo l >t/link/file; chmod 711 t/sub
tar --mtime=@1 --owner=0 --group=0 --sort=name -C t -cf t.tar .; rm -r t
