umask 022
mkdir -p d/sub
echo one > d/one; echo two > d/sub/two; ln -s one d/link; chmod 700 d/sub
tar --owner=1 --group=2 --numeric-owner --mtime=@1500000000 --sort=name -czf t.tar.gz d
echo a > a.txt
rm -r d
