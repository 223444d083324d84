#!/bin/sh
# Makes src/remote/api/*_pb.ts of src/remote/proto/*.proto, after a change there.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --ignore-scripts @bufbuild/buf @bufbuild/protoc-gen-es >/dev/null
cat > buf.gen.yaml <<'EOF'
version: v2
plugins:
  - local: [node, node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es]
    opt: [target=ts, import_extension=ts, erasable_syntax=true, elide_plugin_version=true]
    out: out
EOF
node_modules/@bufbuild/buf-linux-*/bin/buf generate "$root/src/remote/proto"
sed -i /eslint-disable/d out/*_pb.ts
mkdir -p "$root/src/remote/api"
cp out/*_pb.ts "$root/src/remote/api/"
