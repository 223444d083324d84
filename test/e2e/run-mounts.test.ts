import assert from "node:assert/strict";
import { execFileSync, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { needs } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";
import { descendantsOf, stillRunning, until } from "../support/process-tree.ts";
import { ranAndCached } from "../support/raw-progress.ts";

const skip = noBusybox || needs();
const SECRET = "correct-horse-battery-staple-4711";

test("what a RUN mounts decides whether it runs again: content, not times, and nothing of caches", { skip }, async (context) => {
  const { context: write, sampan, folder } = await startJourney(context);
  const project = write("project", {
    Dockerfile: `FROM base:1 AS made
COPY made /made
FROM base:1
RUN --mount=source=src,target=/src cat /src/a > /a
RUN --mount=from=made,source=/made/used,target=/used cat /used > /used.copy
RUN --mount=type=cache,target=/cache date >> /cache/log
`,
    "src/a": "a\n", "src/ignored.log": "", ".dockerignore": "*.log\n**/*.log\n", "made/used": "u\n", "made/other": "o\n", unrelated: "",
  });
  const build = async (...flags: string[]): Promise<string[]> => {
    const { status, stderr } = await sampan(["build", "--progress", "rawjson", ...flags, project]);
    assert.equal(status, 0, stderr);
    return ranAndCached(stderr).ran.filter((name) => name.startsWith("RUN")).map((name) => /target=\/(\w+)/.exec(name)![1]!);
  };
  assert.deepEqual((await build()).sort(), ["cache", "src", "used"]);
  assert.deepEqual(await build(), []);
  writeFileSync(join(project, "src/ignored.log"), "changed");
  writeFileSync(join(project, "unrelated"), "changed");
  writeFileSync(join(project, "made/other"), "the stage is another, what is mounted of it is not");
  assert.deepEqual(await build(), []);
  execFileSync("touch", ["-d", "2001-01-01", join(project, "src/a")]);
  assert.deepEqual(await build(), []);
  writeFileSync(join(project, "made/used"), "v\n");
  assert.deepEqual(await build(), ["used", "cache"]);
  execFileSync("chmod", ["600", join(project, "src/a")]);
  assert.deepEqual((await build()).sort(), ["cache", "src", "used"]);
  writeFileSync(join(project, "src/a"), "b\n");
  const explained = await sampan(["build", "--progress", "plain", "--explain", "-o", join(folder, "out"), project]);
  assert.match(explained.stderr, /src\/a: content changed/);
  assert.equal(readFileSync(join(folder, "out/a"), "utf8"), "b\n");
});

test("a secret is in no layer, no record, no log and no error", { skip }, async (context) => {
  const { context: write, sampan, succeeds, root, folder } = await startJourney(context);
  const project = write("project", {
    Dockerfile: `FROM base:1
RUN --mount=type=secret,id=file,required --mount=type=secret,id=var,env=VAR test "$(cat /run/secrets/file)" = "$VAR" && md5sum /run/secrets/file > /sum
RUN --mount=type=secret,id=file,target=/etc/token,mode=0444 echo "\${#VAR}" && ls -l /etc/token
`,
    broken: "FROM base:1\nRUN --mount=type=secret,id=var,env=VAR echo \"$VAR\" | md5sum; cat /run/secrets/none; exit 9\n",
    invalid: "FROM base:1\nRUN --mount=type=secret,id=var,env=A=B true\n",
  });
  writeFileSync(join(folder, "secret"), SECRET);
  const flags = ["--secret", `id=file,src=${join(folder, "secret")}`, "--secret", "id=var,env=SECRET"];
  const said: string[] = [];
  const build = async (...words: string[]): Promise<number | null> => {
    const { status, stdout, stderr } = await sampan(["build", ...flags, ...words, project], { env: { SECRET, SAMPAN_DEBUG: "1" } });
    said.push(stdout, stderr);
    return status;
  };
  assert.equal(await build("--progress", "rawjson", "-t", "app:1", "--metadata-file", join(folder, "metadata")), 0, said.join(""));
  assert.equal(await build("--progress", "plain", "--explain", "--no-cache", "-o", `type=oci,dest=${join(folder, "app.tar")}`), 0, said.join(""));
  assert.equal(await build("-f", join(project, "broken")), 1);
  assert.equal(await build("-f", join(project, "invalid")), 1);
  const without = await sampan(["build", "-f", join(project, "broken"), project]);
  assert.match(without.stderr, /hint: the step mounts the secret var, which was not given; if it needs it: --secret id=var,src=FILE/);
  said.push(await succeeds(["history", "--no-trunc", "app:1"]), await succeeds(["inspect", "app:1"]), await succeeds(["system", "df", "-v"]));
  assert.doesNotMatch(said.join("\n"), new RegExp(SECRET));
  rmSync(join(folder, "secret"));
  // Nor its base64 form, in which it goes to the sandbox.
  for (const text of [SECRET, Buffer.from(SECRET).toString("base64")]) {
    assert.throws(() => execFileSync("grep", ["-rlaF", text, root, folder, join(folder, "metadata")]), /Command failed/, "grep finds it");
  }
  const tree = join(folder, "tree");
  assert.equal(await build("-o", `type=local,dest=${tree}`), 1, "the file of the secret is gone");
  writeFileSync(join(folder, "secret"), SECRET);
  assert.equal(await build("-o", `type=local,dest=${tree}`), 0);
  assert.ok(!existsSync(join(tree, "run/secrets")) && !existsSync(join(tree, "etc/token")), "mount points go");
  // Another secret is no reason to run again, and an unknown one is named.
  writeFileSync(join(folder, "secret"), "another");
  const again = await sampan(["build", "--progress", "rawjson", ...flags, project], { env: { SECRET: "another" } });
  assert.deepEqual(ranAndCached(again.stderr).ran, []);
  const missing = await sampan(["build", "--no-cache", "--secret", "id=var,env=SECRET", project], { env: { SECRET } });
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /secret file: not found/);
});

