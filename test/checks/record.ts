import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareBases } from "../golden/buildkit.ts";
import { askBuildx } from "./ask-buildx.ts";
import { checkCases, METHODS } from "./cases.ts";

/**
 * Records what buildx and BuildKit say of the cases: `node test/checks/record.ts [NAME…]`. BUILDX names the program; its builder
 * (BUILDX_BUILDER) has to take docker.io from the registry in GOLDEN_REGISTRY (host:port).
 */
const program = process.env["BUILDX"];
const registry = process.env["GOLDEN_REGISTRY"];
if (program === undefined || registry === undefined) throw new Error("set BUILDX and GOLDEN_REGISTRY");
const contexts = [...prepareBases(registry)].flatMap(([name, { reference }]) => [`${name.replace(":latest", "")}=docker-image://${reference}`]);
const wanted = process.argv.slice(2);
for (const one of checkCases().filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const answers = Object.fromEntries(METHODS.filter((method) => !one.options.crashes?.includes(method)).map((method) => [method, askBuildx(program, one, method, contexts)]));
  writeFileSync(join(one.folder, "answers.json"), `${JSON.stringify(answers, null, 1)}\n`);
  process.stdout.write(`${one.name}: ${METHODS.map((method) => answers[method]?.status ?? "-").join(" ")}\n`);
}
