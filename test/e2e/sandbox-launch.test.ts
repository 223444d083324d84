import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { haveUtilLinux } from "../../src/linux/util-linux.ts";
import { processesWith, until } from "../support/process-tree.ts";
import { noSandbox } from "../support/sandbox-root.ts";

// What stands in for util-linux is compared with it: the same command line, once by each.
const skip = noSandbox || (process.geteuid!() !== 0 ? "needs root" : false) || (haveUtilLinux() ? false : "needs util-linux");
const entry = fileURLToPath(new URL("../../src/exec/launch-entry.ts", import.meta.url));
const standIn = (words: readonly string[], starter = process.pid): string[] => [process.execPath, "--no-warnings", entry, String(starter), "3", ...words];

const BOUND = ["setpriv", "--pdeathsig", "KILL"];
const OUTER = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--"];
const INNER = ["unshare", "--pid", "--mount", "--ipc", "--uts", "--propagation", "private", "--"];
// The first process of a PID namespace ends it, so it is the only one that the shell around it starts.
const WAITED = ["/bin/sh", "-c", '(exec "$@"); exit $?', "sh"];
/** Which namespaces are the caller's, and what a program is left with. */
const STATE = `for kind in cgroup ipc mnt net user uts; do
  if [ "$(readlink /proc/self/ns/$kind)" = "$1" ] || [ "$(readlink /proc/self/ns/$kind)" = "$(echo "$2" | grep "^$kind:")" ]; then echo $kind same; else echo $kind own; fi
done
[ $$ = 1 ] && echo first
[ "$3" = shared ] || grep -c 'shared:' /proc/self/mountinfo
grep -E '^(SigIgn|SigBlk|CapEff|NoNewPrivs)' /proc/self/status
ls /proc/self/fd | wc -l
echo "$MARK"; echo to-stderr >&2; cat; exit 7`;

const namespaces = ["cgroup", "ipc", "mnt", "net", "user", "uts"];

function outcome(words: readonly string[], stdio: readonly number[] = []): { status: number | null; stdout: string; stderr: string } {
  const [program = "", ...rest] = words;
  const ours = spawnSync("readlink", namespaces.map((kind) => `/proc/self/ns/${kind}`), { encoding: "utf8" }).stdout;
  const { status, stdout, stderr } = spawnSync(program, [...rest, "/bin/sh", "-c", STATE, "sh", "-", ours, words.includes("--mount") ? "own" : "shared"], {
    input: "from stdin\n", stdio: ["pipe", "pipe", "pipe", "ignore", ...stdio], env: { PATH: process.env["PATH"], MARK: "a=b c" }, encoding: "utf8",
  });
  return { status, stdout, stderr };
}

for (const words of [[...BOUND, ...OUTER], [...BOUND, ...OUTER, ...INNER, ...WAITED], [...BOUND, "unshare", "--mount", "--propagation", "private"]]) {
  test(`without util-linux a program is in the same place: ${words.join(" ")}`, { skip }, () => {
    const expected = outcome(words);
    assert.equal(expected.status, 7);
    assert.deepEqual(outcome(standIn(words)), expected);
  });
}

test("without util-linux a container's namespaces are entered", { skip }, async (context) => {
  const holder = spawn("unshare", ["--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child=KILL", "sh", "-c", "echo; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  context.after(() => holder.kill("SIGKILL"));
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  const inside = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8").trim();
  const fds = ["pid", "ipc", "uts", "net"].map((kind) => openSync(`/proc/${inside}/ns/${kind}`, "r"));
  context.after(() => fds.forEach((fd) => closeSync(fd)));
  const words = [
    ...BOUND, "nsenter", "--pid=/proc/self/fd/4", "--ipc=/proc/self/fd/5", "--uts=/proc/self/fd/6", "--net=/proc/self/fd/7", "--", "unshare", "--mount", "--propagation", "private", "--",
    "/bin/sh", "-c", 'for kind in pid ipc uts net mnt; do readlink /proc/self/ns/$kind; done; exec "$@"', "sh", "sh", "-c", "kill -TERM $$",
  ];
  const run = (all: readonly string[]): { status: number | null; entered: string[] } => {
    const { status, stdout } = spawnSync(all[0]!, all.slice(1), { stdio: ["ignore", "pipe", "pipe", "ignore", ...fds], encoding: "utf8" });
    return { status, entered: stdout.trim().split("\n").slice(0, 4) };
  };
  const theirs = ["pid", "ipc", "uts", "net"].map((kind) => spawnSync("readlink", [`/proc/${inside}/ns/${kind}`], { encoding: "utf8" }).stdout.trim());
  assert.deepEqual(run(standIn(words)), { status: 128 + 15, entered: theirs });
  assert.deepEqual(run(words).entered, theirs);
});

test("what it starts ends with it, and with its parent", { skip }, async () => {
  const alive = (mark: string): boolean => processesWith(mark).length > 0;
  const words = [...BOUND, ...OUTER, ...INNER, "/bin/sh", "-c", "echo; exec sleep"];
  for (const [end, mark] of [["itself", "1234501"], ["parent", "1234502"]] as const) {
    const all = standIn([...words.slice(0, -1), `echo; sleep ${mark}; :`], end === "parent" ? 0 : process.pid);
    // A shell in between, which is killed; it puts its own number in.
    const child = end === "itself" ? spawn(all[0]!, all.slice(1), { stdio: ["ignore", "pipe", "inherit"] })
      : spawn("/bin/sh", ["-c", `"${all[0]}" --no-warnings "${entry}" $$ "$@"; :`, "sh", ...all.slice(4)], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout!.once("data", resolve));
    assert.equal(alive(`sleep ${mark}`), true);
    child.kill("SIGKILL");
    await until(() => !alive(`sleep ${mark}`));
  }
});

test("a starter that has gone, an option that it does not know and a program that is not there are ends of their own", { skip }, () => {
  const run = (words: readonly string[]): { status: number | null; stderr: string } => spawnSync(words[0]!, words.slice(1), { encoding: "utf8" });
  assert.equal(run(standIn([...BOUND, "echo", "ran"], 1)).status, 1);
  const unknown = run(standIn([...BOUND, "unshare", "--time", "--", "true"]));
  assert.deepEqual([unknown.status, unknown.stderr], [125, "unshare --time: an option that is not known here\n"]);
  const missing = run(standIn([...BOUND, ...OUTER, join("/", basename(entry))]));
  assert.equal(missing.status, 125);
  assert.match(missing.stderr, /^ENOENT: .*execve.*launch-entry/);
});
