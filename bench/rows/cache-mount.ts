import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideBusybox } from "../setup/bases.ts";
import { buildRow } from "./build-rounds.ts";

const COUNT = 10_000;

/** A cache mount that a RUN fills with many files, and that the next build finds full. */
export const cacheMountRow = buildRow({
  name: "cache-mount",
  about: `RUN --mount=type=cache with ${COUNT.toLocaleString("en")} files`,
  subject: async (bench) => {
    const base = await provideBusybox(bench);
    return {
      base,
      write: (folder, round) => {
        writeFileSync(join(folder, "data"), `round ${round}\n`);
        writeFileSync(join(folder, "Dockerfile"), [
          `FROM ${base}`,
          "COPY data /data",
          `RUN --mount=type=cache,id=bench-${round},target=/cache [ -e /cache/${COUNT} ] || seq 1 ${COUNT} | (cd /cache && while read name; do echo $name > $name; done); ls /cache | wc -l > /count`,
          "",
        ].join("\n"));
      },
      change: (folder, round) => writeFileSync(join(folder, "data"), `round ${round}, changed\n`),
    };
  },
});
