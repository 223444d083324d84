umask 022
mkdir -p a/b/c d/b e/node_modules/x .git/objects f.d
for f in a/1.log a/b/2.log a/b/c/3.log d/b/4 e/node_modules/x/5 e/6 .git/objects/7 .env .env.local f.d/8 top.log a/keep.log a/b/c/keep.md x.bak a/y.bak~; do echo "$f" > "$f"; done
cat > .dockerignore <<'I'
# comment
  **/b/**  
**/*.log
!a/**/keep.*
**/node_modules
.git
.env*
!.env.local
*.bak
**/*~
f.d/**
!f.d
I
