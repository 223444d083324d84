"use strict";
const fs = require("node:fs");
const path = require("node:path");

/**
 * The state of files, by their names in a folder: with other content they have another size or time of change.
 * @throws where one of them is not there any more
 */
function describeSources(folder, files) {
  let [bytes, times] = [0, 0];
  const here = process.cwd();
  // There are hundreds of them at each start, and short paths are found in two thirds of the time.
  process.chdir(folder);
  try {
    for (const file of files) {
      const { size, mtimeMs } = fs.statSync(file);
      bytes += size;
      times += mtimeMs;
    }
  } finally {
    process.chdir(here);
  }
  return { bytes, times };
}

/** Whether the bundle was made from the sources that lie beside it. One that it does not know is none of its own before one of these changes. */
function isFresh(root, bundle) {
  try {
    const { files, bytes, times } = JSON.parse(fs.readFileSync(path.join(bundle, "sources.json"), "latin1"));
    const state = describeSources(root, files);
    return state.bytes === bytes && state.times === times;
  } catch {
    return false; // there is none, or a source is gone, or the folder that the command is called in
  }
}

module.exports = { describeSources, isFresh };
