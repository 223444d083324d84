import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { noBuildkitd, startBuildkitd, type Buildkitd } from "../support/buildkitd.ts";
import { writeBusyboxLayout } from "../support/busybox-base.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const BAKE = `
group "default" { targets = ["app", "worker"] }
target "_common" {
  contexts = { busybox = "oci-layout://layout" }
}
target "base" {
  inherits = ["_common"]
  context = "base"
  args = { WORD = "base" }
  secret = ["id=token,env=TOKEN"]
}
target "app" {
  inherits = ["_common"]
  context = "app"
  contexts = { mybase = "target:base", extra = "more" }
  tags = ["app:1"]
  labels = { made = "yes" }
  output = ["type=docker"]
}
target "worker" {
  inherits = ["app"]
  target = "worker"
  tags = ["worker:1"]
}
target "inline" {
  inherits = ["_common"]
  context = "app"
  dockerfile-inline = "FROM busybox AS a\\nRUN mkdir /o\\nCOPY file /o/own\\nFROM scratch\\nCOPY --from=a /o /\\n"
  output = ["type=local,dest=out"]
}
target "several" {
  inherits = ["_common"]
  context = "several"
  platforms = ["linux/amd64", "linux/arm64"]
}
target "upon-several" {
  contexts = { both = "target:several" }
  dockerfile-inline = "FROM both\\nARG TARGETARCH\\nCOPY --from=both /arch /again\\n"
  platforms = ["linux/amd64", "linux/arm64"]
  output = ["type=local,dest=platforms"]
}
target "fails" {
  inherits = ["_common"]
  dockerfile-inline = "FROM busybox\\nRUN echo before; exit 4\\n"
}
`;

const FILES: Readonly<Record<string, string>> = {
  "docker-bake.hcl": BAKE,
  "base/Dockerfile": "FROM busybox\nARG WORD\nENV WORD=$WORD\nCOPY file /file\nRUN --mount=type=secret,id=token cat /run/secrets/token > /token; cat /proc/sys/kernel/random/uuid > /once\n",
  "base/file": "of the base\n",
  "app/Dockerfile": "FROM mybase AS app\nCOPY file /own\nCOPY --from=extra extra /extra\nFROM app AS worker\nCOPY --from=mybase /once /twice\nFROM app\n",
  "app/file": "of the app\n",
  "more/extra": "extra\n",
  "several/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /arch\n",
  "several/amd64": "amd64\n",
  "several/arm64": "arm64\n",
};

describe("bake on a BuildKit worker", { skip: noBuildkitd }, () => {
  const cleaning: (() => void | Promise<void>)[] = [];
  let worker: Buildkitd;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sampan-bake-"));
    worker = await startBuildkitd({ after: (work) => void cleaning.push(work as () => Promise<void>) });
    writeBusyboxLayout(join(folder, "layout"), { config: {} });
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  });
  after(async () => {
    for (const work of cleaning) await work();
    rmSync(folder, { recursive: true, force: true });
  });
  const here = (context: TestContext) => {
    const { sampan } = scratchSampan(context);
    const run = (words: readonly string[]) => sampan(words, { cwd: folder, env: { TOKEN: "sesame" } });
    return {
      bake: (...words: string[]) => run(["bake", "--builder", worker.address, "--progress", "plain", ...words]),
      succeeds: async (...words: string[]) => {
        const { status, stdout, stderr } = await run(words);
        assert.equal(status, 0, stderr);
        return stdout;
      },
    };
  };

  test("targets upon a linked one: what they share is done once, with the linked one's secrets, and the images come into the store", async (context) => {
    const { bake, succeeds } = here(context);
    const { status, stderr } = await bake("--metadata-file", "made.json");
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/RUN --mount=type=secret/g)?.length, 1, stderr);
    assert.match(stderr, /\[(?:app|worker) stage-0 2\/3\] RUN/);
    const cat = (image: string, ...paths: string[]) => succeeds("run", "--rm", image, "cat", ...paths);
    const once = await cat("app:1", "/once");
    assert.equal(await cat("worker:1", "/once", "/twice"), once + once);
    assert.equal(await cat("app:1", "/file", "/own", "/extra", "/token"), "of the base\nof the app\nextra\nsesame");
    const [app] = JSON.parse(await succeeds("inspect", "app:1")) as [{ Id: string; Config: { Env: string[]; Labels: unknown } }];
    assert.ok(app.Config.Env.includes("WORD=base"));
    assert.deepEqual(app.Config.Labels, { made: "yes" });
    const metadata = JSON.parse(readFileSync(join(folder, "made.json"), "utf8")) as Record<string, Record<string, string>>;
    assert.deepEqual([Object.keys(metadata), metadata["app"]!["containerimage.config.digest"]], [["app", "worker"], app.Id]);
    assert.deepEqual((await succeeds("images", "--format", "{{.Repository}}")).trim().split("\n").sort(), ["app", "worker"]);

    const history = JSON.parse(await succeeds("build", "history", "inspect", "--format", "json")) as { Name: string; Builder: string; Status: string };
    assert.deepEqual([history.Name, history.Builder, history.Status], ["app, app (worker)", worker.address, "completed"]);
    assert.match(await succeeds("build", "history", "logs"), /RUN --mount=type=secret/);
  });

  test("a target that is asked for and is another one's context too, and an inline Dockerfile with files of this machine", async (context) => {
    const { bake, succeeds } = here(context);
    const { status, stderr } = await bake("--set", "base.tags=base:1", "base", "app", "inline");
    assert.equal(status, 0, stderr);
    assert.equal(await succeeds("run", "--rm", "base:1", "cat", "/once"), await succeeds("run", "--rm", "app:1", "cat", "/once"));
    assert.equal(readFileSync(join(folder, "out/own"), "utf8"), "of the app\n");
  });

  test("a linked target for several platforms is each platform's own", async (context) => {
    const { bake } = here(context);
    const { status, stderr } = await bake("upon-several");
    assert.equal(status, 0, stderr);
    for (const arch of ["amd64", "arm64"]) assert.equal(readFileSync(join(folder, `platforms/linux_${arch}/again`), "utf8"), `${arch}\n`);
  });

  test("the worker pushes several targets", async (context) => {
    const registry = await serveRegistry(context);
    const { bake, succeeds } = here(context);
    const { status, stderr } = await bake("--push", "--set", "*.output=type=registry", "--set", `app.tags=${registry}/app:1`, "--set", `worker.tags=${registry}/worker:1`);
    assert.equal(status, 0, stderr);
    for (const name of ["app", "worker"]) assert.match(await succeeds("digest", `${registry}/${name}:1`), /^sha256:/);
    assert.equal(await succeeds("images", "-q"), "");
  });

  test("a target that fails ends the others, says which it was, and is in the history", async (context) => {
    const { bake, succeeds } = here(context);
    const { status, stderr } = await bake("fails", "app");
    assert.equal(status, 1);
    assert.match(stderr, /ERROR: target fails: process "\/bin\/sh -c echo before; exit 4" did not complete successfully: exit code: 4/);
    const [last] = (await succeeds("build", "history", "ls", "--format", "{{.Status}}")).split("\n");
    assert.equal(last, "Error");
  });

  test("what only a build here can follow is refused by name", async (context) => {
    const { bake } = here(context);
    assert.match((await bake("--explain")).stderr, /the flag --explain together with a builder is not supported/);
    const caches = ["type=local,dest=x", "r.example/cache"].flatMap((cache) => ["--set", `app.cache-to+=${cache}`]);
    assert.match((await bake(...caches, "app")).stderr, /--cache-to type=local beside other caches, together with a builder/);
  });
});
