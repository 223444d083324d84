"use strict";
// Runs the bundle, and keeps the code that V8 made of it for the next start of the same command. Node's compile cache
// keeps what is there before a module runs: without its functions, whose making takes a third of a small build.
const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");
const vm = require("node:vm");

/** Files that no command wanted for so long are of bundles that are gone. */
const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** Modules of Node's that take a millisecond or more to load, and that most commands import and do not use. */
const LARGE = new Set(["child_process", "dgram", "fs/promises", "http", "http2", "https", "net", "readline", "tls", "worker_threads", "zlib"].map((name) => `node:${name}`));

/** Before the code in a file stands a line of so many bytes. */
const HEADER = 128;

/**
 * @param file dist/bundle/main.cjs: a function that does what a module does, and counts in its last argument what it has loaded
 * @param options.folder where code is kept; it must be the user's alone, since what lies there is run
 * @param options.word the first word of the command line: each command keeps the functions that it needs
 */
function runBundle(file, { folder, word }) {
  const identity = identify(file); // before it is read: who changes it meanwhile makes another one of it
  const source = fs.readFileSync(file, "latin1");
  const kept = folder && path.join(folder, `${/^[a-z]{2,20}$/.test(word) ? word : "other"}-${fingerprint(file)}.bin`);
  const { code, modules } = (kept && readKept(kept, identity)) ?? {};
  const script = new vm.Script(source, { filename: file, cachedData: code });
  const known = code && !script.cachedDataRejected ? modules : 0;
  const loaded = { modules: 0 };
  // A command that came further than those before it has functions that they had not.
  if (kept) process.on("exit", (status) => void (status === 0 && loaded.modules > known && keep(kept, identity, loaded.modules, script)));
  const module = { exports: {} };
  const require = createRequire(file);
  const requireLate = (name) => (LARGE.has(name) ? late(() => require(name)) : require(name));
  script.runInThisContext().call(module.exports, module.exports, requireLate, module, file, path.dirname(file), loaded);
}

/** A module that is loaded when something of it is wanted. */
function late(load) {
  return new Proxy({}, {
    get: (_, name) => load()[name],
    has: (_, name) => name in load(),
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor: (_, name) => ({ ...Reflect.getOwnPropertyDescriptor(load(), name), configurable: true }),
  });
}

/** The bundle as it is now: V8 takes code for any source of the same length. */
function identify(file) {
  const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

/** FNV-1a, for names of files; what they are of stands in them. */
function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16);
}

function readKept(kept, identity) {
  try {
    const bytes = fs.readFileSync(kept);
    const [bundle, modules] = bytes.toString("latin1", 0, HEADER).trimEnd().split(",");
    return bundle === identity ? { code: bytes.subarray(HEADER), modules: Number(modules) } : undefined;
  } catch {
    return undefined; // there is none yet
  }
}

function keep(kept, identity, modules, script) {
  const temporary = `${kept}.${process.pid}`;
  try {
    const folder = path.dirname(kept);
    fs.mkdirSync(folder, { mode: 0o700, recursive: true });
    fs.writeFileSync(temporary, Buffer.concat([Buffer.from(`${identity},${modules}`.padEnd(HEADER)), script.createCachedData()]), { mode: 0o600 });
    fs.renameSync(temporary, kept);
    for (const other of fs.readdirSync(folder).map((name) => path.join(folder, name))) {
      if (Date.now() - fs.statSync(other).mtimeMs > UNUSED_MS) fs.unlinkSync(other);
    }
  } catch {
    // A full disk or a folder that cannot be written to only costs time at each start.
    fs.rmSync(temporary, { force: true });
  }
}

module.exports = { runBundle };
