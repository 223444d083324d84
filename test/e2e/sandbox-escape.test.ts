import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { noSandbox, SandboxRoot } from "../support/sandbox-root.ts";

const skip = process.geteuid!() !== 0 ? "needs root" : noSandbox;

/** This Node, its libraries and koffi, to be shown in a container at the places where they are here. */
function nodeMounts(): { mounts: { source: string; target: string; readonly: true }[]; koffi: string } {
  const libraries = readFileSync("/proc/self/maps", "utf8").split("\n").map((line) => line.slice(73).trim()).filter((path) => /^\/.*\.so[.\d]*$/.test(path)).flatMap(linksTo);
  const koffi = dirname(createRequire(import.meta.url).resolve("koffi"));
  const loader = process.arch === "arm64" ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";
  const paths = new Set([realpathSync(process.execPath), ...libraries, loader, koffi, join(koffi, "../@koromix")]);
  return { mounts: [...paths].map((path) => ({ source: realpathSync(path), target: path, readonly: true as const })), koffi };
}

/** A library under all the names that it has in its folder. */
function linksTo(library: string): string[] {
  const folder = dirname(library);
  const stem = basename(library).replace(/\.so.*/, ".so");
  return readdirSync(folder).filter((name) => name.startsWith(stem)).map((name) => join(folder, name)).filter((path) => realpathSync(path) === realpathSync(library));
}

/** A program that ends with its effective user id as exit status: an ELF header and a few instructions. */
function tellUser(): Buffer {
  const code = process.arch === "arm64"
    ? Buffer.from("e81580d2010000d4a80b80d2010000d4", "hex") // mov x8, #175; svc; mov x8, #93; svc
    : Buffer.from("b86b0000000f0589c7b83c0000000f05", "hex"); // mov eax, 107; syscall; mov edi, eax; mov eax, 60; syscall
  const file = Buffer.alloc(120 + code.length);
  file.write("7f454c46020101", 0, "hex");
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(process.arch === "arm64" ? 183 : 62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(0x400078n, 24); // entry
  file.writeBigUInt64LE(64n, 32); // program headers
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64); // PT_LOAD
  file.writeUInt32LE(5, 68); // readable, executable
  file.writeBigUInt64LE(0x400000n, 80);
  file.writeBigUInt64LE(0x400000n, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  code.copy(file, 120);
  return file;
}

async function attack(root: SandboxRoot, user: string): Promise<Record<string, unknown>> {
  const { mounts, koffi } = nodeMounts();
  const marker = join(root.folder, "marker");
  writeFileSync(marker, "of the host", { mode: 0o644 });
  const shown = join(root.folder, "shown");
  mkdirSync(shown, { recursive: true });
  const script = new URL("../support/attack.cjs", import.meta.url).pathname;
  const { dev } = statSync("/");
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & ~0xff)}`;
  const { exitCode, stdout, stderr } = await root.run([realpathSync(process.execPath), "/attack.cjs", koffi, marker, String(process.pid), device], {
    user, network: "none",
    mounts: [...mounts, { source: script, target: "/attack.cjs", readonly: true }, { source: shown, target: "/shown", readonly: false }],
    tmpfs: [{ target: "/tmp" }],
  });
  assert.equal(exitCode, 0, stderr + stdout);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const FORBIDDEN = [
  "mount", "remountProc", "umount", "pivotRoot", "openTree", "moveMount", "fsopen", "fsmount", "mountSetattr", "unshareUser",
  "unshareMount", "cloneUser", "setns", "keyctl", "addKey", "requestKey", "bpf", "perfEventOpen", "kexecLoad", "kexecFileLoad", "initModule",
  "finitModule", "deleteModule", "userfaultfd", "ioUringSetup", "openByHandle", "reboot", "swapon", "acct", "syslog", "settimeofday",
  "clockSettime", "sethostname", "quotactl", "pidfdGetfd", "fanotifyInit", "vsock", "cryptoSocket", "personality",
];

for (const [who, user, ahead] of [["root", "", false], ["an ordinary user", "app", false], ["root", "", true], ["an ordinary user", "app", true]] as const) {
  test(`${who} in a sandbox ${ahead ? "that the zygote made" : "of its own start"} cannot leave it, nor reach the kernel's levers`, { skip }, async () => {
    await using root = await SandboxRoot.create();
    if (ahead) root.executor.warm!(1, 2);
    const results = await attack(root, user);
    const take = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, results[key]]));
    assert.deepEqual(take(...FORBIDDEN), Object.fromEntries(FORBIDDEN.map((name) => [name, "EPERM"])));
    assert.deepEqual(take("clone3", "x32", "newest"), { clone3: "ENOSYS", x32: "ENOSYS", newest: "ENOSYS" });
    assert.deepEqual(take("ptraceHost", "killHost"), { ptraceHost: "ESRCH", killHost: "ESRCH" });
    for (const [key, path] of [["sysrq", "/proc/sysrq-trigger"], ["corePattern", "/proc/sys/kernel/core_pattern"], ["hostnameFile", "/proc/sys/kernel/hostname"]] as const) {
      assert.match(String(results[key]), existsSync(path) ? /^(EROFS|EACCES)$/ : /^ENOENT$/, key);
    }
    assert.match(String(results["sysfs"]), /^(EROFS|EACCES)$/);
    assert.deepEqual(take("kcore", "keys", "processes", "programReadOnly"), { kcore: "empty", keys: "0 bytes", processes: 1, programReadOnly: true });
    for (const key of ["hostFile", "hostFileByRoot", "hostFileByDots"]) assert.equal(results[key], "ENOENT", key);
    for (const [key, value] of Object.entries(results).filter(([name]) => name.startsWith("device "))) assert.match(String(value), /^(EACCES|mknod EPERM|mknod EACCES)$/, key);
    assert.match(String(results["chroot"]), /^(ENOENT|no chroot|EACCES)$/);
    if (process.arch === "x64") assert.deepEqual(take("getpid32", "mount32", "keyctl32"), { getpid32: true, mount32: "EPERM", keyctl32: "EPERM" });
  });
}

