umask 022
mkdir t
printf in >t/in
mkdir t/sub
printf deep >t/sub/deep
tar --owner=5 --group=6 --mtime=@1 -C t -cf plain.tar .
gzip -nk plain.tar
rm -r t
printf no >no.tar
