import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { defaultGateway } from "../../src/linux/default-gateway.ts";
import { findProgram } from "../../src/linux/find-program.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole, mountsBelow } from "../support/check-store.ts";
import { eventually, supervisors, withContainers } from "../support/containers.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;
const noPorts = skip || (findProgram("pasta") === undefined ? "needs pasta (Debian's passt)" : existsSync("/dev/net/tun") ? false : "needs /dev/net/tun");

function processesWith(text: string): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
    } catch {
      return false;
    }
  });
}

function body(port: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, timeout: 5000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; }).on("end", () => resolve(text)).on("error", reject);
    }).on("error", reject);
  });
}

test("a supervisor that is killed takes its container along, and the next command says so", { skip }, async (context) => {
  const { ok, detach, root } = await withContainers(context);
  const mark = `77${process.pid}${Date.now() % 100_000}`;
  await detach("--name", "kept", "--stop-timeout", "1", "base:1", "sh", "-c", `echo said; sleep ${mark}`);
  await detach("--rm", "--name", "gone", "base:1", "sleep", mark);
  await eventually(() => ok("logs", "kept"), (text) => text === "said");
  for (const pid of supervisors(root)) process.kill(pid, "SIGKILL");
  assert.equal(await ok("ps", "-a", "--format", "{{.Names}} {{.State}}"), "kept exited");
  await eventually(() => processesWith(mark).length, (count) => count === 0);
  assert.equal(await ok("inspect", "-f", "{{.State.ExitCode}} {{.State.Error}}", "kept"), "137 the process that supervised it was killed");
  assert.equal(await ok("logs", "kept"), "said");
  assert.deepEqual(mountsBelow(root), []);
  await ok("start", "kept");
  const [supervisor] = supervisors(root);
  process.kill(supervisor!, "SIGTERM");
  assert.equal(await ok("wait", "kept"), "137", "the shell does not listen to SIGTERM");
  await ok("rm", "kept");
  assertStoreWhole(root);
});

