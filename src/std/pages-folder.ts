import { fileURLToPath } from "node:url";

/** Where the built pages of the registry lie: dist/web, seen from src/std, dist/std and dist/bundle alike. */
export function pagesFolder(): string {
  return fileURLToPath(new URL("../../dist/web/", import.meta.url));
}
