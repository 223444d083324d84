import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sessionOf, statFields } from "../../src/cli/standby/standby-place.ts";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { importLayout } from "../support/import-layout.ts";
import { noTerminal, onTerminal } from "../support/on-terminal.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";
import { processesWith, stillRunning, until } from "../support/process-tree.ts";
import { noContainers } from "../support/sampan-base.ts";
import { launcher, noStandby, standingBy } from "../support/standing-by.ts";

test("a command leaves a process that stands by, which does the next one and leaves another", { skip: noStandby }, async (context) => {
  const { run, ready } = standingBy(context);
  const { stderr } = await run(["version", "--short"]);
  assert.equal(stderr, "");
  const first = await ready();
  const began = processesWith("sampan.cjs standby").filter(({ pid }) => pid === first);
  const answer = await run(["version", "--short"]);
  assert.match(answer.stdout, /^sampan version \d/);
  assert.deepEqual([answer.status, answer.stderr], [0, ""]);
  await until(() => stillRunning(began).length === 0);
  assert.notEqual(await ready(), first);
});

test("folder, arguments, environment, file mode mask, input and both outputs are those of the caller", { skip: noStandby }, async (context) => {
  const { folder, run, begin } = standingBy(context);
  await begin();
  mkdirSync(join(folder, "a b"));
  writeFileSync(join(folder, "a b", "Dockerfile"), 'FROM scratch\nARG WORD\nLABEL word="$WORD"\nCOPY <<EOF /file\n$WORD\nEOF\n');
  const word = "two words, a 'quote' and a $dollar\nin two lines";
  const built = await run(["-c", `umask 077; cd "a b"; "$0" build --progress plain -o out --build-arg WORD .`, launcher], { program: "/bin/sh", cwd: folder, env: { WORD: word } });
  assert.equal(built.status, 0, built.stderr);
  assert.equal(built.stdout, "");
  assert.doesNotMatch(built.stderr, /started anew/);
  assert.equal(readFileSync(join(folder, "a b", "out", "file"), "utf8"), `${word}\n`);
  await begin();
  const piped = await run(["build", "-q", "-t", "piped", "-"], { input: "FROM scratch\nLABEL a=b\n" });
  assert.match(piped.stdout, /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(piped.stderr, "");
});

test("a file that several commands write to is written one after the other", { skip: noStandby }, async (context) => {
  const { folder, run, begin } = standingBy(context);
  await begin();
  const { status, stderr } = await run(["-c", `{ echo before; "$0" version --short; echo after; } > out; echo first > more; "$0" version --short >> more`, launcher], { program: "/bin/sh", cwd: folder });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(readFileSync(join(folder, "out"), "utf8"), /^before\nsampan version \S+\nafter\n$/);
  assert.match(readFileSync(join(folder, "more"), "utf8"), /^first\nsampan version \S+\n$/);
});

test("what uses the same pipe after the command finds it as it was", { skip: noStandby }, async (context) => {
  const { run, begin } = standingBy(context);
  await begin();
  const { status, stdout, stderr } = await run(["-c", '{ "$0" version --short; head -c 300000 /dev/zero; echo "$?" >&2; } | { sleep 1; wc -c; }', launcher], { program: "/bin/sh" });
  assert.deepEqual([status, stderr], [0, "0\n"]);
  assert.ok(Number(stdout) > 300_000, stdout);
});

test("the process that stands by holds no file of the command that left it", { skip: noStandby }, async (context) => {
  const { run, ready } = standingBy(context);
  const { status, stdout, stderr } = await run(["-c", 'x=$("$0" version --short 250>&1 >/dev/null); echo done', launcher], { program: "/bin/bash" });
  assert.deepEqual([status, stdout, stderr], [0, "done\n", ""]);
  await ready();
});

test("the exit status is the command's own", { skip: noStandby }, async (context) => {
  const { run, begin } = standingBy(context);
  await begin();
  const wrong = await run(["run", "--no-such-flag"]);
  assert.equal(wrong.status, 125);
  assert.doesNotMatch(wrong.stderr, /started anew/);
  await begin();
  const closed = await run(["-c", `set -o pipefail; "$0" help --all 2>/dev/null | true; "$0" images --no-such-flag; echo "$?"`, launcher], { program: "/bin/bash" });
  assert.match(closed.stdout, /^2\n$/m);
});

test("a terminal's size and its Ctrl-C are the command's", { skip: noStandby || noTerminal || noBusybox || noContainers }, async (context) => {
  const { folder, env } = standingBy(context);
  await takeBase(folder);
  writeFileSync(join(folder, "Dockerfile"), "FROM base:1\nRUN echo it runs; sleep 60\n");
  // The terminal is of a session of its own, in which each command leaves the process for the next one.
  const wait = `for i in $(seq 2000); do [ -e ${join(folder, "cache/sampan/standby")}/*/process ] && break; sleep 0.02; done`;
  const script = `$0 version --short; ${wait}; $0 run --rm -it base:1 sh -c "tty && stty size; exit 5"; echo status $?; ${wait}; exec $0 build ${folder}`;
  const { status, screen } = await onTerminal(["-c", script, launcher], env, [["it runs", "\u0003"]], ["/bin/sh"]);
  assert.doesNotMatch(screen, /started anew/);
  assert.match(screen, /\/dev\/(?:pts\/\d+|console)\r+\n12 80\r+\nstatus 5\r+\n/);
  assert.match(screen, /interrupted by Ctrl-C/);
  assert.equal(status, 130, screen);
});

test("signals reach the command, and what ends one of the two ends the other", { skip: noStandby || noBusybox || noContainers }, async (context) => {
  const { folder, run, begin } = standingBy(context);
  await takeBase(folder);
  writeFileSync(join(folder, "Dockerfile"), "FROM base:1\nRUN echo it runs; sleep 60\n");
  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
    const standby = await begin();
    const began = processesWith("sampan.cjs standby").filter(({ pid }) => pid === standby);
    const { status, stderr } = await run(["build", "--progress", "plain", folder], {
      onStart: (child) => child.stderr!.on("data", (text) => /it runs/.test(String(text)) && child.kill(signal)),
    });
    assert.equal(status, { SIGTERM: 130, SIGINT: 130, SIGKILL: null }[signal], `${signal}: ${stderr}`);
    assert.doesNotMatch(stderr, /started anew/);
    await until(() => stillRunning(began).length === 0);
  }
  await begin();
  const passed = await run(["run", "--rm", "base:1", "sh", "-c", "trap 'exit 9' USR1; echo it runs; while :; do sleep 0.1; done"], {
    onStart: (child) => child.stdout!.on("data", () => child.kill("SIGUSR1")),
  });
  assert.deepEqual([passed.status, passed.stderr], [9, ""]);
  const standby = await begin();
  const killed = await run(["build", "--progress", "plain", folder], {
    onStart: (child) => child.stderr!.on("data", (text) => /it runs/.test(String(text)) && process.kill(standby, "SIGKILL")),
  });
  assert.equal(killed.status, 137);
  assert.match(killed.stderr, /^sampan: the process that stood by was killed$/m);
});

