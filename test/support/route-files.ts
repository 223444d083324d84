import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

export interface RouteFiles {
  readonly folder: string;
  /** Variables that make `folder`/etc the machine's files and `folder`/home the user's. */
  readonly environment: Readonly<Record<string, string>>;
  /** Writes a file below `folder`. @returns its path */
  readonly write: (path: string, text: string) => string;
}

/** A machine and a user of our own, as far as files about routes go; they go with the test. */
export function routeFiles(context: TestContext, files: Readonly<Record<string, string>> = {}): RouteFiles {
  const folder = mkdtempSync(join(tmpdir(), "sampan-routes-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const write: RouteFiles["write"] = (path, text) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  return { folder, write, environment: { SAMPAN_ETC: join(folder, "etc"), HOME: join(folder, "home"), XDG_CONFIG_HOME: join(folder, "home/.config"), DOCKER_CONFIG: join(folder, "home/.docker") } };
}
