mkdir -p l dir dirfile && echo 1 > l/in && echo 2 > dir/x && echo 3 > dirfile/y && ln -s /abs dir/abs && ln -s ../../.. dir/up
tar --owner=1 --group=2 --mtime=@5 -cf a.tar l dir dirfile
rm -r dir && echo file > dir && chmod 4755 dir && tar --owner=0 --group=0 --mtime=@6 -cJf b.tar.xz dir
mkdir 'sp ace' && echo > 'sp ace/ü' && tar --owner=9 --group=9 --mtime=@7 -cjf c.tar.bz2 --transform 's,^,./pre/,' 'sp ace' l