test("commands of a build run in what is mounted when it begins", { skip: noStandby || noBusybox || noContainers }, async (context) => {
  const { folder, run, begin } = standingBy(context);
  writeFileSync(join(folder, "Dockerfile"), "FROM base:1\nRUN echo ran >/ran\n");
  const store = join(folder, "store");
  const build = async (): Promise<void> => {
    const { status, stderr } = await run(["build", "--progress", "plain", "-o", join(folder, "out"), folder]);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /started anew/);
    assert.equal(readFileSync(join(folder, "out", "ran"), "utf8"), "ran\n");
    rmSync(join(folder, "out"), { recursive: true });
  };
  await takeBase(folder);
  await begin();
  await build();
  await begin();
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", store]);
  try {
    await takeBase(folder);
    await build();
  } finally {
    execFileSync("umount", ["-l", store]);
  }
});

test("a crash has its message and status", { skip: noStandby }, async (context) => {
  const { folder, run, ready } = standingBy(context);
  const crash = join(folder, "crash.cjs");
  writeFileSync(crash, 'setInterval(() => { if (process.argv[2] === "build") throw new Error("a test says so"); }, 1).unref();\n');
  const env = { NODE_OPTIONS: `--require ${crash}` };
  await run(["version"], { env });
  await ready();
  const silent = openSync("/dev/ptmx", "r+"); // a terminal at which nobody types
  context.after(() => closeSync(silent));
  const { status, stderr } = await run(["build", "-"], { env, stdio: [silent, "pipe", "pipe"] });
  assert.equal(status, 1);
  assert.match(stderr, /Error: a test says so/);
  assert.doesNotMatch(stderr, /started anew|was killed/);
});

