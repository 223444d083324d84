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
 * Runs the command line. The code of each of its layers is kept when it ends, with the functions that it needed.
 * @param file a function that does what a module does, and counts in its last argument what it has loaded
 * @param options.folder the compile cache, if there is one; it must be the user's alone, since what lies there is run
 * @param options.word the first word of the command line: each command keeps the functions that it needs
 */
function runCommandLine(file, { folder, word }) {
  const command = /^[a-z]{2,20}$/.test(word) ? word : "other";
  const layers = new Map();
  const runLayer = (layer) => {
    if (!layers.has(layer)) layers.set(layer, load(layer));
    return layers.get(layer);
  };
  const load = (layer) => {
    const kept = keptPlace(folder, `${command}-${path.basename(layer, ".cjs")}`, layer);
    const identity = identify(layer); // before it is read: who changes it meanwhile makes another one of it
    const { code, modules } = readKept(kept, identity);
    const script = new vm.Script(fs.readFileSync(layer, "latin1"), { filename: layer, cachedData: code });
    const known = code && !script.cachedDataRejected ? modules : 0;
    const loaded = { modules: 0 };
    // A command that came further than those before it has functions that they had not.
    if (kept) process.on("exit", (status) => void (status === 0 && loaded.modules > known && keep(kept, identity, loaded.modules, script)));
    return run(script, layer, { loaded, runLayer });
  };
  runLayer(file);
}

/**
 * Runs what a process beside the command line starts with. It may become another program at any time, so its code is kept
 * before it runs, with all of its functions.
 */
function runEntry(file) {
  const kept = keptPlace(process.env.NODE_COMPILE_CACHE, path.basename(file, ".cjs"), file);
  const identity = identify(file);
  const source = fs.readFileSync(file, "latin1");
  const { code } = readKept(kept, identity);
  let script = code && new vm.Script(source, { filename: file, cachedData: code });
  if (!script || script.cachedDataRejected) {
    // To make all functions takes longer than to make those that are needed.
    script = kept ? compileWhole(source, file) : new vm.Script(source, { filename: file });
    if (kept) keep(kept, identity, 0, script);
  }
  run(script, file, { loaded: { modules: 0 } });
}

function compileWhole(source, filename) {
  const { setFlagsFromString } = require("node:v8");
  setFlagsFromString("--no-lazy");
  try {
    return new vm.Script(source, { filename });
  } finally {
    setFlagsFromString("--lazy"); // V8 takes code of processes with the same flags only
  }
}

function run(script, file, { loaded, runLayer }) {
  const folder = path.dirname(file);
  const module = { exports: {} };
  const require = createRequire(file);
  const requireHere = (name) => {
    if (LARGE.has(name)) return late(() => require(name));
    return runLayer && /^\.\/(?:main|layer-[a-z]+)\.cjs$/.test(name) ? runLayer(path.join(folder, name)) : require(name);
  };
  script.runInThisContext().call(module.exports, module.exports, requireHere, module, file, folder, loaded);
  return module.exports;
}

/** A module that is loaded when something of it is wanted. */
function late(load) {
  return new Proxy({}, {
    get: (_, name) => load()[name],
    has: (_, name) => name in load(),
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor: (_, name) => {
      const property = Reflect.getOwnPropertyDescriptor(load(), name);
      return property && { ...property, configurable: true }; // the proxy's target has none that could not be
    },
  });
}

/** Where the code of a file is kept, under a name that says what it is for; undefined without a compile cache. */
function keptPlace(folder, name, file) {
  return folder && path.join(folder, `bundle-${process.version}-${process.arch}`, `${name}-${fingerprint(file)}.bin`);
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
  if (!kept) return {};
  try {
    const bytes = fs.readFileSync(kept);
    const [bundle, modules] = bytes.toString("latin1", 0, HEADER).trimEnd().split(",");
    return bundle === identity ? { code: bytes.subarray(HEADER), modules: Number(modules) } : {};
  } catch {
    return {}; // there is none yet
  }
}

/** V8 does not look whether code is what it wrote, so the file is whole on the disk before it gets its name. */
function keep(kept, identity, modules, script) {
  const temporary = `${kept}.${process.hrtime.bigint()}`; // process ids are the same in many namespaces
  try {
    const folder = path.dirname(kept);
    fs.mkdirSync(folder, { mode: 0o700, recursive: true });
    fs.writeFileSync(temporary, Buffer.concat([Buffer.from(`${identity},${modules}`.padEnd(HEADER)), script.createCachedData()]), { flag: "wx", mode: 0o600, flush: true });
    fs.renameSync(temporary, kept);
    for (const other of fs.readdirSync(folder).map((name) => path.join(folder, name))) {
      if (Date.now() - fs.statSync(other).mtimeMs > UNUSED_MS) fs.unlinkSync(other);
    }
  } catch {
    // A full disk or a folder that cannot be written to only costs time at each start.
    try {
      fs.unlinkSync(temporary);
    } catch {
      // It was not even begun.
    }
  }
}

module.exports = { runCommandLine, runEntry };
