import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commit, git } from "../../../test/support/git-repositories.ts";
import { findProgram } from "../../linux/find-program.ts";
import type { WorkerBuild } from "../worker-build.ts";
import { prepareInputs } from "./inputs.ts";

const skip = findProgram("git") === undefined && "needs git";
const SIGNAL = new AbortController().signal;

test("a worker is told which commit the context is where a provenance or labels want it", { skip }, async (context) => {
  const root = mkdtempSync(join(tmpdir(), "inputs-git-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  git(root, "init", "-q");
  git(root, "remote", "add", "origin", "https://me:secret@git.example.com/team/app.git");
  mkdirSync(join(root, "app/docker"), { recursive: true });
  const revision = commit(root, "first", { "app/file": "1\n", "app/docker/Dockerfile": "FROM scratch\n" });
  const attrsOf = async (more: Partial<WorkerBuild>): Promise<Record<string, string>> => {
    using inputs = await prepareInputs({
      context: "app", file: "app/docker/Dockerfile", cwd: root, attests: new Map([["provenance", "mode=max"]]), labels: {}, contexts: new Map(), gitInfo: true, gitLabels: false, gitCheckDirty: false, ...more,
    } as WorkerBuild, SIGNAL);
    return Object.fromEntries(Object.entries(inputs.attrs).filter(([name]) => /^(?:vcs|label):/.test(name)));
  };
  const source = "https://xxxxx:xxxxx@git.example.com/team/app.git";
  const told = { "vcs:revision": revision, "vcs:source": source, "vcs:localdir:context": "app", "vcs:localdir:dockerfile": "app/docker" };
  assert.deepEqual(await attrsOf({}), told);
  assert.deepEqual(await attrsOf({ attests: new Map(), tellProvenance: "min" }), told);
  assert.deepEqual(await attrsOf({ gitInfo: false }), {});
  assert.deepEqual(await attrsOf({ attests: new Map() }), {});
  assert.deepEqual(await attrsOf({ attests: new Map(), gitLabels: true, labels: { "org.opencontainers.image.source": "mine" } }), {
    "label:org.opencontainers.image.revision": revision, "label:com.docker.image.source.entrypoint": "app/docker/Dockerfile",
  });
});