test("one of two commands at once gets it", { skip: noStandby }, async (context) => {
  const { run, begin } = standingBy(context);
  await begin();
  const both = await Promise.all([run(["version", "--short"]), run(["version", "--short"])]);
  for (const { status, stdout } of both) assert.match(`${status} ${stdout}`, /^0 sampan version \S+\n$/);
});

for (const [what, program, words] of [
  ["limits", "/bin/sh", ["-c", 'ulimit -c 0; ulimit -v 99999999; exec "$0" version --short']],
  ["priority", "nice", ["-n", "5"]],
  ["priority of input and output", "ionice", ["-c", "3"]],
  ["personality", "setarch", ["-R"]],
  ["namespaces", "unshare", ["--uts"]],
  ["ignored signals", "/bin/sh", ["-c", 'trap "" INT; exec "$0" version --short']],
  ["rights and processors", "setpriv", ["--no-new-privs"]],
  ["root folder", "chroot", ["/"]],
  ["values of LC_ALL", "env", ["LC_ALL=C.UTF-8"]],
] as const) {
  test(`a caller with other surroundings starts the program anew: ${what}`, { skip: noStandby }, async (context) => {
    const { run, begin, ready } = standingBy(context);
    const first = await begin();
    const { status, stdout, stderr } = await run(program === "/bin/sh" ? [...words, launcher] : [...words, launcher, "version", "--short"], { program });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^sampan version/);
    if (what === "root folder") return; // the same one
    assert.match(stderr, new RegExp(`^sampan: started anew: ${what} differ\n$`));
    // The next one that stands by was left by that command, and is for its like.
    await until(() => !existsSync(`/proc/${first}/fd/0`));
    await ready();
  });
}

test("a command of another session, one with further files and a program that has changed start anew", { skip: noStandby }, async (context) => {
  const { folder, run, begin } = standingBy(context);
  await begin();
  const elsewhere = await run(["--wait", launcher, "version", "--short"], { program: "setsid" });
  assert.match(elsewhere.stdout, /^sampan version/);
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nLABEL a=b\n");
  const given = await run(["-c", `"$0" build -q -f <(cat Dockerfile) .`, launcher], { program: "/bin/bash", cwd: folder });
  assert.match(given.stdout, /^sha256:/);
  assert.match(given.stderr, /^sampan: started anew: further files are open\n$/);
  await begin();
  const bundle = join(launcher, "../../dist/bundle");
  utimesSync(bundle, new Date(), new Date());
  const { stdout, stderr } = await run(["version", "--short"]);
  assert.match(stdout, /^sampan version/);
  assert.match(stderr, /^sampan: started anew: the program has changed\n$/);
});

