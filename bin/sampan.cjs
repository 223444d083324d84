#!/bin/sh
":" //; if [ -n "${SAMPAN_STANDBY-}" ]; then [ -h "$0" ] && sampan_file=$(readlink -f -- "$0") || sampan_file=$0; . "${sampan_file%/*}/standby.sh"; fi; exec node --min-semi-space-size=8 -- "$0" "$@"
"use strict";
// As a program this file begins in a shell: without `--` Node reads the file of `run --env-file` too, for options of its own;
// and with room for 8 MiB of young objects a short command ends before it collects garbage.
// Starts the CLI on a Node that can run it: this one if it is one of those that package.json names, else the one that `npm ci` put into
// node_modules. Runs the bundle; in a checkout, where a source is newer than the bundle, the .ts sources as they are.
const fs = require("node:fs");
const path = require("node:path");

const root = path.dirname(__dirname);
const sources = path.join(root, "src");
const inCheckout = fs.existsSync(path.join(sources, "cli", "main.ts"));

const [major, minor] = process.versions.node.split(".").map(Number);

/**
 * Turns the compile cache on; it is for packages and for other threads and processes. Node's own choice lies in the shared
 * temporary folder, where another user could put code for us to run.
 * @returns its folder, if this user has one
 */
function enableCompileCache() {
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, ".cache"));
  if (!home || !path.isAbsolute(home)) return undefined;
  const folder = path.join(home, "sampan", "compile-cache");
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = fs.statSync(folder);
    if (uid !== process.getuid() || (mode & 0o022) !== 0) return undefined;
    require("node:module").enableCompileCache(folder);
    return folder;
  } catch {
    return undefined; // a home that cannot be written to only costs time at each start
  }
}

/** The sources' relative imports name the file itself; looking for it in all the ways that Node knows takes a fifth of a short command. */
function runSources() {
  const own = require("node:url").pathToFileURL(sources + path.sep).href;
  require("node:module").registerHooks?.({
    resolve(specifier, context, next) {
      if (specifier[0] !== "." || !specifier.endsWith(".ts") || !context.parentURL?.startsWith(own)) return next(specifier, context);
      return { url: new URL(specifier, context.parentURL).href, format: "module-typescript", shortCircuit: true };
    },
  });
  import(`${own}cli/main.ts`).catch((error) => {
    process.stderr.write(`sampan: cannot start: ${error.stack ?? error}\n`);
    process.exitCode = 1;
  });
}

/**
 * A server lasts and has to stay small: V8 would give its young objects up to 128 MiB, and the C library each thread a heap of its own, which keeps what was
 * once used. Both can be said to a program that starts only, so this process becomes that program; where Node cannot do that, the server takes more memory.
 */
function becomeSmall() {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)];
  if (!process.execve || !process.allowedNodeEnvironmentFlags.has("--max-semi-space-size") || options.some((option) => /^--(?:max-semi-space-size|inspect)/.test(option))) return;
  const kept = process.execArgv.filter((option) => !option.startsWith("--min-semi-space-size"));
  process.execve(process.execPath, [process.execPath, ...kept, "--max-semi-space-size=2", "--", __filename, ...process.argv.slice(2)], { MALLOC_ARENA_MAX: "1", ...process.env });
}

/**
 * Does the command on the Node that `npm ci` put into node_modules.
 * @param needed which versions can do it
 */
function runElsewhere(needed) {
  const bundled = path.join(root, "node_modules", "node", "bin", "node");
  // One that is no better would start itself again, without end.
  if (!fs.existsSync(bundled) || fs.realpathSync(bundled) === fs.realpathSync(process.execPath)) {
    process.stderr.write(
      `sampan: Node ${process.versions.node} will not do, ${needed} is needed.\n` +
        (inCheckout
          ? `Run \`npm ci\` in ${root}: it brings a Node of its own along.\n`
          : "Install another Node (nodejs.org), or run `npm install node@24` beside the package.\n"),
    );
    process.exit(1);
  }
  const { spawn } = require("node:child_process");
  const child = spawn(bundled, ["--min-semi-space-size=8", "--", __filename, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    // A terminal sends its signals to the child too; passing on what came to this process alone does no harm.
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    process.stderr.write(`sampan: cannot start ${bundled}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

if (major < 24 && (major !== 22 || minor < 19)) runElsewhere("22.19 or newer of 22, or 24 or newer,");
else {
  if (process.argv[2] === "registry" && process.argv[3] === "serve") becomeSmall();
  const folder = enableCompileCache();
  const bundle = path.join(root, "dist", "bundle");
  if (!inCheckout || require("./sources.cjs").isFresh(root, bundle)) require("./run-bundle.cjs").runCommandLine(path.join(bundle, "main.cjs"), { folder, word: process.argv[2] });
  else if (major < 24) runElsewhere("for sources that are newer than their bundle 24 or newer"); // `using` is compiled in the bundle only
  else runSources();
}
