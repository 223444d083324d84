import { execFileSync } from "node:child_process";
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

const project = join(import.meta.dirname, "../..");

/**
 * Bundles the sources as they are now, and lays them out as an installed package has them: without sources, which the launcher of a
 * checkout compares with its bundle at each start.
 * @returns the launcher
 */
export function installPackage({ folder }: Workspace): string {
  const root = folder("package");
  if (!existsSync(join(root, "bin"))) {
    execFileSync(process.execPath, [join(project, "scripts/bundle.cjs")], { cwd: project });
    for (const part of ["package.json", "bin", "dist/bundle"]) cpSync(join(project, part), join(root, part), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  }
  return join(root, "bin/sampan.cjs");
}
