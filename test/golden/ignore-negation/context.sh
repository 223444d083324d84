umask 022
mkdir -p a/b/c keep
echo 1 >a/b/c/x; echo 2 >a/b/y; echo 3 >a/z; echo 4 >keep/w; echo 5 >top
printf '*\n!keep\n!a/b/c/x\n**/y\n' >.dockerignore
