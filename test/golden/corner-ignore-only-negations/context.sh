umask 022
mkdir -p sub/deep/er other
for f in sub/a sub/deep/b sub/deep/er/c other/d e; do echo "$f" > "$f"; done
printf '*\n!sub/*/er\n!e*\n!.dockerignore\nsub/a\n' > .dockerignore
