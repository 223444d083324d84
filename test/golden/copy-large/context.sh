umask 022
yes 0123456789 | head -c 3000000 >big
: >empty
