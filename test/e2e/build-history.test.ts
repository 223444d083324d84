import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../../src/oci/digest.ts";
import { findProgram } from "../support/find-program.ts";
import { commit, git } from "../support/git-repositories.ts";
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

  const inspected = JSON.parse(await succeeds(["build", "history", "inspect", "--format", "json", all[2]!.ref.slice(0, 28)])) as Record<string, unknown>;
  assert.deepEqual([inspected["Status"], inspected["Target"], inspected["Tags"], inspected["BuildArgs"]], ["completed", "make", ["app:1"], [{ Name: "WHO", Value: "me" }]]);
  assert.ok((inspected["Steps"] as { Name: string; Duration: number; Cached: boolean }[]).some(({ Name, Duration, Cached }) => Name.includes("RUN echo printed") && Duration > 0 && !Cached));
  assert.match(await succeeds(["build", "history", "inspect"]), /Error: +process .*exit code: 3\n[^]*RUN echo before the end; exit 3 .*ERROR\n\nLogs:\n> => \[2\/2\] RUN echo before the end; exit 3:\n> before the end\n/);
  assert.match(await succeeds(["build", "history", "logs", "^2"]), /RUN echo printed by me\n#\d+ [\d.]+ printed by me\n#\d+ DONE/);
  assert.match(await succeeds(["build", "history", "logs", all[0]!.ref, "--progress", "rawjson"]), /"error":"process/);

  assert.equal(await succeeds(["build", "history", "inspect", "--format", "{{.Status}}"]), "failed\n");
  for (const word of ["trace", "export", "import", "open"]) {
    const { status, stderr } = await sampan(["build", "history", word]);
    assert.deepEqual([status, stderr.split("\n")[0]], [1, `ERROR: the command \`sampan build history ${word}\` is not supported by this version of Sampan`]);
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

test("the commit of the context is noted where it is one, and not where BUILDX_GIT_INFO says so", { skip: noContainers || (findProgram("git") === undefined && "needs git") }, async (context) => {
  const { sampan, succeeds, context: folder } = await startJourney(context);
  const app = folder("app", { "sub/Dockerfile": "FROM scratch\nCOPY file /\n" });
  git(app, "init", "-q");
  git(app, "remote", "add", "origin", "https://me:secret@example.com/app.git");
  const revision = commit(app, "first", { "sub/file": "1\n" });
  const noted = async (env: Readonly<Record<string, string>>): Promise<string> => {
    assert.equal((await sampan(["build", "-q", join(app, "sub")], { env })).status, 0);
    return await succeeds(["build", "history", "inspect", "--format", "{{.VCSRepository}} {{.VCSRevision}}"]);
  };
  assert.equal(await noted({}), `https://xxxxx:xxxxx@example.com/app.git ${revision}\n`);
  assert.match(await succeeds(["build", "history", "inspect"]), new RegExp(`^VCS Repository: +https://xxxxx:xxxxx@example.com/app.git\\nVCS Revision: +${revision}$`, "m"));
  writeFileSync(join(app, "new"), "");
  assert.equal(await noted({ BUILDX_GIT_CHECK_DIRTY: "1" }), `https://xxxxx:xxxxx@example.com/app.git ${revision}-dirty\n`);
  assert.equal(await noted({ BUILDX_GIT_INFO: "0" }), " \n");
  assert.equal(await succeeds(["build", "history", "inspect", "--format", "{{.Target}}{{len .Platform}}{{if .Error}}failed{{end}}{{range .Materials}}{{.URI}}{{end}}"]), "0\n");
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

test("what went into a build and came out of it is kept, listed as buildx lists it, and printed", { skip: noContainers }, async (context) => {
  const { sampan, succeeds, folder, context: make } = await startJourney(context);
  const app = make("app", { Dockerfile: "FROM base:1 AS make\nCOPY --from=more a.txt /\nRUN cat /a.txt\n", "more/a.txt": "a\n" });
  const flags = [
    "--build-context", "more=app/more", "--build-context", "far=https://me:secret@example.com/far.git", "--network", "none", "--add-host", "db:10.0.0.7,::1", "--shm-size", "1m", "--ulimit", "nofile=300:400", "--no-cache-filter", "make",
    "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", "--provenance", "mode=max", "--platform", "linux/amd64",
  ];
  await succeeds(["build", "-q", ...flags, "-o", "type=oci,dest=out.tar", app], { cwd: folder });
  const text = await succeeds(["build", "history", "inspect"]);
  assert.match(text, /\nKeep Git Dir: +true\n/);
  assert.match(text, /\n\nNAMED CONTEXT +VALUE\nmore +app\/more\nfar +https:\/\/xxxxx:xxxxx@example\.com\/far\.git\n\nStarted:/);
  assert.match(text, /\n\nNetwork: +none\nExtra Hosts: +db=10\.0\.0\.7, db=::1\nNo Cache Filter: +make\nShm Size: +1048576\nResource Limits: +nofile=300:400\n\n/);
  assert.match(text, /\nMaterials:\nURI +DIGEST\npkg:docker\/base@1\?platform=linux%2Famd64 +sha256:[0-9a-f]{64}\n\nAttachments:\nDIGEST +PLATFORM +TYPE\nsha256:[0-9a-f]{64} +application\/vnd\.oci\.image\.index/);

  interface Inspected { readonly Attachments: readonly { readonly Digest: string; readonly Platform?: string; readonly Type: string }[]; readonly Materials: readonly { readonly URI: string }[]; readonly Config: object; readonly KeepGitDir: boolean; readonly NamedContexts: readonly object[] }
  const shown = JSON.parse(await succeeds(["build", "history", "inspect", "--format", "json"])) as Inspected;
  assert.deepEqual(shown.Config, { Network: "none", ExtraHosts: ["db=10.0.0.7", "db=::1"], NoCacheFilter: ["make"], ShmSize: "1048576", Ulimit: "nofile=300:400" });
  assert.deepEqual([shown.KeepGitDir, shown.Materials.length, shown.NamedContexts.length], [true, 1, 2]);
  const kinds = ["index.v1+json", "config.v1+json", "manifest.v1+json", "https://slsa.dev/provenance/v1"];
  assert.deepEqual(shown.Attachments.map(({ Type, Platform }, index) => [Type.endsWith(kinds[index]!), Platform]), [[true, undefined], ...kinds.slice(1).map(() => [true, "linux/amd64"])]);

  const attachment = async (...words: string[]): Promise<string> => (await sampan(["build", "history", "inspect", "attachment", ...words])).stdout;
  for (const { Digest: digest, Type: type } of shown.Attachments) {
    const bytes = await attachment("^0", digest);
    assert.equal(sha256(bytes), digest, type);
    assert.equal(await attachment("--type", type), bytes, "its own word for the type");
  }
  for (const [type, index] of [["index", 0], ["image", 1], ["manifest", 2], ["provenance", 3]] as const) assert.equal(sha256(await attachment("--type", type, "--platform", index === 0 ? "" : "linux/x86_64")), shown.Attachments[index]!.Digest, type);
  assert.ok("buildDefinition" in (JSON.parse(await attachment("--type", "provenance")) as object), "what is said, without its frame");
  for (const [words, status, problem] of [[["--type", "sbom"], 1, /no matching attachment found for ref "\w{25}", of 4/], [["--platform", "linux/arm64"], 1, /no matching/], [[], 2, /at least one of --type, --platform or DIGEST/], [["^0", "sha256:x"], 2, /invalid digest/], [["nope", "--type", "image"], 1, /was not found/]] as const) {
    const refused = await sampan(["build", "history", "inspect", "attachment", ...words]);
    assert.equal(refused.status, status, refused.stderr);
    assert.match(refused.stderr, problem);
  }

  await succeeds(["build", "-q", "--build-arg", "BUILDKIT_INLINE_CACHE=1", "-t", "app:1", "--build-context", "more=app/more", app], { cwd: folder });
  const config = await attachment("--type", "image");
  assert.equal(sha256(config), (await succeeds(["inspect", "-f", "{{.Id}}", "app:1"])).trim(), "of what is only in the store its config");
  assert.match(config, /cache/, "the cache that BUILDKIT_INLINE_CACHE asks for");
  await succeeds(["rmi", "app:1"]);
  assert.match((await sampan(["build", "history", "inspect", "attachment", "--type", "image"])).stderr, /which has none/);
});

test("a folder that is called history is built like any other", { skip: noContainers }, async (context) => {
  const { succeeds, folder, context: make } = await startJourney(context);
  make("history", { Dockerfile: "FROM base:1\nLABEL is=built\n" });
  await succeeds(["build", "history"], { cwd: folder });
  await succeeds(["build", "history", "-t", "app:1"], { cwd: folder });
  assert.match(await succeeds(["images"]), /^app +1 /m);
});
