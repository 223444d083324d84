umask 022
mkdir -p node_modules/x src/node_modules/y docs
echo 1 >node_modules/x/a; echo 2 >src/node_modules/y/b; echo 3 >src/code.js; echo 4 >docs/a.md; echo 5 >README.md; echo 6 >x.log; echo 7 >src/y.log
printf '# comment\nnode_modules\n*.log\ndocs/\n!README.md\n/src/node_modules/y\n' >.dockerignore