test("caches are for one at a time where they are locked, across processes, and a killed build holds nothing", { skip }, async (context) => {
  const { context: write, sampan, succeeds } = await startJourney(context);
  const count = "n=$(cat /c/n 2>/dev/null || echo 0); sleep 0.2; echo $((n + 1)) > /c/n";
  const locked = write("locked", { Dockerfile: `FROM base:1\nARG N\nRUN --mount=type=cache,target=/c,sharing=locked ${count}; echo "$N" > /out\n` });
  const builds = [1, 2, 3].map((number) => sampan(["build", "--build-arg", `N=${number}`, locked]));
  for (const { status, stderr } of await Promise.all(builds)) assert.equal(status, 0, stderr);
  const read = write("read", { Dockerfile: "FROM base:1\nRUN --mount=type=cache,target=/c,sharing=locked echo \"n is $(cat /c/n)\"\n" });
  assert.match((await sampan(["build", "--no-cache", "--progress", "plain", read])).stderr, /n is 3\n/);

  const slow = write("slow", { Dockerfile: "FROM base:1\nRUN --mount=type=cache,target=/c,sharing=locked echo killed > /c/n; echo begun; sleep 60\n" });
  let victim: ChildProcess | undefined;
  let output = "";
  const killed = sampan(["build", "--progress", "plain", slow], { onStart: (child) => void (victim = child).stderr!.on("data", (data) => (output += String(data))) });
  await until(() => /^#\d+ [\d.]+ begun/m.test(output));
  const waiting = sampan(["build", "--no-cache", "--progress", "plain", read]);
  const family = descendantsOf(victim!.pid!);
  victim!.kill("SIGKILL");
  await killed;
  await until(() => stillRunning(family).length === 0);
  assert.match((await waiting).stderr, /n is killed\n/);

  assert.match(await succeeds(["system", "df", "-v"]), /mount-1\s+exec\.cachemount\s+7B/);
  assert.match(await succeeds(["builder", "prune", "-f", "--filter", "type=regular"]), /Total reclaimed space/);
  assert.match(await succeeds(["system", "df", "-v"]), /exec\.cachemount/);
  assert.match(await succeeds(["builder", "prune", "-f", "--filter", "type=exec.cachemount"]), /^Deleted build cache objects:\nmount-1\n/);
  assert.doesNotMatch(await succeeds(["system", "df", "-v"]), /exec\.cachemount/);
});

for (const runtime of ["runc", "crun"]) {
  test(`all mounts work with ${runtime}`, { skip: skip || (findProgram(runtime) === undefined ? `needs ${runtime}` : false) }, async (context) => {
    const { context: write, sampan, folder } = await startJourney(context);
    const project = write("project", {
      Dockerfile: `FROM base:1 AS made
RUN mkdir /d && echo made > /d/f
FROM base:1
RUN --mount=type=cache,target=/cache --mount=source=src,target=/src,rw --mount=from=made,source=/d/f,target=/made --mount=type=tmpfs,target=/t/mem,size=1m \
 --mount=type=secret,id=s,uid=3 --mount=type=ssh \
 echo x > /src/new && echo y > /cache/y && cat /src/a /made /run/secrets/s > /out && stat -c '%a %u' /run/secrets/s >> /out && test -S "$SSH_AUTH_SOCK" && touch /t/mem/x && ! touch /made
RUN --network=none --mount=type=cache,target=/cache cat /cache/y >> /out; ls /src /t /run >> /out 2>/dev/null; true
RUN --security=insecure grep '^Seccomp:' /proc/self/status >> /out
`,
      "src/a": "a\n",
    });
    const agent = createServer().listen(join(folder, "agent"));
    context.after(() => void agent.close());
    const { status, stderr } = await sampan([
      "build", "--runtime", runtime, "--allow", "security.insecure", "--secret", "id=s,env=S", "--ssh", `default=${join(folder, "agent")}`, "-o", join(folder, "out"), project,
    ], { env: { S: "s\n" } });
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(folder, "out/out"), "utf8"), "a\nmade\ns\n400 3\ny\nSeccomp:\t0\n");
    assert.deepEqual(readdirSync(join(folder, "out")).filter((name) => ["src", "t", "made", "cache"].includes(name)), []);
  });
}

