import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideBusybox } from "../setup/bases.ts";
import { buildRow } from "./build-rounds.ts";

const STAGES = 60;

/** Starts of containers: many stages that run side by side and come together in one. */
export const fanOutRow = buildRow({
  name: "fan-out",
  about: `${STAGES} stages of one RUN each, side by side, copied into one`,
  subject: async (bench) => {
    const base = await provideBusybox(bench);
    return {
      base,
      write: (folder, round) => {
        const names = Array.from({ length: STAGES }, (_, index) => `s${index}`);
        writeFileSync(join(folder, "data"), `round ${round}\n`);
        writeFileSync(join(folder, "Dockerfile"), [
          `FROM ${base} AS source`,
          "COPY data /data",
          ...names.flatMap((name) => [`FROM source AS ${name}`, `RUN cat /data > /${name} && echo ${name} >> /${name}`]),
          "FROM scratch",
          ...names.map((name) => `COPY --from=${name} /${name} /out/${name}`),
          "",
        ].join("\n"));
      },
      change: (folder, round) => writeFileSync(join(folder, "data"), `round ${round}, changed\n`),
    };
  },
});
