"use strict";
// Runs inside a container and tries to leave it: every attempt's outcome, "ok" or the name of an errno, as one line
// of JSON. It gets koffi's folder as its first argument and the path of a file of the host as its second.
const fs = require("node:fs");
const os = require("node:os");
const koffi = require(process.argv[2]);
const marker = process.argv[3];

const library = koffi.load(null);
const call = library.func("long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f)");
const withPath = library.func("long syscall(long number, const char *a, const char *b, const char *c, unsigned long d, const char *e)");
const onPath = library.func("long syscall(long number, const char *a, intptr_t b, intptr_t c)");
const AT_FDCWD = -100;
const inFolder = library.func("long syscall(long number, intptr_t folder, const char *a, intptr_t b, intptr_t c)");
const statvfs = library.func("int statvfs(const char *path, _Out_ uint8_t *result)");
const names = Object.fromEntries(Object.entries(os.constants.errno).map(([name, number]) => [number, name]));
const arm = process.arch === "arm64";
const nr = (x64, arm64) => (arm ? arm64 : x64);

const outcome = (result) => (Number(result) >= 0 ? "ok" : names[koffi.errno()] ?? String(koffi.errno()));
const system = (number, ...values) => outcome(call(number, ...values, ...Array(6 - values.length).fill(0)));
const file = (act) => {
  try {
    act();
    return "ok";
  } catch (error) {
    return error.code ?? error.message;
  }
};
const write = (path, text) => file(() => fs.writeFileSync(path, text, { flag: "r+" }));

const CLONE_NEWUSER = 0x10000000;
const CLONE_NEWNS = 0x20000;
const results = {
  mount: outcome(withPath(nr(165, 40), "x", "/tmp", "tmpfs", 0, null)),
  remountProc: outcome(withPath(nr(165, 40), "x", "/proc/sys", null, 32 | 4096, null)),
  umount: outcome(onPath(nr(166, 39), "/proc/sys", 2, 0)),
  pivotRoot: outcome(withPath(nr(155, 41), ".", ".", null, 0, null)),
  openTree: system(428), moveMount: system(429), fsopen: system(430), fsmount: system(432), mountSetattr: system(442),
  unshareUser: system(nr(272, 97), CLONE_NEWUSER),
  unshareMount: system(nr(272, 97), CLONE_NEWNS),
  cloneUser: system(nr(56, 220), CLONE_NEWUSER | 17),
  clone3: system(435),
  setns: (() => {
    const fd = fs.openSync("/proc/1/ns/mnt");
    return system(nr(308, 268), fd, 0);
  })(),
  keyctl: system(nr(250, 219), 0, -3), addKey: system(nr(248, 217)), requestKey: system(nr(249, 218)),
  bpf: system(nr(321, 280)), perfEventOpen: system(nr(298, 241)), kexecLoad: system(nr(246, 104)), kexecFileLoad: system(nr(320, 294)),
  initModule: system(nr(175, 105)), finitModule: system(nr(313, 273)), deleteModule: system(nr(176, 106)),
  userfaultfd: system(nr(323, 282)), ioUringSetup: system(425), openByHandle: system(nr(304, 265)),
  reboot: system(nr(169, 142)), swapon: system(nr(167, 224)), acct: system(nr(163, 89)), syslog: system(nr(103, 116)),
  settimeofday: system(nr(164, 170)), clockSettime: system(nr(227, 112)), sethostname: system(nr(170, 161)), quotactl: system(nr(179, 60)), pidfdGetfd: system(438), fanotifyInit: system(nr(300, 262)),
  vsock: system(nr(41, 198), 40, 1, 0), cryptoSocket: system(nr(41, 198), 38, 5, 0),
  personality: system(nr(135, 92), 0x0400000),
  x32: arm ? "ENOSYS" : system(0x40000000 + 39),
  newest: system(5000),
  ptraceInit: system(nr(101, 117), 16, 1), // PTRACE_ATTACH: this is process 1, nobody else is in sight
  ptraceHost: system(nr(101, 117), 16, Number(process.argv[4])),
  killHost: system(nr(62, 129), Number(process.argv[4]), 0),
  sysrq: write("/proc/sysrq-trigger", "h"),
  corePattern: write("/proc/sys/kernel/core_pattern", "|/bin/x"),
  hostnameFile: write("/proc/sys/kernel/hostname", "x"),
  sysfs: file(() => fs.mkdirSync("/sys/x")),
  kcore: file(() => { if (fs.existsSync("/proc/kcore") && fs.readFileSync("/proc/kcore").length === 0) throw Object.assign(new Error(), { code: "empty" }); else if (!fs.existsSync("/proc/kcore")) throw Object.assign(new Error(), { code: "empty" }); }),
  keys: `${fs.readFileSync("/proc/keys").length} bytes`,
  processes: fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length,
  hostFile: file(() => fs.readFileSync(marker)),
  hostFileByRoot: file(() => fs.readFileSync(`/proc/1/root${marker}`)),
  hostFileByDots: file(() => fs.readFileSync(`${"../".repeat(50)}${marker}`)),
  programReadOnly: (() => {
    const buffer = Buffer.alloc(256);
    return statvfs("/proc/self/exe", buffer) === 0 && (Number(buffer.readBigUInt64LE(72)) & 1) === 1; // f_flag, ST_RDONLY
  })(),
};

const [major, minor] = process.argv[5].split(":").map(Number);
const device = (major << 8) | (minor & 0xff) | ((minor & ~0xff) << 12);
for (const folder of ["/", "/dev", "/dev/shm", "/dev/mqueue", "/tmp", "/shown"]) {
  const path = `${folder}/disk`;
  const made = outcome(inFolder(nr(259, 33), AT_FDCWD, path, 0o60600, device)); // mknodat(2): arm64 has no mknod
  results[`device ${folder}`] = made !== "ok" ? `mknod ${made}` : file(() => fs.closeSync(fs.openSync(path, "r")));
}

// The classic way out of a chroot: keep a descriptor of the root, chroot below it, go back through the descriptor.
results.chroot = file(() => {
  fs.mkdirSync("/jail", { recursive: true });
  const outside = fs.openSync("/", "r");
  if (outcome(onPath(nr(161, 51), "/jail", 0, 0)) !== "ok") throw Object.assign(new Error(), { code: "no chroot" });
  if (system(nr(81, 50), outside) !== "ok") throw Object.assign(new Error(), { code: "no fchdir" });
  for (let i = 0; i < 100; i += 1) outcome(onPath(nr(80, 49), "..", 0, 0));
  onPath(nr(161, 51), ".", 0, 0);
  fs.readFileSync(marker);
});

// The same calls by the numbers of 32-bit x86, which a 64-bit kernel takes by int 0x80: mov eax, n; int 0x80; ret.
if (!arm) {
  const mmap = library.func("void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)");
  const memcpy = library.func("void *memcpy(void *target, const uint8_t *source, size_t length)");
  const code = mmap(null, 4096, 7, 0x22, -1, 0);
  const type = koffi.proto("int call32(void)");
  const ia32 = (number) => {
    memcpy(code, Buffer.from([0x53, 0xb8, number & 0xff, number >> 8, 0, 0, 0x31, 0xdb, 0x31, 0xc9, 0xcd, 0x80, 0x5b, 0xc3]), 14);
    return koffi.call(code, type);
  };
  results.getpid32 = ia32(20) > 0;
  results.mount32 = names[-ia32(21)];
  results.keyctl32 = names[-ia32(288)];
}
process.stdout.write(`${JSON.stringify(results)}\n`);
