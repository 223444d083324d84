import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePythonBase } from "../../examples/make-python-base.ts";
import { writeBusyboxLayout, noBusybox } from "../../test/support/busybox-base.ts";
import { importLayout } from "../../test/support/import-layout.ts";
import { runMeasured } from "../measure/run-measured.ts";
import { sampanCommand } from "../peers/sampan.ts";
import type { Bench } from "../rows/row.ts";

/** Puts a busybox image made from this machine's own into the registry. @returns its name there, or why there is none */
export async function provideBusybox({ workspace, registry, signal }: Bench): Promise<string> {
  if (noBusybox) throw new Error(noBusybox);
  const store = workspace.folder("base-store");
  const layout = workspace.folder("busybox");
  writeBusyboxLayout(layout);
  const image = `${registry}/library/busybox:latest`;
  await importLayout(store, layout, image);
  await runMeasured([sampanCommand(store, ["push", image])], { log: join(workspace.root, "busybox.log"), signal });
  return image;
}

/**
 * Puts python:3.9-slim into the registry: from docker.io or its mirror ($SAMPAN_REGISTRY_MIRRORS), else made from
 * Debian's packages, which takes about two minutes.
 */
export async function providePython({ workspace, registry, say, signal }: Bench): Promise<string> {
  const store = workspace.folder("base-store");
  const log = join(workspace.root, "python.log");
  const name = "python:3.9-slim";
  const image = `${registry}/library/${name}`;
  try {
    await runMeasured([sampanCommand(store, ["pull", name])], { log, signal });
  } catch {
    say(`docker.io does not give ${name}: making it from Debian's packages`);
    await makePythonBase({ sampan: sampanCommand(store, []).program, environment: { ...process.env, SAMPAN_ROOT: store }, tag: name, say });
  }
  await runMeasured([sampanCommand(store, ["tag", name, image]), sampanCommand(store, ["push", image])], { log, signal });
  return image;
}

/**
 * Downloads what a requirements file asks for into a folder, with the image's pip and the index this machine is set
 * up for: in a RUN, which sees the host's certificates.
 */
export async function downloadWheels({ workspace, signal }: Bench, image: string, requirements: string): Promise<string> {
  const context = workspace.folder("wheels-context");
  const wheels = workspace.folder("wheels");
  copyFileSync(requirements, join(context, "requirements.txt"));
  const settings = Object.keys(process.env).filter((name) => /^PIP_(?:INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST)$|^(?:https?|no)_proxy$/i.test(name));
  writeFileSync(join(context, "Dockerfile"), [
    `FROM ${image} AS download`,
    ...settings.map((name) => `ARG ${name}`),
    "COPY requirements.txt /",
    "RUN pip download --no-cache-dir -d /wheels -r /requirements.txt",
    "FROM scratch",
    "COPY --from=download /wheels /",
    "",
  ].join("\n"));
  await runMeasured([sampanCommand(workspace.folder("base-store"), [
    "build", ...settings.flatMap((name) => ["--build-arg", name]), "-o", wheels, context,
  ])], { log: join(workspace.root, "wheels.log"), signal });
  return wheels;
}
