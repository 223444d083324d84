umask 022
p=.
for i in $(seq 40); do p=$p/level-with-a-long-name-$i; done
mkdir -p "$p"
echo bottom >"$p/file"
