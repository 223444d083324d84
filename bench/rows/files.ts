import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideBusybox } from "../setup/bases.ts";
import { writeManyFiles } from "../setup/write-content.ts";
import { buildRow } from "./build-rounds.ts";

const COUNT = 10_000;

/** File work: a large tree goes from the context through stages into a layer that is pushed. */
export const filesRow = buildRow({
  name: "files",
  about: "10,000 files (100 MB), 4 stages, two whole-tree COPY --from",
  subject: async (bench) => {
    const base = await provideBusybox(bench);
    return {
      base,
      write: (folder, round) => {
        mkdirSync(join(folder, "tree"));
        writeManyFiles(join(folder, "tree"), COUNT, round + 1);
        writeFileSync(join(folder, "Dockerfile"), [
          `FROM ${base} AS source`,
          "COPY tree /src",
          `FROM ${base} AS build`,
          "COPY --from=source /src /build",
          "RUN find /build -type f | wc -l > /count",
          `FROM ${base} AS check`,
          "RUN echo checked > /report",
          `FROM ${base}`,
          "COPY --from=build /build /app",
          "COPY --from=check /report /report",
          "",
        ].join("\n"));
      },
      change: (folder) => appendFileSync(join(folder, "tree/part-04/group-2/file-04242.dat"), "changed\n"),
    };
  },
});
