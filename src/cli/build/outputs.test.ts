import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { buildOutputs } from "./outputs.ts";

const outputs = (output: string[], more: { push?: boolean; load?: boolean; several?: boolean; terminal?: boolean; artifacts?: boolean } = {}) =>
  buildOutputs({ output, push: false, load: false, several: false, terminal: false, ...more });

test("outputs are read as Docker reads them", () => {
  const cases: [Parameters<typeof outputs>, unknown][] = [
    [[[]], [{ type: "store" }]],
    [[[], { load: true }], [{ type: "store" }]],
    [[[], { push: true }], [{ type: "store" }, { type: "registry" }]],
    [[["type=registry"]], [{ type: "registry" }]],
    [[["type=registry"], { push: true }], [{ type: "registry" }, { type: "store" }]],
    [[["type=oci,dest=a.tar", "type=docker,dest=b.tar"]], [{ type: "oci", dest: "a.tar" }, { type: "docker", dest: "b.tar" }]],
    [[["type=oci,dest=a.tar"], { load: true }], [{ type: "oci", dest: "a.tar" }, { type: "store" }]],
    [[['type=oci,"dest=a,b.tar"']], [{ type: "oci", dest: "a,b.tar" }]],
    [[["type=docker"]], [{ type: "store" }]],
    [[["type=image,push=true"]], [{ type: "store" }, { type: "registry" }]],
    [[["out"]], [{ type: "local", dest: "out" }]],
    [[["-"]], [{ type: "tar", dest: "-" }]],
    [[["type=cacheonly"]], [{ type: "cacheonly" }]],
    [[["type=oci"]], [{ type: "oci", dest: "-" }]],
    [[["type=local,dest=out"]], [{ type: "local", dest: "out" }]],
    [[["type=registry,compression=zstd,compression-level=5"]], [{ type: "registry", packing: { codec: "zstd", level: 5 } }]],
    [[["type=oci,dest=a.tar,compression=uncompressed,force-compression=true"]], [{ type: "oci", dest: "a.tar", packing: { codec: "none", force: true } }]],
    [[["type=docker,dest=a.tar,compression=gzip"]], [{ type: "docker", dest: "a.tar", packing: { codec: "gzip" } }]],
    [[["type=image,push=true,compression=zstd"]], [{ type: "store" }, { type: "registry", packing: { codec: "zstd" } }]],
    [[["type=image,\"name=a:1,b:1\",push-by-digest=true"]], [{ type: "registry", names: ["a:1", "b:1"], pushByDigest: true }]],
    [[["type=oci,dest=a.tar,oci-artifact=false,attestation-inline=true", "type=tar,dest=b.tar,attestation-prefix=b."]], [{ type: "oci", dest: "a.tar", ociArtifact: false, attestationInline: true }, { type: "tar", dest: "b.tar", attestationPrefix: "b." }]],
    [[["type=oci,dest=a.tar,oci-artifact=true", "out"], { push: true, artifacts: false }], [{ type: "oci", dest: "a.tar", ociArtifact: true }, { type: "local", dest: "out" }, { type: "store" }, { type: "registry", ociArtifact: false }]],
    [[["type=local,dest=out,platform-split=false"]], [{ type: "local", dest: "out", platformSplit: false }]],
    [[["type=local,dest=out,mode=delete"]], [{ type: "local", dest: "out", mode: "delete" }]],
    [[["type=oci,dest=dir,tar=false", "type=docker,dest=dir2,tar=0"]], [{ type: "oci", dest: "dir", tar: false }, { type: "docker", dest: "dir2", tar: false }]],
    [[["type=registry,registry.insecure=true,oci-mediatypes=false,name-canonical=true,prefer-nondist-layers=true,buildinfo=false"]], [{ type: "registry", insecure: true, ociMediaTypes: false }]],
    [[["type=image,unpack=true,rewrite-timestamp=true,source-date-epoch=5"]], [{ type: "store", epoch: 5, rewriteTimestamp: true }]],
    [[["type=docker,rewrite-timestamp=,source-date-epoch="]], [{ type: "store", epoch: "none", rewriteTimestamp: true }]],
    [[["type=tar,dest=t,source-date-epoch=0"]], [{ type: "tar", dest: "t", epoch: 0 }]],
    [[["type=image,push=f"]], [{ type: "store" }]],
    [[[], { push: true, several: true }], [{ type: "registry" }]],
    [[["type=oci,dest=a.tar,annotation-index.k=v"]], [{ type: "oci", dest: "a.tar", annotations: [{ place: "index", key: "k", value: "v" }] }]],
  ];
  for (const [args, expected] of cases) assert.deepEqual(outputs(...args), expected, JSON.stringify(args));
});

test("outputs that make no sense are refused", () => {
  const cases: [Parameters<typeof outputs>, string][] = [
    [[["type=odd"]], "OUTPUT_INVALID"], [[["dest=x"]], "OUTPUT_INVALID"], [[["type=local"]], "OUTPUT_INVALID"], [[["type=store,dest=x"]], "OUTPUT_INVALID"],
    [[["type=oci"], { terminal: true }], "OUTPUT_INVALID"], [[["type=oci", "type=tar"]], "OUTPUT_INVALID"],
    [[["type=oci,dest=x,compression=estargz"]], "NOT_SUPPORTED"], [[["type=oci,dest=x,compression=lz4"]], "USAGE"],
    [[["type=image,push=yes"]], "OUTPUT_INVALID"], [[["type=docker,oci-mediatypes=false"]], "OUTPUT_INVALID"], [[["type=docker,annotation.a=b"]], "OUTPUT_INVALID"], [[["type=image,annotation.a=b"]], "OUTPUT_INVALID"], [[["type=oci,dest=x,tar=maybe"]], "OUTPUT_INVALID"], [[["type=oci,tar=false"]], "OUTPUT_INVALID"],
    [[["type=local,dest=x,mode=move"]], "OUTPUT_INVALID"], [[["type=oci,dest=x,rewrite-timestamp=blah"]], "OUTPUT_INVALID"], [[["type=oci,dest=x,source-date-epoch=1.5"]], "SOURCE_DATE_EPOCH_INVALID"],
    [[["type=image,unpack=false"]], "NOT_SUPPORTED"], [[["type=image,name-canonical=true"]], "NOT_SUPPORTED"], [[["type=image,dangling-name-prefix=x"]], "NOT_SUPPORTED"], [[["type=image,danging-name-empty-only=true"]], "NOT_SUPPORTED"],
    [[["type=oci,dest=x,prefer-nondist-layers=false"]], "NOT_SUPPORTED"], [[["type=oci,dest=x,buildinfo=true"]], "NOT_SUPPORTED"], [[["type=local,dest=x,rewrite-timestamp=true"]], "NOT_SUPPORTED"],
    [[["type=tar,dest=x,compression=zstd"]], "NOT_SUPPORTED"], [[["type=cacheonly,dest=x"]], "NOT_SUPPORTED"], [[["type=docker,compression=zstd"]], "OUTPUT_INVALID"], [[['type=oci,"dest=x']], "USAGE"],
  ];
  for (const [args, code] of cases) assert.throws(() => outputs(...args), (error) => isFault(error, code as "USAGE"), JSON.stringify(args));
});