for (const ids of ["many", "one"] as const) {
  test(`an ordinary user who has ${ids === "many" ? "many ids" : "one id"} mounts all kinds`, { skip: noBusybox || noOrdinaryUser || (findProgram("unshare") === undefined ? "needs unshare" : false) }, async (context) => {
    const { home, sampan } = asOrdinaryUser(context);
    const layout = join(home, "layout");
    const { config } = writeBusyboxLayout(layout);
    execFileSync("tar", ["-C", layout, "-cf", join(home, "base.tar"), "."]);
    const project = join(home, "project");
    execFileSync("mkdir", [project]);
    writeFileSync(join(project, "a"), "a\n");
    writeFileSync(join(project, "Dockerfile"), `FROM base:1 AS made
RUN echo made > /f
FROM base:1
RUN --mount=type=cache,target=/cache --mount=target=/src,rw --mount=from=made,source=/f,target=/made --mount=type=tmpfs,target=/t --mount=type=secret,id=s \
 echo x > /src/new && echo y > /cache/y && cat /src/a /made /run/secrets/s > /out && stat -c '%u:%g' /src/a /run/secrets/s >> /out
RUN --mount=type=cache,target=/cache cat /cache/y >> /out
`);
    const env = { S: "s\n", ...(ids === "one" ? { SAMPAN_USERNS: "one" } : {}) };
    for (const words of [["load", "-i", join(home, "base.tar")], ["tag", config, "base:1"], ["build", "--secret", "id=s,env=S", "-o", join(home, "out"), project]]) {
      const { status, stderr } = await sampan(words, env);
      assert.equal(status, 0, `${words.join(" ")}\n${stderr}`);
    }
    assert.equal(readFileSync(join(home, "out/out"), "utf8"), "a\nmade\ns\n0:0\n0:0\ny\n");
    writeFileSync(join(project, "Dockerfile"), "FROM base:1\nRUN echo x > /f && chown 5:6 /f\n");
    const given = await sampan(["build", project], env);
    if (ids === "many") assert.equal(given.status, 0, given.stderr);
    else assert.match(given.stderr, /Invalid argument[^]*hint: nothing can be given to another user or group than root here, .* newuidmap/);
  });
}

