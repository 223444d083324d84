umask 022
n=$(printf 'n%.0s' $(seq 200))
mkdir "$n"; echo x >"$n/$n"; ln -s "$n/$n" link
