umask 022
mkdir a a-b ab
touch a/z a-b/y ab/x a.txt a0 A B b
