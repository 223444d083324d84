import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { findProgram } from "../linux/find-program.ts";
import { isFault } from "../std/fault.ts";
import { SshAgents, type ForwardedAgent } from "./ssh-agents.ts";

/** Which keys are there? (draft-ietf-sshm-ssh-agent, SSH_AGENTC_REQUEST_IDENTITIES) */
const QUESTION = Buffer.from([0, 0, 0, 1, 11]);

const WITHOUT_KEYS = ["ssh-agent", "ssh-add", "ssh-keygen"].every((name) => findProgram(name) !== undefined) ? false : "needs ssh-agent, ssh-add and ssh-keygen";

/** Processes that serve a socket. */
function agentsAt(socket: string): string[] {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").includes(socket);
    } catch {
      return false; // it has ended
    }
  });
}

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-agents-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** How many keys the agent at a socket has. */
async function keysOf({ folder, name }: ForwardedAgent): Promise<number> {
  const client = connect(join(folder, name)).setTimeout(10_000, () => client.destroy(new Error("no answer")));
  client.write(QUESTION);
  let answer = Buffer.alloc(0);
  for await (const data of client) {
    answer = Buffer.concat([answer, data as Buffer]);
    if (answer.length >= 9) break;
  }
  assert.equal(answer[4], 12, "it is the answer to the question");
  return answer.readUInt32BE(5);
}

test("a socket leads to the agent, with the rights that a mount says, until the RUN has ended", async (context) => {
  const folder = temporaryFolder(context);
  const server = createServer((client) => client.on("data", (data) => client.write(data.equals(QUESTION) ? Buffer.from("000000050c00000007", "hex") : "?")));
  server.listen(join(folder, "real"));
  context.after(() => void server.close());
  await using agents = new SshAgents([{ id: "default", paths: ["real"] }], { cwd: folder, temporary: () => folder });
  {
    await using agent = (await agents.forward("", { mode: 0o640, uid: process.getuid!(), gid: process.getgid!() }))!;
    assert.equal(statSync(join(agent.folder, agent.name)).mode & 0o7777, 0o640);
    assert.deepEqual(await Promise.all([keysOf(agent), keysOf(agent)]), [7, 7]);
    assert.ok(existsSync(agent.folder));
    context.after(() => assert.ok(!existsSync(agent.folder)));
  }
  assert.equal(await agents.forward("other", { mode: 0o600, uid: 0, gid: 0 }), undefined);
});

test("files of keys go into an agent that ends with the build", { skip: WITHOUT_KEYS }, async (context) => {
  const folder = temporaryFolder(context);
  for (const [name, passphrase] of [["one", ""], ["two", ""], ["locked", "secret words"]] as const) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", join(folder, name)]);
  }
  const rights = { mode: 0o600, uid: process.getuid!(), gid: process.getgid!() };
  await using agents = new SshAgents([{ id: "a", paths: ["one", "two"] }, { id: "b", paths: ["locked"] }], { cwd: folder, temporary: () => folder });
  await using agent = (await agents.forward("a", rights))!;
  assert.equal(await keysOf(agent), 2);
  await assert.rejects(agents.forward("b", rights), (error) => isFault(error, "SSH_INVALID"));
});

test("an agent with keys ends with its build, also when that is killed, and leaves no folder", { skip: WITHOUT_KEYS }, async (context) => {
  const folder = temporaryFolder(context);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "one")]);
  const script = `
    import { SshAgents } from ${JSON.stringify(new URL("./ssh-agents.ts", import.meta.url).href)};
    const agents = new SshAgents([{ id: "a", paths: ["one"] }], { cwd: process.cwd(), temporary: () => process.cwd() });
    const socket = await agents.socket("a");
    if (process.argv[1] === "end") await agents[Symbol.asyncDispose]();
    console.log(socket);
    setInterval(() => undefined, 1000);`;
  for (const how of ["end", "kill"]) {
    const builder = spawn(process.execPath, ["--input-type=module", "-e", script, how], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    context.after(() => builder.kill("SIGKILL"));
    const [line] = (await once(builder.stdout, "data")) as [Buffer];
    const socket = String(line).trim();
    assert.match(socket, /\/agent$/);
    assert.equal(existsSync(socket), how === "kill", how);
    builder.kill("SIGKILL");
    await once(builder, "exit");
    const left = (): boolean => existsSync(dirname(socket)) || agentsAt(socket).length > 0;
    for (let round = 0; round < 500 && left(); round += 1) await wait(20);
    assert.equal(left(), false, how);
  }
});

test("what is neither a socket nor a key is refused", async (context) => {
  const folder = temporaryFolder(context);
  const server = createServer().listen(join(folder, "socket"));
  context.after(() => void server.close());
  const rights = { mode: 0o600, uid: 0, gid: 0 };
  for (const paths of [["missing"], ["socket", "."], ["socket", "socket"]]) {
    await using agents = new SshAgents([{ id: "default", paths }], { cwd: folder, temporary: () => folder });
    await assert.rejects(agents.forward("default", rights), (error) => isFault(error, "SSH_INVALID"), paths.join());
  }
});
