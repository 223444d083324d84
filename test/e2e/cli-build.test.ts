import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;

async function withContext(context: TestContext, files: Readonly<Record<string, string>>) {
  const base = await sampanWithBase(context);
  const app = join(base.folder, "app");
  mkdirSync(app);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
  return { ...base, app };
}

const DOCKERFILE = `FROM base:1 AS tools
RUN echo building; echo result > /made
FROM base:1
ARG WHO=nobody
LABEL by=$WHO
COPY --from=tools /made /made
COPY a.txt /
CMD ["cat", "/a.txt", "/made"]
`;

test("build makes an image, prints plain progress, and writes its id and metadata", { skip }, async (context) => {
  const { sampan, app, folder } = await withContext(context, { Dockerfile: DOCKERFILE, "a.txt": "content\n" });
  const built = await sampan(["build", "-t", "app:1", "-t", "app:2", "--build-arg", "WHO", "--label", "x=y", "--iidfile", "id", "--metadata-file", "meta.json", app], {
    cwd: folder, env: { WHO: "me" },
  });
  assert.equal(built.status, 0, built.stderr);
  assert.equal(built.stdout, "");
  assert.match(built.stderr, /^#\d+ \[tools 2\/2\] RUN echo building; echo result > \/made\n#\d+ [\d.]+ building\n#\d+ DONE [\d.]+s$/m);
  const id = readFileSync(join(folder, "id"), "utf8");
  assert.match(id, /^sha256:[a-f0-9]{64}$/);
  const metadata = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as Record<string, unknown>;
  assert.equal(metadata["containerimage.config.digest"], id);
  assert.match(String(metadata["image.name"]), /app:1,.*app:2$/);
  assert.equal((await sampan(["inspect", "-f", "{{.Id}} {{.Config.Labels}}", "app:2"])).stdout, `${id} map[by:me x:y]\n`);
  assert.equal((await sampan(["run", "--rm", "app:1"])).stdout, "content\nresult\n");
});

test("--shm-size and --ulimit are for every RUN, and belong to what a step is known by", { skip }, async (context) => {
  const { sampan, app } = await withContext(context, { Dockerfile: "FROM base:1\nRUN df -k /dev/shm | tail -1 && ulimit -n && ulimit -Hn\n" });
  const limits = ["--shm-size", "1m", "--ulimit", "nofile=300:400"];
  const { status, stderr } = await sampan(["build", "--progress", "plain", ...limits, app]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, / 1024 .*\/dev\/shm\n#\d+ [\d.]+ 300\n#\d+ [\d.]+ 400\n/);
  assert.match((await sampan(["build", "--progress", "plain", ...limits, app])).stderr, /CACHED/);
  assert.match((await sampan(["build", "--progress", "plain", "--explain", app])).stderr, /--shm-size/);
  for (const words of [["--shm-size", "much"], ["--ulimit", "files=3"], ["--ulimit", "nofile=4:3"]]) assert.equal((await sampan(["build", ...words, app])).status, 2);
});

test("a second build takes everything from the cache, -q prints the id alone, --explain says why a step ran", { skip }, async (context) => {
  const { sampan, app } = await withContext(context, { Dockerfile: DOCKERFILE, "a.txt": "one\n" });
  const first = await sampan(["build", "-q", app]);
  assert.match(first.stdout, /^sha256:[a-f0-9]{64}\n$/);
  assert.equal(first.stderr, "");
  const second = await sampan(["build", "-q", app]);
  assert.equal(second.stdout, first.stdout);
  writeFileSync(join(app, "a.txt"), "two\n");
  const third = await sampan(["build", "--explain", app]);
  assert.match(third.stderr, /RUN echo building.*\n(?:#\d+ why: .*\n)+#\d+ CACHED/);
  assert.match(third.stderr, /COPY a\.txt \/\n#\d+ why: .*a\.txt/);
});

test("rawjson progress is a line of JSON for each event, with the whole log", { skip }, async (context) => {
  const { sampan, app } = await withContext(context, { Dockerfile: DOCKERFILE, "a.txt": "x\n" });
  const { stderr, status } = await sampan(["build", "--progress", "rawjson", app]);
  assert.equal(status, 0);
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line) as { vertexes?: { name: string; completed?: string }[]; logs?: { data: string }[] });
  assert.ok(lines.some(({ vertexes }) => vertexes?.[0]?.name.includes("RUN echo building") && vertexes[0].completed !== undefined));
  assert.equal(lines.flatMap(({ logs }) => logs ?? []).map(({ data }) => Buffer.from(data, "base64").toString()).join(""), "building\n");
});

test("a RUN that fails shows its whole log, the line of the Dockerfile, the exit code and what to try", { skip }, async (context) => {
  const count = 3000;
  const { sampan, app } = await withContext(context, { Dockerfile: `FROM base:1\nRUN seq ${count} && exit 3\n` });
  for (const progress of ["plain", "quiet"]) {
    const { status, stderr } = await sampan(["build", "--progress", progress, app]);
    assert.equal(status, 1);
    for (let line = 1; line <= count; line += 1) assert.match(stderr, new RegExp(`(^|\\s)${line}$`, "m"));
    assert.match(stderr, /exit code: 3/);
    assert.match(stderr, /2 \| >>> RUN seq 3000 && exit 3/);
    assert.match(stderr, /hint: /);
    assert.equal(stderr.match(/^.*\b2999$/gm)!.length, 1, "the log is shown once");
  }
});

test("a mistake in the Dockerfile shows the line and what was meant", async (context) => {
  const { sampan, app } = await withContext(context, { Dockerfile: "FROM scratch\nCOPPY a b\n" });
  const { status, stderr } = await sampan(["build", app]);
  assert.equal(status, 1);
  assert.match(stderr, /unknown instruction: COPPY \(did you mean COPY\?\)[^]*2 \| >>> COPPY a b/);
});

test("a Dockerfile and a context come from standard input", { skip }, async (context) => {
  const { sampan, app } = await withContext(context, { "a.txt": "from the context\n" });
  const alone = await sampan(["build", "-q", "-t", "alone:1", "-"], { input: "FROM base:1\nCMD [\"echo\", \"alone\"]\n" });
  assert.equal(alone.status, 0, alone.stderr);
  assert.equal((await sampan(["run", "alone:1"])).stdout, "alone\n");
  const beside = await sampan(["build", "-q", "-t", "beside:1", "-f", "-", app], { input: "FROM base:1\nCOPY a.txt /\nCMD [\"cat\", \"/a.txt\"]\n" });
  assert.equal(beside.status, 0, beside.stderr);
  assert.equal((await sampan(["run", "beside:1"])).stdout, "from the context\n");
});

test("archives go to files and to standard output", { skip }, async (context) => {
  const { sampan, app, folder } = await withContext(context, { Dockerfile: "FROM base:1\nLABEL a=b\n" });
  const both = await sampan(["build", "-o", "type=oci,dest=out.tar", "-o", "type=docker,dest=docker.tar", app], { cwd: folder });
  assert.equal(both.status, 0, both.stderr);
  assert.ok(existsSync(join(folder, "out.tar")) && existsSync(join(folder, "docker.tar")));
  for (const file of ["out.tar", "docker.tar"]) assert.equal((await sampan(["load", "-i", join(folder, file)])).status, 0, file);
  const piped = await sampan(["build", "-o", "-", app]);
  assert.ok(piped.stdout.includes("bin/busybox"), piped.stderr);
});

test("Ctrl-C and SIGTERM end a build with status 130, and the next build works", { skip }, async (context) => {
  const { sampan, app } = await withContext(context, { Dockerfile: "FROM base:1\nRUN echo started; sleep 1234\n" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const ended = await sampan(["build", app], {
      onStart: (child) => child.stderr!.on("data", (chunk: Buffer) => void (chunk.includes(" started\n") && child.kill(signal))),
    });
    assert.equal(ended.status, 130, ended.stderr);
    assert.match(ended.stderr, new RegExp(`ERROR: interrupted by .*${signal}`));
  }
  writeFileSync(join(app, "Dockerfile"), "FROM base:1\nRUN true\n");
  assert.equal((await sampan(["build", app])).status, 0);
});