test("a path in a stage that has no files is not found, like any other that is not there", { skip }, async (context) => {
  const { context: write, sampan } = await startJourney(context);
  const { status, stderr } = await sampan(["build", write("project", { Dockerfile: "FROM scratch AS nothing\nFROM base:1\nRUN --mount=from=nothing,source=/made,target=/m ls /m\n" })]);
  assert.equal(status, 1);
  assert.match(stderr, /"\/made" not found in an empty file system/);
});

test("a secret whose variable is not set is empty, as with buildx, and that is told", { skip }, async (context) => {
  const { context: write, sampan } = await startJourney(context);
  const project = write("project", { Dockerfile: "FROM base:1\nRUN --mount=type=secret,id=token,env=TOKEN,required --mount=type=secret,id=token,target=/t sh -uc 'test -z \"$TOKEN\" && test ! -s /t'\n" });
  const { status, stderr } = await sampan(["build", "--progress", "plain", "--secret", "id=token,env=NOT_SET_ANYWHERE", project]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /secret token is empty: the variable NOT_SET_ANYWHERE is not set/);
});

test("what cannot be mounted says which target it is and why, and not that this machine is to be mended", { skip }, async (context) => {
  const { context: write, sampan } = await startJourney(context);
  for (const [mounts, message, hint] of [
    ["source=a,target=/folder", /a file cannot be mounted at "\/folder": there is a folder/, /target, as \/folder\/NAME/],
    ["source=d,target=/file", /a folder cannot be mounted at "\/file": there is a file/, /mount the file itself/],
    ["type=cache,target=/file", /a folder cannot be mounted at "\/file": there is a file/, /another target/],
    ["type=cache,target=/file/x/y", /nothing can be mounted below "\/file": it is no folder/, /another target/],
    ["type=cache,target=/loop/x", /nothing can be mounted at "\/loop\/x": its symbolic links lead in a circle/, /another target/],
    ["target=/src --mount=type=cache,target=/src/node_modules", /"\/src\/node_modules" cannot be mounted on: it is missing in another mount, which is read-only/, /make node_modules where .*,rw/],
    ["source=d,target=/dev", /nothing can be mounted at "\/dev": a container needs what is there/, /below \/dev/],
    ["type=tmpfs,target=/proc", /nothing can be mounted at "\/proc": a container needs/, /another target/],
    ["type=cache,target=/proc/none", /nothing can be mounted at "\/proc\/none": a container needs/, /another target/],
    ["source=none,target=/src", /RUN --mount: "\/none" not found in the build context/, /begin at the root/],
    ["type=tmpfs,source=/x,target=/t", /tmpfs does not support source/, /flags/],
  ] as const) {
    const project = write("project", { Dockerfile: `FROM base:1\nRUN mkdir /folder && touch /file && ln -s loop /loop\nRUN --mount=${mounts} true\n`, a: "a\n", "d/b": "b\n" });
    const { status, stderr } = await sampan(["build", project]);
    assert.equal(status, 1, mounts);
    assert.match(stderr, message);
    assert.match(stderr, hint);
    assert.match(stderr, /Dockerfile:3/);
    assert.doesNotMatch(stderr, /doctor|\n +at /);
  }
  // The root of what is empty is there.
  const { status, stderr } = await sampan(["build", write("project", { Dockerfile: "FROM base:1\nRUN --mount=type=tmpfs,source=/,target=/t test -d /t\n" })]);
  assert.equal(status, 0, stderr);
});

