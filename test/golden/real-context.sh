# What the cases real-… are made from: a project of several languages, and programs that stand for those which would need a network.
umask 022
mkdir -p fake
fake() { # name, then its text on standard input
  { printf '#!/bin/sh\nset -eu\n'; cat; } >"fake/$1"
  chmod 755 "fake/$1"
}
# Package managers write down what they were asked for, and leave the litter that Dockerfiles clean away.
fake apt-get <<'X'
mkdir -p /var/lib/apt/lists /var/cache/apt/archives /var/lib/dpkg
case "$*" in
  *update*) echo lists >/var/lib/apt/lists/index ;;
  *install*) for word; do case $word in -* | install) ;; *) echo "$word" >>/var/lib/dpkg/status; echo deb >"/var/cache/apt/archives/${word%%=*}.deb" ;; esac; done ;;
  *purge* | *remove*) echo "$*" >>/var/lib/dpkg/removed ;;
  *clean*) rm -rf /var/cache/apt/archives/*.deb ;;
esac
X
fake apk <<'X'
mkdir -p /lib/apk/db /var/cache/apk
case "$*" in
  *--no-cache*) ;;
  *) echo index >/var/cache/apk/APKINDEX ;;
esac
for word; do case $word in -* | add | del | update | upgrade) ;; *) echo "${1} $word" >>/lib/apk/db/installed ;; esac; done
X
fake dpkg-architecture <<'X'
echo amd64
X
fake apt-mark <<'X'
case $1 in showmanual) echo ca-certificates ;; *) ;; esac
X
fake useradd <<'X'
for name; do :; done
echo "$name:x:1500:1500::/home/$name:/bin/sh" >>/etc/passwd
case "$*" in *-m* | *--create-home*) mkdir -p "/home/$name"; chown 1500:1500 "/home/$name"; chmod 700 "/home/$name" ;; esac
X
fake groupadd <<'X'
for name; do :; done
echo "$name:x:1500:" >>/etc/group
X
cp fake/useradd fake/adduser
cp fake/groupadd fake/addgroup
fake npm <<'X'
case "$1" in
  ci | install) mkdir -p node_modules/left/lib node_modules/.bin; echo "exports.left=1" >node_modules/left/lib/index.js
    printf '#!/bin/sh\necho left\n' >node_modules/left/cli.js; chmod 755 node_modules/left/cli.js; ln -sf ../left/cli.js node_modules/.bin/left
    mkdir -p "${HOME:-/root}/.npm"; echo cache >"${HOME:-/root}/.npm/index" ;;
  run) mkdir -p dist/assets; cat src/*.js >dist/main.js; echo "body{}" >dist/assets/app.css; echo "<html>${NODE_ENV:-none}</html>" >dist/index.html ;;
  prune) rm -rf node_modules/.bin ;;
esac
X
cp fake/npm fake/yarn
cp fake/npm fake/pnpm
fake go <<'X'
case "$1" in
  mod) mkdir -p "${GOMODCACHE:-/go/pkg/mod}"; echo mod >"${GOMODCACHE:-/go/pkg/mod}/lock" ;;
  build) while [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done
    mkdir -p "$(dirname "$out")"; printf '#!/bin/sh\necho %s %s\n' "${GOOS:-os}/${GOARCH:-arch}" "${CGO_ENABLED:-1}" >"$out"; chmod 755 "$out" ;;
esac
X
fake cargo <<'X'
mkdir -p target/release/deps; cat src/main.rs >target/release/app; chmod 755 target/release/app; ln -f target/release/app target/release/deps/app-1f2e
echo lock >Cargo.lock.used
X
fake mvn <<'X'
mkdir -p target/dependency/BOOT-INF/lib target/dependency/META-INF target/dependency/BOOT-INF/classes
echo jar >target/app.jar; echo lib >target/dependency/BOOT-INF/lib/a.jar; echo m >target/dependency/META-INF/MANIFEST.MF; echo c >target/dependency/BOOT-INF/classes/A.class
mkdir -p /root/.m2/repository; echo r >/root/.m2/repository/r
X
fake pip <<'X'
for word; do case $word in --prefix=*) prefix=${word#*=} ;; --target=*) prefix=${word#*=} ;; esac; done
site="${prefix:-${VIRTUAL_ENV:-/usr/local}}/lib/python3.12/site-packages"
mkdir -p "$site/flask/__pycache__" "${site%/lib/*}/bin"; echo "v=1" >"$site/flask/__init__.py"; echo pyc >"$site/flask/__pycache__/x.pyc"
printf '#!/bin/sh\necho flask\n' >"${site%/lib/*}/bin/flask"; chmod 755 "${site%/lib/*}/bin/flask"
X
fake python <<'X'
case "$*" in *venv*) for d; do :; done; mkdir -p "$d/bin"; ln -s /usr/local/bin/python "$d/bin/python"; echo home >"$d/pyvenv.cfg" ;; *) echo "python $*" ;; esac
X
fake composer <<'X'
mkdir -p vendor/composer; echo "<?php" >vendor/autoload.php; echo '[]' >vendor/composer/installed.json
X
fake bundle <<'X'
mkdir -p "${GEM_HOME:-/usr/local/bundle}/gems/rack-3/lib" "${GEM_HOME:-/usr/local/bundle}/cache"; echo rack >"${GEM_HOME:-/usr/local/bundle}/gems/rack-3/lib/rack.rb"; echo gem >"${GEM_HOME:-/usr/local/bundle}/cache/rack.gem"
X
fake make <<'X'
case "$*" in *install*) mkdir -p "${DESTDIR:-}/usr/local/sbin" "${DESTDIR:-}/usr/local/etc"; printf '#!/bin/sh\n' >"${DESTDIR:-}/usr/local/sbin/serverd"; chmod 755 "${DESTDIR:-}/usr/local/sbin/serverd"; echo conf >"${DESTDIR:-}/usr/local/etc/serverd.conf" ;; *) echo obj >main.o ;; esac
X
fake gosu <<'X'
shift; exec "$@"
X
mkdir -p src public config bin scripts cmd/server internal db/migrate docker/nginx node_modules/old .git spec tests
printf '{"name":"app","version":"1.2.3"}\n' >package.json
printf '{"lockfileVersion":3}\n' >package-lock.json
printf 'lock\n' >yarn.lock
printf 'const a=1\n' >src/a.js
printf 'const b=2\n' >src/b.js
printf 'test\n' >src/a.test.js
printf 'fn main() {}\n' >src/main.rs
printf '[package]\nname="app"\n' >Cargo.toml
printf '# lock\n' >Cargo.lock
printf 'module example.com/app\n' >go.mod
printf 'sum\n' >go.sum
printf 'package main\n' >cmd/server/main.go
printf 'package internal\n' >internal/x.go
printf '<project/>\n' >pom.xml
printf 'flask==3\n' >requirements.txt
printf 'print(1)\n' >app.py
printf '[tool.x]\n' >pyproject.toml
printf 'source "x"\n' >Gemfile
printf 'GEM\n' >Gemfile.lock
printf '{}\n' >composer.json
printf '{}\n' >composer.lock
printf '<?php echo 1;\n' >public/index.php
printf 'icon\n' >public/favicon.ico
printf 'server { listen 80; }\n' >docker/nginx/default.conf
printf 'worker_processes auto;\n' >docker/nginx/nginx.conf
printf '#!/bin/sh\nset -e\nexec "$@"\n' >docker-entrypoint.sh
chmod 755 docker-entrypoint.sh
printf '#!/bin/sh\necho ready\n' >bin/rails
chmod 755 bin/rails
printf '#!/bin/sh\nnc -z "$1" "$2"\n' >scripts/wait-for.sh
printf 'key: value\n' >config/app.yml
printf 'pw: x\n' >config/secrets.yml
printf 'create\n' >db/migrate/1_a.sql
printf 'create\n' >db/migrate/2_b.sql
printf 'old\n' >node_modules/old/x.js
printf 'ref: refs/heads/main\n' >.git/HEAD
printf 'A=1\n' >.env
printf 'A=2\n' >.env.local
printf '# read me\n' >README.md
printf 'spec\n' >spec/a_spec.rb
printf 'test\n' >tests/test_a.py
printf 'node_modules\n.git\n.env*\n!.env.example\n**/*.test.js\nfake-not\nREADME.md\n' >.dockerignore
