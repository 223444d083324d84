import assert from "node:assert/strict";
import { test } from "node:test";
import { noContainers } from "../support/sampan-base.ts";
import { startJourney } from "../support/journey.ts";

test("builds are recorded with their steps, logs and errors, listed, filtered and forgotten", { skip: noContainers }, async (context) => {
  const { sampan, succeeds, context: folder } = await startJourney(context);
  const app = folder("app", { Dockerfile: "FROM base:1 AS make\nARG WHO\nRUN echo printed by $WHO\n", Bad: "FROM base:1\nRUN echo before the end; exit 3\n" });
  const list = async (...words: string[]): Promise<{ ref: string; name: string; status: string; cached_steps: number; total_steps: number }[]> =>
    (await succeeds(["build", "history", "ls", "--format", "json", ...words])).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as never);
  assert.deepEqual(await list(), []);
  await succeeds(["build", "-q", "--build-arg", "WHO=me", "-t", "app:1", "--target", "make", app]);
  await succeeds(["build", "-q", "--build-arg", "WHO=me", "-t", "app:1", "--target", "make", app]);
  assert.equal((await sampan(["build", "-q", "-f", `${app}/Bad`, app])).status, 1);

  const all = await list();
  assert.deepEqual(all.map(({ name, status }) => [name, status]), [["app/Bad", "Error"], ["app (make)", "Completed"], ["app (make)", "Completed"]]);
  assert.deepEqual([all[1]!.cached_steps, all[2]!.cached_steps], [2, 0]);
  assert.deepEqual((await list("--filter", "status=error")).map(({ ref }) => ref), [all[0]!.ref]);
  assert.equal((await list("--filter", "status!=error", "--filter", "duration<1h", "--filter", "startedAt>1h")).length, 2);
  assert.match(await succeeds(["buildx", "history", "ls"]), /^BUILD ID +NAME +STATUS +CREATED AT +DURATION\n\w{25} +app\/Bad +Error /);

  const inspected = JSON.parse(await succeeds(["build", "history", "inspect", "--format", "json", all[2]!.ref.slice(0, 12)])) as Record<string, unknown>;
  assert.deepEqual([inspected["Status"], inspected["Target"], inspected["Tags"], inspected["BuildArgs"]], ["completed", "make", ["app:1"], [{ Name: "WHO", Value: "me" }]]);
  assert.ok((inspected["Steps"] as { Name: string; Duration: number; Cached: boolean }[]).some(({ Name, Duration, Cached }) => Name.includes("RUN echo printed") && Duration > 0 && !Cached));
  assert.match(await succeeds(["build", "history", "inspect"]), /Error: +process .*exit code: 3\n[^]*RUN echo before the end; exit 3 .*ERROR\n\nLogs:\n> before the end\n/);
  assert.match(await succeeds(["build", "history", "logs", "^2"]), /RUN echo printed by me\n#\d+ [\d.]+ printed by me\n#\d+ DONE/);
  assert.match(await succeeds(["build", "history", "logs", all[0]!.ref, "--progress", "rawjson"]), /"error":"process/);

  assert.equal(await succeeds(["build", "history", "inspect", "--format", "{{.Status}}"]), "failed\n");
  for (const words of [["trace"], ["inspect", "attachment", "^1", "--type", "provenance"]]) {
    const { status, stderr } = await sampan(["build", "history", ...words]);
    assert.deepEqual([status, stderr.split("\n")[0]], [1, `ERROR: the command \`sampan build history ${words.slice(0, 2).join(" ")}\` is not supported by this version of Sampan`]);
  }

  await succeeds(["build", "history", "rm", all[0]!.ref]);
  assert.equal((await list()).length, 2);
  await succeeds(["build", "history", "rm", "--all"]);
  assert.deepEqual(await list(), []);
  for (const words of [["inspect"], ["logs", "^4"], ["inspect", "none"]]) {
    const { status, stderr } = await sampan(["build", "history", ...words]);
    assert.equal(status, 1);
    assert.match(stderr, /was not found/);
  }
  assert.equal((await sampan(["build", "history", "rm"])).status, 2);
  assert.equal((await sampan(["build", "history", "ls", "--filter", "odd=1"])).status, 2);
  assert.match((await sampan(["build", "history", "ls", "--filter", "status=eror"])).stderr, /there is no status "eror" \(did you mean error\?\)/);
});

test("a build that is killed, and one that is interrupted, were canceled", { skip: noContainers }, async (context) => {
  const { sampan, succeeds, context: folder } = await startJourney(context);
  const app = folder("app", { Dockerfile: "FROM base:1\nRUN echo begun && sleep 60\n" });
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    await sampan(["build", "--progress", "plain", app], {
      onStart: (child) => {
        let seen = "";
        let begun = false;
        child.stderr!.on("data", (chunk: Buffer) => {
          if (begun || !/ begun$/m.test(seen += chunk)) return;
          begun = true;
          child.kill(signal);
        });
      },
    });
  }
  assert.deepEqual((await succeeds(["build", "history", "ls", "--format", "{{.Status}}"])).trim().split("\n"), ["Canceled", "Canceled"]);
  assert.match(await succeeds(["build", "history", "inspect", "^1"]), /Status: +Canceled\nError: +the process was killed/);
});

test("a folder that is called history is built like any other", { skip: noContainers }, async (context) => {
  const { succeeds, folder, context: make } = await startJourney(context);
  make("history", { Dockerfile: "FROM base:1\nLABEL is=built\n" });
  await succeeds(["build", "history"], { cwd: folder });
  await succeeds(["build", "history", "-t", "app:1"], { cwd: folder });
  assert.match(await succeeds(["images"]), /^app +1 /m);
});