for (const runtime of ["builtin", "runc", "crun"]) {
  test(`of two mounts at one place the later one counts, be it a folder where the other is a file (${runtime})`, { skip: skip || (runtime !== "builtin" && findProgram(runtime) === undefined ? `needs ${runtime}` : false) }, async (context) => {
    const { context: write, sampan } = await startJourney(context);
    const project = write("project", {
      Dockerfile: "FROM base:1\nRUN --mount=source=a,target=/t --mount=source=d,target=/t --mount=source=d,target=/etc/resolv.conf cat /t/b /etc/resolv.conf/b\n", a: "a\n", "d/b": "b\n",
    });
    const { status, stderr } = await sampan(["build", "--runtime", runtime, project]);
    assert.equal(status, 0, stderr);
  });
}

for (const runtime of ["builtin", "runc", "crun"]) {
  test(`a tmpfs at /dev is filled with the container's devices (${runtime})`, { skip: skip || (runtime !== "builtin" && findProgram(runtime) === undefined ? `needs ${runtime}` : false) }, async (context) => {
    const { context: write, sampan } = await startJourney(context);
    const project = write("project", {
      Dockerfile: "FROM base:1\nRUN --mount=type=tmpfs,target=/dev echo x > /dev/null && touch /dev/x && test -d /dev/shm\nRUN --mount=type=tmpfs,target=/dev,size=8k echo x > /dev/null && test -e /dev/shm\nRUN --mount=type=tmpfs,target=/dev,ro test ! -e /dev/x && echo x > /dev/null && ! touch /dev/y\n",
    });
    const { status, stderr } = await sampan(["build", "--runtime", runtime, project]);
    assert.equal(status, 0, stderr);
  });
}

for (const runtime of ["runc", "crun"]) {
  test(`what cannot be mounted is told before ${runtime} starts, and what lies in another mount is its own affair`, { skip: skip || (findProgram(runtime) === undefined ? `needs ${runtime}` : false) }, async (context) => {
    const { context: write, sampan } = await startJourney(context);
    const build = (mounts: string, command: string): ReturnType<typeof sampan> => sampan(["build", "--runtime", runtime, write("project", {
      Dockerfile: `FROM base:1\nRUN mkdir -p /folder/a && touch /file\nRUN --mount=${mounts} ${command}\n`, a: "a\n", "d/b": "b\n",
    })]);
    for (const [mounts, message] of [
      ["source=a,target=/folder", /a file cannot be mounted at "\/folder": there is a folder/],
      ["source=d,target=/file", /a folder cannot be mounted at "\/file": there is a file/],
      ["source=d,target=/file/x", /nothing can be mounted below "\/file": it is no folder/],
      ["source=d,target=/dev", /nothing can be mounted at "\/dev": a container needs/],
      ["type=tmpfs,target=/proc", /nothing can be mounted at "\/proc": a container needs/],
    ] as const) {
      const { status, stderr } = await build(mounts, "true");
      assert.equal(status, 1);
      assert.match(stderr, message);
    }
    const { status, stderr } = await build("target=/folder --mount=source=d/b,target=/folder/a", "grep b /folder/a");
    assert.equal(status, 0, stderr);
  });
}

test("a name of few hexadecimal digits is no image whose id begins so", { skip }, async (context) => {
  const { context: write, sampan, base } = await startJourney(context);
  const id = base.slice(7);
  const build = (from: string): ReturnType<typeof sampan> => sampan(["build", "--network", "none", write("project", { Dockerfile: `FROM ${from}\nENV A=b\n` })]);
  for (const start of ["", "sha256:"]) {
    assert.equal((await build(start + id.slice(0, 12))).status, 0);
    for (const digits of [1, 11]) {
      const { status, stderr } = await build(start + id.slice(0, digits));
      assert.equal(status, 1);
      assert.match(stderr, /docker\.io|library/);
    }
  }
});
