umask 022
mkdir -p src
printf 1 >src/secret
printf 2 >src/open
printf 'src/secret\n' >.dockerignore
