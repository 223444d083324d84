umask 022
mkdir -p a b/c
printf 1 >a/1.md
printf 2 >a/2.txt
printf 3 >b/c/3.txt
printf 4 >b/4.md
printf '**/*.txt\n!b/c\n' >.dockerignore
