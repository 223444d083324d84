umask 022
echo 1 >'grüße.txt'
mkdir '日本'
echo 2 >'日本/語'
echo 3 >'😀'
echo 4 >zz
echo 5 >'~'
