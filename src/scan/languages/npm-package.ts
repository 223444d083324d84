import { textOf } from "../clean-text.ts";
import type { Parsed } from "../package.ts";

/** Whether it is the package.json of an installed package: folders of a package have others, for their own purposes. */
export function isNpmPackage(path: string): boolean {
  return /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path);
}

/** Names that a registry takes, in the spelling of old packages too. */
export const NPM_NAME = /^(?:@[^/@\s%]+\/)?[^/@\s%]+$/;

/** The package that a package.json describes. */
export function parseNpmPackage(text: string): Parsed {
  const wrong = (problem: string): Parsed => ({ packages: [], problems: [{ problem }] });
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return wrong("it is no JSON");
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) return wrong("it is no JSON object");
  const fields = content as Record<string, unknown>;
  const [name, version] = [textOf(fields["name"]), textOf(fields["version"])];
  // Folders in node_modules that are no packages of a registry have none.
  if (name === "" || version === "") return { packages: [], problems: [] };
  if (!NPM_NAME.test(name)) return wrong("its name is none that a package may have");
  const license = licenseOf(fields);
  const supplier = personOf(fields["author"]);
  return { packages: [{ type: "npm", name, version, ...(license ? { license } : {}), ...(supplier ? { supplier } : {}) }], problems: [] };
}

/** Today an expression; packages of the past have an object, or a list of them. */
function licenseOf({ license, licenses }: Record<string, unknown>): string {
  const one = (value: unknown): string => textOf(value) || (isObject(value) ? textOf(value["type"]) : "");
  if (one(license) !== "") return one(license);
  const all = Array.isArray(licenses) ? licenses.slice(0, 20).map(one).filter((each) => each !== "") : [];
  return all.length > 1 ? `(${all.join(" OR ")})` : (all[0] ?? "");
}

function personOf(author: unknown): string {
  if (!isObject(author)) return textOf(author).replace(/\s*\(https?:[^)]*\)$/, "");
  const [name, email] = [textOf(author["name"]), textOf(author["email"])];
  return name !== "" && email !== "" ? `${name} <${email}>` : name;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
