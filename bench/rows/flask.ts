import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { downloadWheels, providePython } from "../setup/bases.ts";
import { buildRow } from "./build-rounds.ts";

const example = join(import.meta.dirname, "../../examples/flask");

/** examples/flask as it is, but with wheels from the context, so that no index is in the figures. */
export const flaskRow = buildRow({
  name: "flask",
  about: "examples/flask, two stages, offline wheels",
  subject: async (bench) => {
    const base = await providePython(bench);
    const wheels = await downloadWheels(bench, base, join(example, "requirements.txt"));
    const dockerfile = readFileSync(join(example, "Dockerfile"), "utf8")
      .replace(/^# syntax=.*\n/, "")
      .replaceAll(/^FROM python:3\.9-slim/gm, `FROM ${base}`)
      .replace("COPY requirements.txt .\n", "COPY requirements.txt .\nCOPY wheels /wheels\n")
      .replace("pip install ", "pip install --no-index --find-links /wheels ");
    return {
      base,
      write: (folder, round) => {
        cpSync(example, folder, { recursive: true });
        cpSync(wheels, join(folder, "wheels"), { recursive: true });
        writeFileSync(join(folder, "Dockerfile"), dockerfile);
        appendFileSync(join(folder, "app.py"), `# round ${round}\n`);
      },
      change: (folder) => appendFileSync(join(folder, "app.py"), "# changed\n"),
    };
  },
});
