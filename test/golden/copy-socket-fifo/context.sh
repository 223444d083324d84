umask 022
mkfifo pipe
echo x >file