test("a device node that root makes cannot be opened, wherever it is", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const { stdout } = await root.run("for d in / /dev /dev/shm; do mknod $d/mem c 1 1 && head -c1 $d/mem; done 2>&1; mknod /zero c 1 5 && head -c1 /zero; ls /dev", {});
  assert.equal(stdout.split("\n").filter((line) => /Permission denied/.test(line)).length, 3);
  assert.deepEqual(stdout.split("\n").slice(3).filter((name) => name !== "" && name !== "core"), "fd full mem mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero".split(" "));
});

test("setuid programs of the image work, as in any container", { skip }, async () => {
  await using root = await SandboxRoot.create();
  writeFileSync(join(root.lower, "bin/tell"), tellUser(), { mode: 0o755 });
  assert.equal((await root.run(["tell"], { user: "app" })).exitCode, 1000 & 0xff);
  chmodSync(join(root.lower, "bin/tell"), 0o4755);
  assert.equal((await root.run(["tell"], { user: "app" })).exitCode, 0);
});

test("the host's processes, environment and descriptors are out of sight", { skip }, async () => {
  await using root = await SandboxRoot.create();
  process.env["SAMPAN_TEST_SECRET"] = "secret";
  try {
    root.executor.warm!(1, 2);
    const { stdout } = await root.run("cat /proc/[0-9]*/environ; ls -l /proc/1/fd /proc/self/fd; ps; cat /proc/1/mountinfo");
    assert.doesNotMatch(stdout, /secret|sampan-sandbox|socket:|\bnode\b/);
  } finally {
    delete process.env["SAMPAN_TEST_SECRET"];
  }
});

test("/proc/self/exe as the command is no way to the host's Node", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const { mounts } = nodeMounts();
  const script = 'const fs=require("fs");try{fs.openSync("/proc/self/exe","r+");console.log("opened")}catch(e){console.log(e.code)}';
  const { stdout } = await root.run(["/proc/self/exe", "-e", script], { mounts: mounts.filter(({ source }) => source.includes(".so")) });
  assert.match(stdout, /^(ETXTBSY|EROFS)\n$/);
  assert.ok(readdirSync(root.folder).length > 0);
});
