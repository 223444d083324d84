umask 022
mkdir -p src real modes/sticky modes/dir empties/one empties/two/three hard
echo a > a.txt; echo s > src/s; echo r > real/r
ln -s real linkdir; ln -s a.txt linkfile
echo u > modes/suid; chmod 4755 modes/suid; echo g > modes/sgid; chmod 2750 modes/sgid; echo n > modes/none; chmod 0000 modes/none
echo w > modes/world; chmod 0777 modes/world; chmod 1777 modes/sticky; chmod 2755 modes/dir; ln -s none modes/link
echo h > hard/a; ln hard/a hard/b; ln hard/a hard/c
truncate -s 3M sparse; printf end >> sparse
