umask 022
echo 1 >'with space.txt'
echo 2 >'other name'
