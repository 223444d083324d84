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

/** The bundle's version of std/fault-row.ts: the table takes a tenth of what a build loads, and is read when a fault is made. */
const faultsPlugin = {
  name: "faults",
  setup: (build) => build.onLoad({ filter: /\/src\/std\/fault-row\.ts$/ }, () => ({
    contents: 'export const faultRow = (code) => require("./fault-table.ts").faultTable[code];', loader: "js", resolveDir: path.join(sources, "std"),
  })),
};

/**
 * The command line in layers, each a file: what every command needs, what speaks to stores and registries, what most builds do, what
 * unpacks layers and archives, writes archives and folders and opens more contexts and agents, what carries images, what faults say, and the rest. A module is in the first
 * layer with an entry that needs it at once; what modules of other layers want of it goes through bin/run-bundle.cjs.
 */
const LAYERS = {
  main: ["cli/main.ts", "cli/commands/version.ts"],
  "layer-transfer": [
    "build/access-credentials.ts", "build/lazy-client.ts", "build/transfer.ts", "cli/flags/registry-flags.ts", "cli/progress/build-picture.ts", "cli/progress/live-screen.ts",
    "cli/progress/warning-lines.ts", "cli/with-store.ts", "linux/user-namespace.ts", "registry/client.ts", "registry/credentials/find-login.ts", "registry/credentials/given-logins.ts",
    "registry/routes/long-name.ts", "registry/routes/machine-routes.ts", "registry/transfer/pull-image.ts", "registry/transport/transport.ts", "std/background-flush.ts", "std/fault-spec.ts", "std/linear-pattern.ts", "std/turn.ts", "store/open-store.ts", "store/store-root.ts",
  ],
  "layer-build": [
    "cli/commands/build.ts", "cli/progress/plain.ts", "cli/progress/tty.ts", "cli/keep-store.ts", "build/build.ts", "build/export-result.ts",
    "exec/create-executor.ts", "files/digest-sources.ts", "files/file-operation.ts", "layer/pack-layer.ts",
  ],
  "layer-archive": ["build/named-contexts.ts", "build/ssh-agents.ts", "export/write-tree.ts", "image/write-archive.ts", "layer/apply-layer.ts", "layer/unpack-archive.ts"],
  "layer-carry": [
    "build/arrive.ts", "build/export-caches.ts", "build/portable-index.ts", "cache/cache-places.ts", "cache/imported-caches.ts", "carry/location.ts", "carry/places/registry-sink.ts", "carry/places/registry-source.ts", "carry/places/store-source.ts", "carry/sync/select-tags.ts", "cli/commands/copy.ts",
    "cli/commands/pull.ts", "cli/commands/push.ts", "cli/commands/sync.ts", "cli/commands/tag.ts", "cli/copy/copy-access.ts", "cli/copy/copy-image.ts", "cli/copy/wanted-platforms.ts",
    "cli/flags/given-login.ts", "cli/flags/whole-number.ts", "cli/images/pull-names.ts", "cli/images/push-names.ts", "cli/sync/sync-file.ts", "store/receive-file.ts",
  ],
  "layer-faults": ["std/fault-table.ts"],
  "layer-rest": [],
};

/** @param imports of each module, without those that are made when they are wanted. @returns the layer of each module */
function layersOf(imports) {
  const layers = new Map();
  for (const [layer, entries] of Object.entries(LAYERS)) {
    const reached = new Set(entries.length > 0 ? entries.map((place) => `src/${place}`) : imports.keys());
    for (const module of reached) for (const imported of imports.get(module) ?? []) reached.add(imported);
    for (const module of reached) if (!layers.has(module)) layers.set(module, layer);
  }
  return layers;
}

/** Keeps the modules of other layers out of one, and counts those of its own that a start loads. */
const layerPlugin = (layer, layers) => ({
  name: "layer",
  setup: (build) => {
    build.onResolve({ filter: /^\.\/(?:main|layer-[a-z]+)\.cjs$/, namespace: "layer" }, ({ path: file }) => ({ path: file, external: true }));
    build.onResolve({ filter: /^\./ }, ({ path: specifier, resolveDir, namespace }) => {
      const place = path.relative(root, path.resolve(resolveDir, specifier));
      return namespace !== "file" || layers.get(place) === layer ? undefined : { path: place, namespace: "layer" };
    });
    build.onLoad({ filter: /.*/, namespace: "layer" }, ({ path: place }) => ({ contents: `module.exports = require("./${layers.get(place)}.cjs").modules[${JSON.stringify(place)}]();`, loader: "js" }));
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path: file }) => ({ contents: `${fs.readFileSync(file, "utf8")}\nbundleLoaded.modules += 1;`, loader: "ts" }));
  },
});

