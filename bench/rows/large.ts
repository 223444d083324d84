import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeLargeFile } from "../setup/write-content.ts";
import { carryRow } from "./carry-row.ts";

function oneLayer(size: number): (context: string, round: number) => void {
  return (context, round) => {
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY blob /blob\n");
    writeLargeFile(join(context, "blob"), size, round + 1);
  };
}

export const largeRow = carryRow({
  name: "large",
  about: "an image with a 265 MB layer that gzip brings to about half",
  oneBlob: true,
  write: oneLayer(265_000_000),
});

export const hugeRow = carryRow({
  name: "huge",
  about: "an image with a 1 GB layer that gzip brings to about half",
  oneBlob: true,
  write: oneLayer(1_000_000_000),
});

const LAYERS = 60;

export const layersRow = carryRow({
  name: "layers",
  about: `an image with ${LAYERS} layers of 5 MB that gzip brings to about half`,
  oneBlob: false,
  write: (context, round) => {
    const names = Array.from({ length: LAYERS }, (_, index) => `part-${index}`);
    writeFileSync(join(context, "Dockerfile"), ["FROM scratch", ...names.map((name) => `COPY ${name} /${name}`), ""].join("\n"));
    names.forEach((name, index) => writeLargeFile(join(context, name), 5_000_000, (round + 1) * 1000 + index));
  },
});