test("logs are kept in few files, shown by stream, time and number, and followed through all of them", { skip }, async (context) => {
  const { ok, detach, sampan, root } = await withContainers(context);
  const id = await detach("--name", "wordy", "--log-opt", "max-size=4k", "--log-opt", "max-file=3", "base:1", "sh", "-c",
    'i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); [ $((i % 20)) = 0 ] && sleep 0.1; done; printf "no end"; printf "\\\\377\\\\n" >&2');
  const followed = await sampan(["logs", "-f", "wordy"]);
  const numbers = [...followed.stdout.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  assert.equal(numbers.at(-1), 299);
  assert.deepEqual(numbers, numbers.map((_number, index) => numbers[0]! + index), "no line is missing between the first that was still there and the last");
  assert.ok(followed.stdout.endsWith("\nno end"));
  assert.equal(followed.stderr, "\ufffd\n");
  const files = readdirSync(join(root, "containers", id)).filter((name) => name.includes("-json.log")).sort();
  assert.deepEqual(files, [`${id}-json.log`, `${id}-json.log.1`, `${id}-json.log.2`]);
  for (const name of files) assert.ok(statSync(join(root, "containers", id, name)).size <= 4096);
  assert.equal(await ok("logs", "--tail", "4", "wordy"), "line 298\nline 299\nno end");
  assert.match(await ok("logs", "-t", "--tail", "1", "wordy"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z no end$/);
  assert.equal(await ok("logs", "--since", "2100-01-01", "wordy"), "");
  assert.equal(await ok("logs", "--until", "2000-01-01", "wordy"), "");
  writeFileSync(join(root, "containers", id, files[0]!), '{"log":"whole\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}\nnot an entry\n{"log":1}\n{"log":"cut');
  assert.match(await ok("logs", "--tail", "1", "wordy"), /^whole$/);
  await ok("run", "--name", "silent", "--log-driver", "none", "base:1", "echo", "x");
  assert.equal((await sampan(["logs", "silent"])).status, 1);
});

test("a full disk stops the log, not the container", { skip }, async (context) => {
  const { ok, root, sampan } = await withContainers(context);
  // /dev/full takes nothing: the log file is a link to it, as if the disk were full from the start.
  const id = await ok("create", "--name", "noisy", "base:1", "sh", "-c", "echo lost; echo lost >&2; exit 4");
  symlinkSync("/dev/full", join(root, "containers", id, `${id}-json.log`));
  const { status, stdout } = await sampan(["start", "-a", "noisy"]);
  assert.deepEqual([status, stdout], [4, "lost\n"]);
  assert.match(await ok("inspect", "-f", "{{.State.Error}}", "noisy"), /^\d+ bytes of output were not logged: no space left on the device$/);
});

test("limits are set where cgroups allow it, and told where they do not", { skip }, async (context) => {
  const { ok, sampan } = await withContainers(context);
  const limited = await sampan(["run", "--name", "small", "--memory", "32m", "--pids-limit", "30", "--cpus", "0.5", "--shm-size", "48m", "base:1",
    "sh", "-c", "df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; tail /dev/zero"]);
  if (limited.status === 125) {
    assert.match(limited.stderr, /--(memory|cpus|pids-limit) is not possible here: /);
  } else {
    assert.equal(limited.status, 137, limited.stderr);
    assert.equal(limited.stdout, "49152\n");
    assert.equal(await ok("inspect", "-f", "{{.State.OOMKilled}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}", "small"), "true 33554432 500000000 30");
  }
  const id = await ok("inspect", "-f", "{{.Id}}", "small");
  assert.equal(readFileSync("/proc/self/mountinfo", "utf8").includes(id), false);
  for (const controller of ["memory", "cpu", "pids"]) assert.equal(existsSync(`/sys/fs/cgroup/${controller}/sampan-${id}`), false);
  for (const [flag, value] of [["--memory", "x"], ["--cpus", "-1"], ["--pids-limit", "1.5"], ["--ulimit", "nofile"], ["--ulimit", "x=1"], ["--cap-add", "FLY"], ["--memory-swap", "1g"], ["--shm-size", ""]]) {
    assert.equal((await sampan(["create", `${flag}=${value}`, "base:1"])).status, 2, `${flag} ${value}`);
  }
});

test("a published port of loopback leads to a server in the container, and to none when it has ended", { skip: noPorts }, async (context) => {
  const { ok, detach, sampan, root } = await withContainers(context);
  const serve = "mkdir /www; echo served > /www/index.html; exec httpd -f -p 8000 -h /www";
  await detach("--name", "web", "-p", "127.0.0.1::8000", "--expose", "9000/udp", "base:1", "sh", "-c", serve);
  const address = await ok("port", "web", "8000");
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  const port = address.split(":")[1]!;
  assert.equal(await eventually(() => body(port).catch(() => ""), (text) => text !== ""), "served\n");
  assert.equal(await ok("ps", "--format", "{{.Ports}}"), `127.0.0.1:${port}->8000/tcp, 9000/udp`);
  assert.match((await sampan(["port", "web", "81"])).stderr, /no public port '81\/tcp' published for web/);
  const second = await sampan(["run", "--rm", "-p", `127.0.0.1:${port}:80`, "base:1", "true"]);
  assert.equal(second.status, 125);
  assert.match(second.stderr, /cannot be published: it is already in use/);
  for (const pid of supervisors(root)) process.kill(pid, "SIGKILL");
  await eventually(() => body(port).then(() => "", (error: NodeJS.ErrnoException) => error.code), (code) => code === "ECONNREFUSED");
  assert.deepEqual(mountsBelow(root), []);
  await ok("start", "web");
  const again = (await ok("port", "web", "8000")).split(":")[1]!;
  assert.equal(await eventually(() => body(again).catch(() => ""), (text) => text !== ""), "served\n");
  await ok("rm", "-f", "web");
});

test("ports that cannot be are refused, and a network that has none says so", { skip }, async (context) => {
  const { sampan } = await withContainers(context);
  for (const port of ["0", "70000:80", "1-2:3-5", "80/icmp", "x:80", "127.0.0:1:2", "::::"]) {
    assert.equal((await sampan(["create", "-p", port, "base:1"])).status, 2, port);
  }
  assert.match((await sampan(["create", "-p", "80/sctp", "base:1"])).stderr, /sctp .* is not supported/);
  const host = await sampan(["run", "--rm", "--network", "host", "-p", "80:80", "base:1", "echo", "ran"]);
  assert.deepEqual([host.status, host.stdout], [0, "ran\n"]);
  assert.match(host.stderr, /WARNING: Published ports are discarded when using host network mode/);
});

test("host-gateway is where a container reaches this machine, on the machine's network and behind pasta, in run and in RUN", { skip: noPorts }, async (context) => {
  const { ok, sampan, folder } = await withContainers(context);
  const server = createServer((_request, response) => void response.end("from the machine\n")).listen(0, "127.0.0.1");
  context.after(() => void server.close());
  await once(server, "listening");
  const ask = `wget -q -O - http://host.internal:${(server.address() as AddressInfo).port}/`;
  const host = ["--add-host", "host.internal:host-gateway"];
  assert.equal(await ok("run", "--rm", ...host, "base:1", "sh", "-c", ask), "from the machine");
  assert.equal(await ok("run", "--rm", ...host, "--network", "host", "base:1", "sh", "-c", ask), "from the machine");
  const gateway = defaultGateway(readFileSync("/proc/net/route", "utf8"));
  const behind = await sampan(["run", "--rm", ...host, "-p", "127.0.0.1::80", "base:1", "sh", "-c", `readlink /proc/self/ns/net; grep host.internal /etc/hosts; ${ask}`]);
  if (gateway === undefined) assert.match(behind.stderr, /host-gateway cannot be given/);
  else assert.match(behind.stdout, new RegExp(`^net:.*\n${gateway.replaceAll(".", "\\.")}\thost\\.internal\nfrom the machine\n$`), behind.stderr);
  assert.match((await sampan(["run", "--rm", "-p", "127.0.0.1::80", "--add-host", `host.internal:${gateway ?? "192.0.2.1"}`, "base:1", "sh", "-c", `timeout 3 ${ask} || echo no way`])).stdout, /no way\n$/, "without host-gateway it is not shown");
  for (const words of [["run", "--network", "none", ...host, "base:1", "true"], ["build", "--network", "none", ...host, folder]]) {
    assert.match((await sampan(words)).stderr, /host-gateway in --add-host without a network is not supported/);
  }
  writeFileSync(join(folder, "Dockerfile"), `FROM base:1\nRUN ${ask} > /said\nRUN --network=none ! grep host.internal /etc/hosts\n`);
  await ok("build", "-t", "asked:1", ...host, folder);
  assert.equal(await ok("run", "--rm", "asked:1", "cat", "/said"), "from the machine");
});

test("host-gateway stands for a machine whose gateway is its name server, and names are found", { skip: noPorts || (process.getuid!() !== 0 ? "needs root" : findProgram("ip") === undefined && "needs ip (Debian's iproute2)") }, async (context) => {
  const { folder, root } = await withContainers(context);
  writeFileSync(join(folder, "resolv.conf"), "");
  const { stdout, stderr } = spawnSync("unshare", [
    "--net", "--mount", "sh", join(import.meta.dirname, "../support/resolving-gateway.sh"), process.execPath, join(folder, "resolv.conf"),
    process.execPath, join(import.meta.dirname, "../../bin/sampan.cjs"), "run", "--rm", "-p", "127.0.0.1::80", "--add-host", "host.internal:host-gateway", "base:1",
    "sh", "-c", "grep host.internal /etc/hosts; wget -q -O - http://host.internal:8081/; nslookup -type=a app.example.com | grep 192.0.2",
  ], { encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: root } });
  assert.match(stdout, /^192\.168\.122\.1\thost\.internal\nfrom the machine\nAddress: 192\.0\.2\.7\n$/, stderr);
});