/** Makes the files of the layers. */
async function bundleLayers(esbuild, options, plugins) {
  const { metafile } = await esbuild.build({ ...options, entryPoints: ["src/cli/main.ts"], plugins, write: false, metafile: true });
  const isSource = (module) => module.startsWith("src/");
  const modules = Object.entries(metafile.inputs).filter(([module]) => isSource(module)).map(([module, { imports }]) => [module, imports.filter(({ path: to }) => isSource(to))]);
  const layers = layersOf(new Map(modules.map(([module, imports]) => [module, imports.filter(({ kind }) => kind === "import-statement").map(({ path: to }) => to)])));
  for (const layer of Object.keys(LAYERS)) {
    // Only what another layer wants needs an object with all that it exports.
    const wanted = new Set(modules.filter(([module]) => layers.get(module) !== layer).flatMap(([, imports]) => imports.map(({ path: to }) => to).filter((to) => layers.get(to) === layer)));
    const rows = [...wanted].sort().map((module) => `${JSON.stringify(module)}: () => require("./${module}")`);
    const contents = `export const modules = { ${rows.join(",\n")} };${layer === "main" ? 'import "./src/cli/main.ts";' : ""}`;
    const outfile = path.join(options.outdir, `${layer}.cjs`);
    await esbuild.build({ ...options, outdir: undefined, outfile, stdin: { contents, resolveDir: root }, plugins: [...plugins, layerPlugin(layer, layers)] });
    makeFunction(outfile, joinModules);
  }
}

/**
 * Modules of other layers as they are. esbuild, which takes them for CommonJS, copies all their exports for each
 * module that wants one of them, which takes milliseconds of a start.
 */
function joinModules(text) {
  const foreign = new Set([...text.matchAll(/\b(require_\w+)\s*=\s*__commonJS\(\{\s*"layer:/g)].map(([, name]) => name));
  return text
    .replace(/\b__toESM\(\s*(require_\w+)\(\s*\)(?:,\s*1)?\s*\)/g, (call, name) => (foreign.has(name) ? `${name}()` : call))
    .replace(/\b__toCommonJS\(\s*(\w+_exports)\s*\)/g, "$1");
}

/** The bundle's version of exec/default-filter.ts. */
async function filterPlugin(esbuild) {
  const { outputFiles: [{ text }] } = await esbuild.build({
    absWorkingDir: root, entryPoints: ["src/exec/default-filter.ts"], bundle: true, platform: "node", format: "cjs", target: "node20", write: false,
    define: { "import.meta.url": '""' },
  });
  const module = { exports: {} };
  new Function("module", "exports", "require", text)(module, module.exports, require);
  const rows = ["x64", "arm64"].map((arch) => `${arch}: ${JSON.stringify(Buffer.from(module.exports.defaultFilter(arch)).toString("base64"))}`);
  const contents = `const filters = { ${rows.join(", ")} };\nexport const defaultFilter = () => Buffer.from(filters[process.arch] ?? "", "base64");`;
  return { name: "filter", setup: (build) => build.onLoad({ filter: /\/src\/exec\/default-filter\.ts$/ }, () => ({ contents, loader: "js" })) };
}

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
function makeFunction(file, change = (text) => text) {
  const text = change(fs.readFileSync(file, "utf8"));
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
  const entries = places.filter((place) => place.endsWith("-entry.ts"));
  const jobs = places.filter((place) => !place.endsWith("-entry.ts"));
  const temporary = fs.mkdtempSync(path.join(fs.mkdirSync(path.dirname(folder), { recursive: true }) ?? path.dirname(folder), "bundle-"));
  try {
    const specifiers = new Set();
    const options = {
      absWorkingDir: root, // the names of modules are in the bundle: it shall be the same wherever it is made
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
    const plugins = [sourcesPlugin(jobs), packagesPlugin(specifiers), faultsPlugin, await filterPlugin(esbuild)];
    await esbuild.build({ ...options, entryPoints: entryPoints(entries), plugins });
    await bundleLayers(esbuild, options, plugins);
    for (const place of entries) if (place !== "std/worker-entry.ts") makeStart(path.join(temporary, `${path.basename(place, ".ts")}.cjs`));
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
