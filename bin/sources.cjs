"use strict";
const fs = require("node:fs");
const path = require("node:path");

/** How many source files there are, their bytes and the newest time of change: another state of them is another of these. */
function describeSources(folder) {
  let [files, bytes, newest] = [0, 0, 0];
  for (const pending = [folder]; pending.length > 0; ) {
    const directory = pending.pop();
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      const file = `${directory}${path.sep}${entry.name}`;
      if (entry.isDirectory()) pending.push(file);
      else if (!entry.name.endsWith(".test.ts")) {
        const { size, mtimeMs } = fs.statSync(file);
        files += 1;
        bytes += size;
        if (mtimeMs > newest) newest = mtimeMs;
      }
    }
  }
  return { files, bytes, newest };
}

module.exports = { describeSources };
