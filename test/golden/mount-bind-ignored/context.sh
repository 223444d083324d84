umask 022
printf '*.log\ndir/secret\n!dir/keep.log\n' >.dockerignore
echo a >a.log; echo b >b.txt
mkdir -p dir/secret; echo s >dir/secret/x; echo k >dir/keep.log; echo l >dir/other.log
