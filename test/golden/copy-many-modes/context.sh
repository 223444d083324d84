for m in 000 400 444 600 640 755 777 1755 2755 4711 6777; do echo $m >f$m; chmod $m f$m; mkdir d$m; chmod $m d$m; done
