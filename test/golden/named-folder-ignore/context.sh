umask 022
mkdir -p n/sub n/gone; echo k >n/kept; echo i >n/ignored; echo s >n/sub/ignored; echo g >n/gone/x; printf 'ignored\ngone\n!sub/ignored\n' >n/.dockerignore
