import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { sha256 } from "../../oci/digest.ts";
import { cacheExports, cacheImports, mountExports } from "./cache-flags.ts";

const plain = { mode: "min", ociMediaTypes: true, imageManifest: true, ignoreError: false };

test("--cache-from is read as buildx reads it", () => {
  const cases: [string, unknown][] = [
    ["r.example/app:cache", { type: "registry", ref: "r.example/app:cache" }],
    ["type=registry,ref=r.example/app", { type: "registry", ref: "r.example/app" }],
    ["type=registry,ref=r.example/app,registry.insecure=true", { type: "registry", ref: "r.example/app", insecure: true }],
    ["type=local,src=dir,tag=x", { type: "local", src: "dir", tag: "x" }],
    [`type=local,src=dir,digest=${sha256("x")}`, { type: "local", src: "dir", digest: sha256("x") }],
    ["type=s3,bucket=b,retry_mode=standard,retry_max_attempts=2", { type: "s3", bucket: "b", region: "eu-west-1", attempts: 2 }],
    ["type=s3,bucket=b,name=x;y", { type: "s3", bucket: "b", region: "eu-west-1", names: ["x", "y"] }],
    ["type=s3,bucket=b,region=r,endpoint_url=http://h:1,use_path_style=true,access_key_id=i,secret_access_key=s", { type: "s3", bucket: "b", region: "r", endpointUrl: "http://h:1", usePathStyle: true, accessKeyId: "i", secretAccessKey: "s" }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(cacheImports([text], { AWS_REGION: "eu-west-1" }), [expected], text);
});

test("--cache-to is read as buildx reads it", () => {
  const cases: [string, unknown][] = [
    ["type=inline", { type: "inline" }],
    ["r.example/app:cache", { type: "registry", ref: "r.example/app:cache", ...plain }],
    ["type=registry,ref=a,mode=max,ignore-error=true", { type: "registry", ref: "a", ...plain, mode: "max", ignoreError: true }],
    ["type=registry,ref=a,oci-mediatypes=false", { type: "registry", ref: "a", ...plain, ociMediaTypes: false, imageManifest: false }],
    ["type=local,dest=d,compression=zstd,compression-level=7,force-compression=true", { type: "local", dest: "d", ...plain, packing: { codec: "zstd", level: 7, force: true } }],
    ["type=s3,bucket=b,region=r,touch_refresh=1h30m,upload_parallelism=9", { type: "s3", bucket: "b", region: "r", touchRefresh: 5_400_000, uploadParallelism: 9, ...plain }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(cacheExports([text], {}), [expected], text);
});

test("what makes no sense is refused, and keys are not repeated", () => {
  const refused = (text: string, way: "from" | "to", code: "USAGE" | "NOT_SUPPORTED" | "REFERENCE_INVALID"): void => {
    assert.throws(() => (way === "from" ? cacheImports : cacheExports)([text], {}), (error) => isFault(error, code) && !`${error.message}${error.hint}`.includes("hush"), text);
  };
  refused("type=gha", "from", "NOT_SUPPORTED");
  refused("type=azblob,name=x", "to", "NOT_SUPPORTED");
  refused("type=odd", "to", "USAGE");
  refused("mode=max", "to", "USAGE");
  refused("type=inline", "from", "USAGE");
  refused("type=inline,mode=max", "to", "NOT_SUPPORTED");
  refused("type=registry", "from", "USAGE");
  refused("type=registry,ref=UPPER", "to", "REFERENCE_INVALID");
  refused("type=local,dest=x", "from", "NOT_SUPPORTED");
  refused("type=local,src=x,digest=y", "from", "USAGE");
  refused("type=registry,ref=a,mode=most", "to", "USAGE");
  refused("type=registry,ref=a,compression=estargz", "to", "NOT_SUPPORTED");
  refused("type=registry,ref=a,oci-mediatypes=false,image-manifest=true", "to", "USAGE");
  refused("type=registry,ref=a,ignore-error=perhaps", "to", "USAGE");
  refused("type=s3,region=r,secret_access_key=hush", "to", "USAGE");
  refused("type=s3,bucket=b,region=r,odd=1,secret_access_key=hush", "to", "NOT_SUPPORTED");
  refused("type=s3,bucket=b,region=r,endpoint_url=http://u:hush@h,secret_access_key=hush", "to", "USAGE");
  refused("type=s3,bucket=b,region=r,touch_refresh=soon", "to", "USAGE");
  refused("type=s3,bucket=b,region=r,secret_access_key=hush,mode=most", "to", "USAGE");
  refused("type=s3,bucket=b,region=r,secret_access_key=hush,image-manifest=true,oci-mediatypes=false", "to", "USAGE");
  refused('type=s3,bucket=b,region=r,"session_token=hu,hush",mode=most', "to", "USAGE");
  refused('type=s3,bucket=b,region=r,"secret_access_key=hush,mode=most', "to", "USAGE");
  refused("type=s3,bucket=b,region=r, Secret_Access_Key =hush,,mode=max", "to", "USAGE");
  refused("type=odd,secret_access_key=hush", "to", "USAGE");
  refused("type=s3,bucket=b,region=r,secret-access-key=hush", "to", "NOT_SUPPORTED");
  refused("type=s3,bucket=b,region=r,AWS_SESSION_TOKEN=hush", "to", "NOT_SUPPORTED");
  refused('type=s3,bucket=b,region=r,x="1,secret_access_key=hush', "to", "NOT_SUPPORTED");
  refused("type=s3,bucket=b,region=r,endpoint_url=http://u:hu/hush@h,mode=most", "to", "USAGE");
  refused('type=s3,bucket=b,region=r,"endpoint_url=http://u:hu,hush@h"', "to", "USAGE");
  refused("type=s3,bucket=b,region=r,retry_mode=adaptive", "from", "USAGE");
  refused("type=s3,bucket=b,region=r,retry_max_attempts=0", "to", "USAGE");
  refused("type=s3,bucket=b,region=r,name=", "to", "USAGE");
});

test("folders of cache mounts have no mode and lie in no image", () => {
  assert.deepEqual(mountExports(["type=local,dest=d,compression=gzip", "r.example/app:mounts"], {}), [
    { type: "local", dest: "d", ...plain, packing: { codec: "gzip" } }, { type: "registry", ref: "r.example/app:mounts", ...plain },
  ]);
  for (const text of ["type=inline", "type=local,dest=d,mode=max", "type=local,dest=d,image-manifest=false", "type=gha"]) {
    assert.throws(() => mountExports([text], {}), (error) => isFault(error, "NOT_SUPPORTED"), text);
  }
});
