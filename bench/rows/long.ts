import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideBusybox } from "../setup/bases.ts";
import { buildRow } from "./build-rounds.ts";

/** Bookkeeping: what each instruction costs that does next to nothing. 20 of them run a command. */
export const longRow = buildRow({
  name: "long",
  about: "200 instructions: ENV, LABEL, WORKDIR, COPY of small files, 20 RUNs",
  subject: async (bench) => {
    const base = await provideBusybox(bench);
    return {
      base,
      write: (folder, round) => {
        const lines = [`FROM ${base}`];
        for (let index = 0; index < 20; index += 1) {
          writeFileSync(join(folder, `file-${index}`), `round ${round}, ${index}\n`);
          lines.push(
            `ENV A${index}=1 B${index}=${round}`, `LABEL a${index}=${index}`, `WORKDIR /work/${index}`, `ARG C${index}=2`, `COPY file-${index} /files/`,
            `LABEL b${index}=${index}`, `ENV D${index}=$A${index}`, `EXPOSE ${8000 + index}`, `RUN echo ${index} > /out-${index}`, `USER root`,
          );
        }
        writeFileSync(join(folder, "Dockerfile"), `${lines.slice(0, 200).join("\n")}\n`);
      },
      change: (folder, round) => writeFileSync(join(folder, "file-10"), `round ${round}, changed\n`),
    };
  },
});
