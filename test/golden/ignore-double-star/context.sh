umask 022
mkdir -p a/foo/bar b/foo c/d/e
echo 1 >a/foo/bar/1; echo 2 >b/foo/2; echo 3 >c/d/e/3.tmp; echo 4 >4.tmp; echo 5 >c/keep.txt
printf '**/foo\n**/*.tmp\nc/**/e\n!**/keep.txt\n' >.dockerignore
