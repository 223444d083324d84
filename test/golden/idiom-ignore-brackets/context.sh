mkdir -p dir/sub/deep dxr/q/x dir/sub/x
echo 1 > a.txt; echo 2 > b.txt; echo 3 > bb.md; echo 4 > f1.md; echo 5 > f9.md
echo 6 > keep.log; echo 7 > x.log; echo 8 > dir/y.log; echo 9 > dir/sub/deep/z; echo 10 > dxr/q/x/w; echo 11 > dxr/k
echo 12 > '*star'; echo 13 > '# not a comment'; echo 14 > dir/sub/x/v
cat > .dockerignore <<'IGNORE'
[ab].txt
f[0-2].md
[^k]*.log
\*star
IGNORE
