"use strict";
// Makes dist/web: the pages of the registry. `npm ci` runs it in a checkout; a package has them ready.
const path = require("node:path");

const root = path.dirname(__dirname);

async function main() {
  let vite;
  try {
    vite = await import("vite");
  } catch {
    console.log("without vite there are no pages: the registry serves clients all the same");
    return;
  }
  await vite.build({
    configFile: false,
    root: path.join(root, "web"),
    base: "/ui/",
    logLevel: "warn",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: path.join(root, "dist", "web"),
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      assetsInlineLimit: 0, // the pages' policy allows no data in addresses
      reportCompressedSize: false,
    },
  });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
