import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { workerOutputs, type WorkerOutputFlags } from "./worker-outputs.ts";

const NAME = "docker.io/library/app:1";
const outputs = (flags: Partial<WorkerOutputFlags>) => workerOutputs({ output: [], push: false, load: false, terminal: false, names: [NAME], insecure: false, annotations: [], ...flags });

test("outputs become those of a worker", () => {
  const store = { type: "oci", attrs: { name: NAME }, sink: { kind: "store" } };
  const registry = { type: "image", attrs: { name: NAME, push: "true" }, sink: { kind: "worker" } };
  const cases: [Partial<WorkerOutputFlags>, unknown][] = [
    [{}, [store]],
    [{ load: true }, [store]],
    [{ push: true }, [registry]],
    [{ push: true, load: true }, [registry, store]],
    [{ output: ["type=docker"] }, [store]],
    [{ output: ["type=registry,compression=zstd"], insecure: true }, [{ ...registry, attrs: { name: NAME, push: "true", compression: "zstd", "registry.insecure": "true" } }]],
    [{ output: ["type=image,name=x:1,push=true"], names: [] }, [{ type: "image", attrs: { name: "x:1", push: "true" }, sink: { kind: "worker" } }]],
    [{ output: ["type=oci,dest=a.tar"], annotations: ["a=b", "index,manifest[linux/amd64]:c=d=e"] }, [{ type: "oci", attrs: { name: NAME, "annotation-manifest.a": "b", "annotation-index.c": "d=e", "annotation-manifest[linux/amd64].c": "d=e" }, sink: { kind: "file", dest: "a.tar" } }]],
    [{ output: ["out"] }, [{ type: "tar", attrs: {}, sink: { kind: "folder", dest: "out" } }]],
    [{ output: ["type=local,dest=out,platform-split=false"] }, [{ type: "tar", attrs: { "platform-split": "false" }, sink: { kind: "folder", dest: "out" } }]],
    [{ output: ["-"] }, [{ type: "tar", attrs: {}, sink: { kind: "file", dest: "-" } }]],
    [{ output: ["type=cacheonly"] }, []],
  ];
  for (const [flags, expected] of cases) assert.deepEqual(outputs(flags), expected, JSON.stringify(flags));
});

test("outputs that make no sense on a worker are refused", () => {
  const cases: [Partial<WorkerOutputFlags>, string][] = [
    [{ push: true, names: [] }, "TAG_NEEDED"], [{ output: ["type=odd"] }, "OUTPUT_INVALID"], [{ output: ["type=local"] }, "OUTPUT_INVALID"], [{ output: ["type=local,dest=x,mode=delete"] }, "NOT_SUPPORTED"],
    [{ output: ["type=oci,dest=x,tar=false"] }, "NOT_SUPPORTED"], [{ output: ["-"], terminal: true }, "OUTPUT_INVALID"], [{ output: ["type=oci", "type=tar"] }, "OUTPUT_INVALID"], [{ annotations: ["x"] }, "USAGE"],
  ];
  for (const [flags, code] of cases) assert.throws(() => outputs(flags), (error) => isFault(error, code as "USAGE"), JSON.stringify(flags));
});
