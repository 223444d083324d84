"use strict";
// Makes dist/bundle: the command line as few files, which start 40 ms sooner than several hundred modules.
// `npm ci` runs it in a checkout, where the launcher uses the bundle as long as no source has changed since.
const fs = require("node:fs");
const { builtinModules } = require("node:module");
const path = require("node:path");
const { describeSources } = require("../bin/sources.cjs");

const root = path.dirname(__dirname);
const sources = path.join(root, "src");
const folder = path.join(root, "dist", "bundle");

/** The sources, before it is known which of them are in the bundle. */
function findSources() {
  const names = fs.readdirSync(sources, { recursive: true }).filter((file) => /\.[jt]s$/.test(file) && !file.endsWith(".test.ts"));
  return names.map((file) => path.join("src", file));
}

/** Places such as "layer/pack-layer.ts" in the sources: what other threads load, and what processes and threads start with. */
function findPlaces() {
  const places = new Set();
  for (const file of fs.readdirSync(sources, { recursive: true })) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const text = fs.readFileSync(path.join(sources, file), "utf8");
    for (const [, place] of text.matchAll(/["`]([a-z]+(?:\/[a-z${}-]+)+\.ts)["`]/g)) {
      const written = place.includes("$") ? ["sandbox", "oci"].map((kind) => place.replace("${kind}", kind)) : [place];
      for (const each of written) if (fs.existsSync(path.join(sources, each))) places.add(each);
    }
  }
  return [...places].sort();
}

/** The bundle's version of std/sources.ts. */
function sourcesModule(jobs) {
  const rows = jobs.map((place) => `${JSON.stringify(place)}: () => import(${JSON.stringify(`../${place}`)})`);
  return `
    const modules = { ${rows.join(", ")} };
    export const loadModule = (place) => modules[place]();
    export const entryUrl = (place) => new URL("./" + place.replace(/^.*\\//, "").replace(/\\.ts$/, ".cjs"), import.meta.url);
  `;
}

const sourcesPlugin = (jobs) => ({
  name: "sources",
  setup: (build) => build.onLoad({ filter: /\/src\/std\/sources\.ts$/ }, () => ({ contents: sourcesModule(jobs), loader: "js", resolveDir: path.join(sources, "std") })),
});

/** Counts the modules of the command line that a start loads, for bin/run-bundle.cjs. */
const countPlugin = {
  name: "count",
  setup: (build) => build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path: file }) => ({ contents: `${fs.readFileSync(file, "utf8")}\nbundleLoaded.modules += 1;`, loader: "ts" })),
};

/** The file for a package. Packages of one scope belong together: they would otherwise hold each other twice. */
const groupOf = (specifier) => `package-${/^@(?:bufbuild|connectrpc)\//.test(specifier) ? "connect" : specifier.replace(/\W+/g, "-")}.cjs`;

/** Packages go into files of their own, which are read when something of them is needed: no command needs them all. */
const packagesPlugin = (specifiers) => ({
  name: "packages",
  setup: (build) => {
    build.onResolve({ filter: /^\.\/package-/ }, ({ path: file, namespace }) => (namespace === "package" ? { path: file, external: true } : undefined));
    build.onResolve({ filter: /^(?:@[a-z][^/]*\/)?[a-z][^:]*$/ }, ({ path: specifier, kind }) => {
      if (kind === "entry-point" || builtinModules.includes(specifier)) return undefined;
      specifiers.add(specifier);
      return { path: specifier, namespace: "package" };
    });
    build.onLoad({ filter: /.*/, namespace: "package" }, ({ path: specifier }) => ({
      contents: `module.exports = require(${JSON.stringify(`./${groupOf(specifier)}`)})[${JSON.stringify(specifier)}];`, loader: "js",
    }));
  },
});

/** A module as bin/run-bundle.cjs runs it: in Latin-1, which V8 reads as it is. esbuild leaves regular expressions as they are written. */
function makeFunction(file) {
  const text = fs.readFileSync(file, "utf8");
  const [foreign] = /[^\0-\xff]/.exec(text) ?? [];
  if (foreign) throw new Error(`write ${JSON.stringify(foreign)} as \\u${foreign.charCodeAt(0).toString(16)} in the sources`);
  fs.writeFileSync(file, `(function (exports, require, module, __filename, __dirname, bundleLoaded) {${text}\n})\n`, "latin1");
}

/** What a process starts with is a line that runs the rest of it, from a file beside it. A thread shares V8's settings with others, and has none. */
function makeStart(file) {
  const rest = file.replace(/\.cjs$/, "-code.cjs");
  makeFunction(file);
  fs.renameSync(file, rest);
  fs.writeFileSync(file, `require("../../bin/run-bundle.cjs").runEntry(require("node:path").join(__dirname, ${JSON.stringify(path.basename(rest))}));\n`);
}

async function main() {
  let esbuild;
  try {
    esbuild = require("esbuild");
  } catch {
    console.log("without esbuild there is no bundle: the sources run as they are");
    return;
  }
  // Before they are read: what changes meanwhile makes the bundle an old one.
  const files = ["scripts/bundle.cjs", "bin/run-bundle.cjs", ...findSources()].sort();
  const state = describeSources(root, files);
  const places = findPlaces();
  const entries = ["cli/main.ts", ...places.filter((place) => place.endsWith("-entry.ts"))];
  const jobs = places.filter((place) => !place.endsWith("-entry.ts"));
  const temporary = fs.mkdtempSync(path.join(fs.mkdirSync(path.dirname(folder), { recursive: true }) ?? path.dirname(folder), "bundle-"));
  try {
    const specifiers = new Set();
    const options = {
      outdir: temporary,
      outExtension: { ".js": ".cjs" },
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node22",
      supported: { "dynamic-import": false }, // the loader of ES modules takes milliseconds to come up
      minifyWhitespace: true,
      lineLimit: 160, // Node prints the line where an unexpected error came from
      legalComments: "inline",
      logLevel: "warning",
      define: { "import.meta.url": "bundleUrl" },
      banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    };
    const entryPoints = (some) => Object.fromEntries(some.map((place) => [path.basename(place, ".ts"), path.join(sources, place)]));
    const [main, ...others] = entries;
    await esbuild.build({ ...options, entryPoints: entryPoints(others), plugins: [sourcesPlugin(jobs), packagesPlugin(specifiers)] });
    await esbuild.build({ ...options, entryPoints: entryPoints([main]), plugins: [sourcesPlugin(jobs), packagesPlugin(specifiers), countPlugin] });
    makeFunction(path.join(temporary, "main.cjs"));
    for (const place of others) if (place !== "std/worker-entry.ts") makeStart(path.join(temporary, `${path.basename(place, ".ts")}.cjs`));
    for (const group of new Set([...specifiers].map(groupOf))) {
      const members = [...specifiers].filter((specifier) => groupOf(specifier) === group).sort();
      const contents = members.map((specifier) => `exports[${JSON.stringify(specifier)}] = require(${JSON.stringify(specifier)});`).join("\n");
      await esbuild.build({ ...options, stdin: { contents, resolveDir: root }, outdir: undefined, outfile: path.join(temporary, group) });
    }
    fs.writeFileSync(path.join(temporary, "sources.json"), `${JSON.stringify({ ...state, files })}\n`);
    fs.chmodSync(temporary, 0o755);
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(temporary, folder);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
