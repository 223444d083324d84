mkdir -p apps docs tools/one/src tools/two/src
for file in .env README.md apps/.env apps/README.md docs/README.md tools/one/src/main.c tools/two/src/main.c tools/two/src/other.c tools/notes; do echo "$file" >"$file"; done