test("what a killed process left is in nobody's way", { skip: noStandby }, async (context) => {
  const { run, begin, ready } = standingBy(context);
  const first = await begin();
  process.kill(first, "SIGKILL");
  await until(() => !existsSync(`/proc/${first}/fd/0`));
  const { status, stderr } = await run(["version", "--short"]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.notEqual(await ready(), first);
});

test("a place that names another process's file has nothing written to it, and somebody else's place is not read", { skip: noStandby }, async (context) => {
  const { folder, places, run, begin, ready } = standingBy(context);
  const victim = join(folder, "victim");
  const open = openSync(victim, "w+");
  context.after(() => closeSync(open));
  const injected = `$(touch\${IFS}${victim}.more)`;
  for (const said of [`${process.pid} ${open} ${open}\n`, `1;touch\${IFS}${victim}.more ${open} ${open}\n`, `${injected} ${injected} ${injected}\n`, `self/fd/../../${process.pid} ${open} ${open}\n`, `../..${victim} x x\n`, "", "x\n", "1 0 0\n"]) {
    const pid = await begin();
    writeFileSync(join(places, sessionOf("self"), "process"), said);
    const { status, stdout } = await run(["version", "--short"]);
    assert.match(`${status} ${stdout}`, /^0 sampan version/, said);
    assert.equal(readFileSync(victim, "utf8"), "");
    assert.equal(existsSync(`${victim}.more`), false);
    process.kill(pid, "SIGTERM"); // it was not asked
    await until(() => !existsSync(`/proc/${pid}/fd/0`)); // the next command leaves none where one is
  }
  const pid = await begin();
  chownSync(places, 1, 1);
  const { status, stdout } = await run(["version", "--short"]);
  assert.match(`${status} ${stdout}`, /^0 sampan version/);
  chownSync(places, 0, 0);
  assert.equal(await ready(), pid);
  renameSync(places, `${places}.real`);
  symlinkSync(`${places}.real`, places);
  const linked = await run(["version", "--short"]);
  assert.match(`${linked.status} ${linked.stdout}`, /^0 sampan version/);
  rmSync(places);
  renameSync(`${places}.real`, places);
  assert.equal(await ready(), pid);
});

test("one that is stopped, and one whose caller was killed before it asked, are in nobody's way", { skip: noStandby }, async (context) => {
  const { places, run, begin, ready } = standingBy(context);
  const stopped = await begin();
  process.kill(stopped, "SIGSTOP");
  await until(() => statFields(stopped)[0] === "T");
  const { status, stderr } = await run(["version", "--short"]);
  assert.deepEqual([status, stderr], [0, ""]);
  process.kill(stopped, "SIGCONT");
  assert.equal(await ready(), stopped);
  writeFileSync(join(places, sessionOf("self"), "claimed"), "");
  await run(["version", "--short"]);
  await until(() => !existsSync(join(places, sessionOf("self"), "claimed")));
  assert.notEqual(await ready(), stopped);
  await until(() => !existsSync(`/proc/${stopped}/fd/0`));
});

test("it goes with its session, or when its place has gone", { skip: noStandby }, async (context) => {
  const { places, run, begin } = standingBy(context);
  const alone = await run(["--wait", launcher, "version", "--short"], { program: "setsid" });
  assert.equal(alone.status, 0);
  assert.equal(existsSync(places), false); // nobody could have asked
  const script = 'for i in 1 2; do "$0" version --short; done; until [ -e "$1/$$/process" ]; do sleep 0.02; done';
  const { status } = await run(["--wait", "/bin/sh", "-c", script, launcher, places], { program: "setsid" });
  assert.equal(status, 0);
  assert.equal(readdirSync(places).length, 1);
  await until(() => readdirSync(places).length === 0);
  const pid = await begin();
  rmSync(places, { recursive: true });
  await until(() => !existsSync(`/proc/${pid}/fd/0`));
});

test("a server does not take it", { skip: noStandby }, async (context) => {
  const { run, begin, ready } = standingBy(context);
  const pid = await begin();
  const { status, stderr } = await run(["registry", "serve", "--no-such-flag"]);
  assert.notEqual(status, 0);
  assert.match(stderr, /no-such-flag/);
  assert.equal(await ready(), pid);
});

test("a program that is called by a link is found", { skip: noStandby }, async (context) => {
  const { folder, run, begin } = standingBy(context);
  await begin();
  symlinkSync(launcher, join(folder, "sampan link"));
  const { status, stdout } = await run(["version", "--short"], { program: join(folder, "sampan link") });
  assert.match(`${status} ${stdout}`, /^0 sampan version/);
});

test("a time that is none is a warning", { skip: noStandby }, async (context) => {
  const { run } = standingBy(context);
  for (const time of ["soon", "-1s", "900h", "10"]) {
    const { status, stderr } = await run(["version", "--short"], { env: { SAMPAN_STANDBY: time } });
    assert.equal(status, 0);
    assert.match(stderr, /^WARNING: SAMPAN_STANDBY: "[^"]+" is no time to stand by: write it as 10m/);
  }
});

test("it goes when nothing has come for that time, and when it is told to", { skip: noStandby }, async (context) => {
  const { run, places } = standingBy(context);
  const { status } = await run(["standby"], { env: { SAMPAN_STANDBY: "1ms" } });
  assert.equal(status, 0);
  const told = await run(["standby"], { onStart: (child) => void until(() => existsSync(places) && readdirSync(places).length > 0).then(() => child.kill("SIGTERM")) });
  assert.equal(told.status, 0);
  assert.deepEqual(readdirSync(places), []);
});

test("an ordinary user's commands leave none, and `standby` says why", { skip: noStandby || noOrdinaryUser }, async (context) => {
  const { home, sampan } = asOrdinaryUser(context);
  // The second one opens the store, for which the program is executed again as root of a namespace.
  for (const command of ["version", "images"]) {
    const { status, stderr } = await sampan([command], { SAMPAN_STANDBY: "2m" });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^WARNING: nothing can stand by: that is for root only/m);
  }
  assert.equal(existsSync(join(home, ".cache", "sampan", "standby")), false);
  const refused = await sampan(["standby"], {});
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^ERROR: nothing can stand by: that is for root only/);
});

async function takeBase(folder: string): Promise<void> {
  writeBusyboxLayout(join(folder, "layout"));
  await importLayout(join(folder, "store"), join(folder, "layout"), "base:1");
}
