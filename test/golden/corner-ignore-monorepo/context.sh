mkdir -p apps/web/src apps/web/node_modules/x apps/api/src apps/api/node_modules packages/ui/src packages/ui/dist packages/core/src/__tests__ .git docs/img "with space/é"
for f in package.json apps/web/package.json apps/web/src/i.ts apps/web/node_modules/x/y apps/api/src/a.ts apps/api/package.json apps/api/node_modules/.keep packages/ui/src/u.ts packages/ui/dist/u.js packages/ui/package.json packages/core/src/c.ts packages/core/src/__tests__/c.test.ts packages/core/package.json .git/HEAD docs/a.md docs/img/p.png .env .env.local .env.example Makefile "with space/é/f" README.md apps/README.md; do echo "$f" > "$f"; done
cat > .dockerignore <<'I'
# everything but
*
!apps
!packages/*/
!package.json
**/node_modules
!apps/api/node_modules/.keep
**/dist
!packages/ui/dist
**/__tests__/
**/*.md
!apps/README.md
.env*
!.env.example
!with space
/docs/../Makefile
I
