import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideBusybox } from "../setup/bases.ts";
import { buildRow } from "./build-rounds.ts";

/** What every build costs, whatever is in it. */
export const smallRow = buildRow({
  name: "small",
  about: "3 steps on busybox",
  subject: async (bench) => {
    const base = await provideBusybox(bench);
    return {
      base,
      write: (folder, round) => {
        writeFileSync(join(folder, "Dockerfile"), `FROM ${base}\nRUN echo one > /one\nCOPY data /data\nRUN cat /one /data > /two\n`);
        writeFileSync(join(folder, "data"), `round ${round}\n`);
      },
      change: (folder, round) => writeFileSync(join(folder, "data"), `round ${round}, changed\n`),
    };
  },
});
