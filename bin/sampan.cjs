#!/usr/bin/env node
"use strict";
// Starts the CLI on a Node that can run it: this one if it is new enough, else the one that
// `npm ci` put into node_modules. Runs the .ts sources in a checkout, dist/ in an installed package.
const fs = require("node:fs");
const path = require("node:path");

const root = path.dirname(__dirname);
const sources = path.join(root, "src", "cli", "main.ts");
const inCheckout = fs.existsSync(sources);
const entry = inCheckout ? sources : path.join(root, "dist", "cli", "main.js");
const ownFiles = require("node:url").pathToFileURL(path.dirname(path.dirname(entry)) + path.sep).href;
const ownEnd = inCheckout ? ".ts" : ".js";

function newEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 19);
}

/** Node's own choice lies in the shared temporary folder, where another user could put code for us to run. */
function enableCompileCache() {
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, ".cache"));
  if (!home || !path.isAbsolute(home)) return;
  const folder = path.join(home, "sampan", "compile-cache");
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (fs.statSync(folder).uid === process.getuid()) require("node:module").enableCompileCache(folder);
  } catch {
    // A home that cannot be written to only costs time at each start.
  }
}

/** Our relative imports name the file itself; looking for it in all the ways that Node knows takes a fifth of a short command. */
function resolveOwn(specifier, context, next) {
  if (specifier[0] !== "." || !specifier.endsWith(ownEnd) || !context.parentURL?.startsWith(ownFiles)) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, format: inCheckout ? "module-typescript" : "module", shortCircuit: true };
}

if (newEnough(process.versions.node)) {
  enableCompileCache();
  require("node:module").registerHooks?.({ resolve: resolveOwn });
  import(require("node:url").pathToFileURL(entry).href).catch((error) => {
    process.stderr.write(`sampan: cannot start: ${error.stack ?? error}\n`);
    process.exitCode = 1;
  });
} else {
  const bundled = path.join(root, "node_modules", "node", "bin", "node");
  if (!fs.existsSync(bundled)) {
    process.stderr.write(
      `sampan: Node ${process.versions.node} is too old, 22.19 or newer is needed.\n` +
        (inCheckout
          ? `Run \`npm ci\` in ${root}: it brings a Node of its own along.\n`
          : "Install a newer Node (nodejs.org), or run `npm install node@24` beside the package.\n"),
    );
    process.exit(1);
  }
  const { spawn } = require("node:child_process");
  const child = spawn(bundled, [__filename, ...process.argv.slice(2)], { stdio: "inherit" });
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
