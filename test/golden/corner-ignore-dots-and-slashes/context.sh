umask 022
mkdir -p a/b .hid/x sp\ ace
for f in a/1 a/b/2 .hid/3 .hid/x/4 "sp ace/5" 6 .7 8.; do echo "$f" > "$f"; done
printf './a/./b/\n/6\n.*\n!/.hid/x\nsp ace/\n../8.\n\t\n' > .dockerignore
