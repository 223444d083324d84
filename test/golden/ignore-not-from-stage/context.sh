umask 022
echo 1 >skip.me; echo 2 >other
echo '*.me' >.dockerignore
